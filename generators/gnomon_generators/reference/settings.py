"""docs/settings.md, written from the table of settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath

from gnomon.settings.fields import DURATION, NAME, Format
from gnomon.settings.loading import FILE_VARIABLE
from gnomon.settings.schema import plain_value
from gnomon.settings.strays import OTHERS
from gnomon.settings.table import Setting, allowed, table, walk
from gnomon_generators.document import MARK, Document

_HEAD = f"""<!-- {MARK} from the table in `gnomon.settings.model`; edit that. -->

# Settings

Gnomon reads `gnomon.yaml`. Every key may be left out, and so may the file: each setting has a default.

- **Which file**: the one that `{FILE_VARIABLE}` (or `gnomon --config`) names, else the nearest
  `gnomon.yaml` in the working folder or above it, up to the root of the git repository.
- **Which value**: a standard OpenTelemetry variable where the table names one, else the variable
  `GNOMON_<KEY>`, else the file, else the default. A variable that is empty counts as not set; lists are
  written with commas, switches as `true` or `false`.
- **Paths** are relative to the folder of `gnomon.yaml` (without one: the root of the git repository,
  else the working folder); `~` is the home folder.
- **Names** have 1 to 100 characters on one line, with no blank at either end.
- **Durations** are written as in Prometheus: `30s`, `5m`, `1h30m`, `7d`.
- **Secrets** are never written into `gnomon.yaml`, only named: `{{env: VARIABLE}}` or `{{file: PATH}}`. A
  password in an address is refused for the same reason.

`gnomon init` writes a commented file that fits a repository, `gnomon config check` lists every mistake
with its line and every variable `GNOMON_…` that nothing reads, `gnomon config show` tells each value in
force and where it comes from, and `gnomon config schema` prints the JSON Schema by which
editors complete and check the file.
"""

_OTHERS = """## Other variables

These are read, too, and set no setting. Those of the stack's parts are set by whoever starts
the parts, such as `gnomon stack`."""

_SHORT: dict[Format | None, str] = {NAME: "a name", DURATION: "a duration"}


def documents() -> tuple[Document, ...]:
    """`settings.md`."""
    return (Document(PurePosixPath("settings.md"), render()),)


def render() -> str:
    """The whole page, in Markdown."""
    top = [setting for setting in table().fields if setting.kind not in ("section", "entries")]
    lines = [_HEAD, "## Top level", "", *_rows(top)]
    for setting in (setting for setting in walk() if setting.kind in ("section", "entries")):
        lines += ["", f"## `{setting.key}`", "", setting.meaning.brief]
        if setting.kind == "entries":
            lines += [
                "",
                "A list of entries with these keys; an entry that needs only its name may be the name alone.",
            ]
        plain = [field for field in setting.fields if field.kind not in ("section", "entries")]
        if plain:
            lines += ["", *_rows(plain)]
    lines += ["", _OTHERS, "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {brief} |" for name, brief in OTHERS.items()]
    return "\n".join(lines).rstrip("\n") + "\n"


def _rows(settings: list[Setting]) -> Iterator[str]:
    yield "| key | default | unit | meaning | may be | variable |"
    yield "|---|---|---|---|---|---|"
    for setting in settings:
        cells = (
            f"`{setting.name}`",
            _default(setting),
            _code(setting.meaning.unit),
            setting.meaning.brief + _reference(setting),
            _allowed(setting),
            _variables(setting),
        )
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    if setting.default in (None, (), ""):
        return ""
    return _code(json.dumps(plain_value(setting.default), ensure_ascii=False).strip('"'))


def _reference(setting: Setting) -> str:
    target = setting.meaning.refers_to
    return f" One of `{target}`." if target else ""


def _allowed(setting: Setting) -> str:
    if setting.choices:
        return ", ".join(_code(choice) for choice in setting.choices)
    if setting.kind == "secret":
        return _code(allowed(setting))
    return _SHORT.get(setting.meaning.format, allowed(setting))


def _variables(setting: Setting) -> str:
    """The variables that set it, the strongest first."""
    meaning = setting.meaning
    names = [_code(name) for name in (*meaning.yields_to, *meaning.standard_variables)]
    names += [f"`OTEL_RESOURCE_ATTRIBUTES` (`{name}`)" for name in meaning.resource_attributes[:1]]
    return ", ".join([*names, *([_code(setting.variable)] if setting.variable else [])])


def _code(text: str) -> str:
    return f"`{text}`" if text else ""
