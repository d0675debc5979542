"""The image of the two containers that are Gnomon itself."""

from gnomon.settings import Settings
from gnomon.version import __version__
from gnomon_generators.definitions import clone
from gnomon_generators.stack import TextFile

ABOUT = """The image of what in the stack is Gnomon itself: `gnomon receive` and `gnomon metrics`.
Compose builds it when the stack is started."""

BASE = "docker.io/library/python:3.13-slim"
EXTRAS = "[analysis,postgres]"


def files(settings: Settings) -> list[TextFile]:
    """In a clone of Gnomon it holds that very code, elsewhere the release that wrote this file."""
    lines = [f"FROM {BASE}"]
    if clone() == settings.root.resolve():
        # .dockerignore leaves out what is no part of it.
        lines += ["COPY . /source", f'RUN pip install --no-cache-dir "/source{EXTRAS}"']
    else:
        lines += [f'RUN pip install --no-cache-dir "gnomon{EXTRAS}=={__version__}"']
    lines += ["USER 10001:10001"]
    return [TextFile(path="gnomon.Containerfile", about=ABOUT, text="\n".join([*lines, ""]))]
