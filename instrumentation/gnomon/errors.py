"""The one exception that a person's mistake may raise, and the exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What `gnomon` ends with.

    `NEGATIVE` is an answer, not a failure: a check found something, or nothing matched.
    """

    OK = 0
    NEGATIVE = 1
    USAGE = 2
    MISSING = 3


class UserError(Exception):
    """A mistake that its reader can mend.

    The message is one sentence that names the file, the object, what is wrong and what to write
    instead. The command line prints it after `gnomon: ` and ends with `exit_code`.
    """

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code
