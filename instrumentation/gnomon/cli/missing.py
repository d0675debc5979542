"""Which `pip install` brings what an import did not find."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution

# Modules whose distribution has another name.
_DISTRIBUTIONS = {"attr": "attrs", "git": "gitpython", "yaml": "pyyaml", "google.protobuf": "protobuf"}
# What developers install holds what users install, too, and much that no user needs.
_DEVELOPERS = "dev"
_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")


def explain(error: ImportError, what: str, point: EntryPoint | None = None) -> str:
    """One sentence: what is missing for `what`, and the command that installs it."""
    module = error.name or ""
    owner = _owner(point)
    own = owner.metadata["Name"] if owner else "gnomon"
    if not isinstance(error, ModuleNotFoundError) or not module or module.split(".")[0].startswith("gnomon"):
        return (
            f"{what} cannot be loaded ({error}): the installation of {own} is incomplete; "
            f'run: python -m pip install --force-reinstall --no-deps "{own}"'
        )
    return f"{what} needs {module}, which is not installed; run: {install_command(module, owner)}"


def is_optional(module: str) -> bool:
    """Whether a module belongs to something that an extra of gnomon brings."""
    owner = _owner(None)
    return owner is not None and _extra(module, owner) is not None


def install_command(module: str, owner: Distribution | None = None) -> str:
    """The command that installs a module, by the owner's extra where one brings it."""
    owner = owner or _owner(None)
    extra = _extra(module, owner) if owner else None
    wanted = f"{owner.metadata['Name']}[{extra}]" if owner and extra else _distribution_of(module)
    return f'python -m pip install "{wanted}"'


def _owner(point: EntryPoint | None) -> Distribution | None:
    if point is not None and point.dist is not None:
        return point.dist
    try:
        return distribution("gnomon")
    except PackageNotFoundError:
        return None


def _extra(module: str, owner: Distribution) -> str | None:
    """The first extra of the owner that brings the module, the developers' last."""
    wanted = _distribution_of(module)
    found = []
    for requirement in owner.requires or ():
        name, extra = _REQUIREMENT.match(requirement), _EXTRA.search(requirement)
        if name and extra and _normal(name.group(1)) == wanted:
            found.append(extra.group(1))
    return min(found, key=lambda extra: extra == _DEVELOPERS, default=None)


def _distribution_of(module: str) -> str:
    top = module.partition(".")[0]
    return _normal(_DISTRIBUTIONS.get(module) or _DISTRIBUTIONS.get(top) or top)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
