"""The image of the two containers that are Gnomon itself."""

from _building import holds_code

from gnomon.settings import Settings
from gnomon.version import __version__
from gnomon_generators.stack import TextFile

ABOUT = """The image of what in the stack is Gnomon itself: `gnomon receive` and `gnomon metrics`.
Compose builds it when the stack is started."""

BASE = "docker.io/library/python:3.13.14-slim-trixie"
EXTRAS = "[store,postgres]"
HOME = "/opt/gnomon"


def files(settings: Settings) -> list[TextFile]:
    """In a clone of Gnomon it holds that very code, elsewhere the release that wrote this file."""
    given, what = [], f"gnomon{EXTRAS}=={__version__}"
    if holds_code(settings):
        # .dockerignore lets in what the distribution is made of, and nothing else.
        given, what = ["COPY . /source"], f"/source{EXTRAS}"
    lines = [
        f"FROM {BASE} AS built",
        *given,
        f"RUN python -m venv --without-pip {HOME} \\",
        f' && pip --python {HOME}/bin/python install --no-cache-dir "{what}"',
        "",
        f"FROM {BASE}",
        f"COPY --from=built {HOME} {HOME}",
        f"ENV PATH={HOME}/bin:$PATH",
        "USER 10001:10001",
        'ENTRYPOINT ["gnomon"]',
    ]
    return [TextFile(path="gnomon.Containerfile", about=ABOUT, text="\n".join([*lines, ""]))]
