"""What the tests of the stack start from."""

from tests.stack.team import team

__all__ = ["team"]
