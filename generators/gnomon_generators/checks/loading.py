"""From files on disk to a tree of subjects."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from gnomon.errors import ExitCode, UserError
from gnomon.settings import Settings
from gnomon_generators.checks import configuration
from gnomon_generators.checks.dashboards import dashboard_of
from gnomon_generators.checks.rule_files import rule_file_of
from gnomon_generators.checks.subjects import (
    AlertmanagerFile,
    BrokenFile,
    CollectorFile,
    ComposeFile,
    ContractMode,
    DataSourceFile,
    PrometheusFile,
    RuleTestFile,
    Tree,
)

GENERATED: Final = (
    "dashboards/json",
    "rules/yaml",
    "rules/tests",
    "alerts/yaml",
    "alerts/tests",
    "collector/yaml",
    "stack/yaml",
)
"""Where a project's artefacts and their tests are, relative to its root."""

COMPOSE: Final = ("docker-compose.yml", "docker-compose.yaml", "compose.yaml", "compose.yml")
"""What Compose calls its file in a project's root."""

_SUFFIXES: Final = {".json", ".yaml", ".yml"}
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_tree(
    settings: Settings,
    paths: Sequence[Path] = (),
    contract: ContractMode = "auto",
    require_programs: bool = False,
) -> Tree:
    """The tree of the files and folders named, or without any of the project's own artefacts.

    Raises `UserError` for a path that does not exist, a file that cannot be read or is none of what is
    checked, and (exit code 3) when there is nothing to check.
    """
    tree = Tree(
        root=settings.root,
        settings=settings,
        configuration=configuration.load(settings.root),
        contract_mode=contract,
        whole=not paths,
        require_programs=require_programs,
    )
    named = list(paths) or [
        *(folder for part in GENERATED if (folder := settings.root / part).is_dir()),
        *(file for name in COMPOSE if (file := settings.root / name).is_file()),
    ]
    for path in named:
        for file in _files(path):
            _add(tree, file, must_be_known=file == path)
    if not tree.files and not tree.broken_files:
        raise UserError(
            f"there is nothing to check in {', '.join(map(str, paths)) or settings.root}: name dashboards, "
            "rule files or folders of them, or write the project's own with `gnomon generate`",
            ExitCode.MISSING,
        )
    return tree


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise UserError(f"{path} does not exist; name a dashboard, a rule file or a folder of them")
    for folder, names, files in os.walk(path):
        # Caches, virtual environments and the like are nobody's dashboards.
        names[:] = sorted(name for name in names if not name.startswith(".") and name != "node_modules")
        yield from (Path(folder, file) for file in sorted(files) if Path(file).suffix in _SUFFIXES)


def _add(tree: Tree, path: Path, must_be_known: bool) -> None:
    shown = _shown(path, tree.root)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    try:
        text = content.decode("utf-8")
        document = json.loads(text) if path.suffix == ".json" else yaml.load(text, _LOADER)  # noqa: S506 - the safe loader in C
    except (ValueError, yaml.YAMLError) as error:
        if must_be_known:
            what = "cannot be read" if isinstance(error, UnicodeDecodeError) else "is not well formed"
            raise UserError(f"{path} {what}: {' '.join(str(error).split())}") from error
        tree.broken_files.append(_broken(tree, shown, content, error))
        return
    if not _take(tree, shown, text, document) and must_be_known:
        raise UserError(
            f"{path} is neither a dashboard nor a rule file, its tests, or a configuration of Alertmanager "
            "or a Collector; name one of these"
        )


def _broken(tree: Tree, path: Path, content: bytes, error: ValueError | yaml.YAMLError) -> BrokenFile:
    text = content.decode("utf-8", "replace")
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else getattr(error, "lineno", None)
    reason = str(getattr(error, "problem", None) or getattr(error, "msg", None) or error)
    # In the parser's words, which it has for a second document behind the first, too.
    if isinstance(error, yaml.composer.ComposerError) and "another document" in reason:
        return BrokenFile(tree, path, text, "holds several documents", line, well_formed=True)
    if isinstance(error, yaml.constructor.ConstructorError):
        return BrokenFile(tree, path, text, "has a tag that is not known here", line, well_formed=True)
    return BrokenFile(tree, path, text, " ".join(reason.split()), line)


def _take(tree: Tree, path: Path, text: str, document: object) -> bool:
    """Adds the document as what its keys say that it is; False when they say nothing."""
    if not isinstance(document, Mapping):
        return False
    if path.suffix == ".json":
        return _take_dashboard(tree, path, text, document)
    spec = document.get("spec")
    # What Grafana's provisioning calls groups are no rules of Prometheus.
    if _has(document, list, "groups") and "apiVersion" not in document:
        tree.rule_files.append(rule_file_of(tree, path, text, document))
    elif isinstance(spec, Mapping) and _has(spec, list, "groups"):
        # A PrometheusRule of Kubernetes holds a rule file.
        tree.rule_files.append(rule_file_of(tree, path, text, spec, ("spec",)))
    elif _has(document, list, "tests"):
        tree.rule_tests.append(RuleTestFile(tree, path, text, document))
    elif _has(document, list, "receivers") and _has(document, dict, "route"):
        tree.alertmanagers.append(AlertmanagerFile(tree, path, text, document))
    elif _has(document, dict, "service") and _has(document, dict, "receivers", "exporters"):
        tree.collectors.append(CollectorFile(tree, path, text, document))
    else:
        return _take_stack(tree, path, text, document)
    return True


def _take_stack(tree: Tree, path: Path, text: str, document: Mapping[str, Any]) -> bool:
    if _has(document, list, "scrape_configs", "rule_files") or (
        _has(document, dict, "global") and _has(document, dict, "alerting", "storage")
    ):
        tree.stack_files.append(PrometheusFile(tree, path, text, document))
    elif "apiVersion" in document and _has(document, list, "datasources"):
        tree.stack_files.append(DataSourceFile(tree, path, text, document))
    elif _has(document, dict, "services"):
        tree.stack_files.append(ComposeFile(tree, path, text, document))
    else:
        return False
    return True


def _take_dashboard(tree: Tree, path: Path, text: str, document: Mapping[str, Any]) -> bool:
    # The API wraps a dashboard as {"dashboard": …}, a Kubernetes-style resource as {"spec": …}.
    for keys in ((), ("dashboard",), ("spec",)):
        inner: Any = document
        for key in keys:
            inner = inner.get(key)
        if isinstance(inner, Mapping) and (_has(inner, list, "panels") or _has(inner, list, "rows")):
            tree.dashboards.append(dashboard_of(tree, path, text, inner, keys))
            return True
    return False


def _has(document: Mapping[str, Any], kind: type, *keys: str) -> bool:
    return any(isinstance(document.get(key), kind) for key in keys)


def _shown(path: Path, root: Path) -> Path:
    """The path relative to the project where it lies in it, else as it was named."""
    for base in _bases(root):
        try:
            return path.resolve().relative_to(base)
        except ValueError:
            continue
    return path


def _bases(root: Path) -> Iterable[Path]:
    yield root.resolve()
