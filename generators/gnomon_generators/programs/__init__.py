"""The programs of others that check and run what is generated: found where they are, run in one way.

A program is looked for on PATH, then as a pinned container image where a container engine runs, then as
a tool that Go builds from the module in `tools/`. What none of the three has is named with the ways to
get it. `known` is the table of programs.
"""

from gnomon_generators.programs.finding import Missing, find, require
from gnomon_generators.programs.known import PROGRAMS, WAYS, Known, Way
from gnomon_generators.programs.program import Program, Result

__all__ = ["PROGRAMS", "WAYS", "Known", "Missing", "Program", "Result", "Way", "find", "require"]
