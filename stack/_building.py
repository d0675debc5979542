"""What the image of Gnomon is made from."""

from gnomon.settings import Settings
from gnomon_generators.definitions import clone


def holds_code(settings: Settings) -> bool:
    """Whether the project is Gnomon itself, in a clone."""
    return clone() == settings.root.resolve()


def build(settings: Settings) -> str:
    """How Compose builds it; elsewhere than in a clone nothing of the project goes there."""
    if holds_code(settings):
        return "{context: ., dockerfile: stack/yaml/gnomon.Containerfile}"
    return "{context: stack/yaml, dockerfile: gnomon.Containerfile}"
