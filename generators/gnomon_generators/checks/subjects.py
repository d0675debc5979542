"""What checks look at: files taken apart into panels, queries, rules and expressions.

Every subject knows its tree, its file and the object in it, so that a check says only what is wrong:
`yield panel.finding(ID, SEVERITY, "…", "…")`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from gnomon_generators.checks.configuration import Configuration, Suppression
from gnomon_generators.checks.finding import Finding, Severity, Where
from gnomon_generators.checks.positions import Keys, json_lines, yaml_lines
from gnomon_generators.document import GENERATED

if TYPE_CHECKING:
    from gnomon.settings import Settings
    from gnomon_generators.checks.known.contract import Contract
    from gnomon_generators.checks.syntax.nodes import Parsed

Language = Literal["promql", "sql", "traceql", "logql", "expression", "other"]
ContractMode = Literal["auto", "ours", "none"]


class Subject:
    """Anything that a finding can be about: it has a tree, a file, a place in it, perhaps an expression."""

    tree: Tree
    path: Path
    where: Where = Where()
    expression: str | None = None

    @property
    def line(self) -> int | None:
        """The line on which the subject begins, from 1."""
        return None

    def finding(
        self,
        check: str,
        severity: Severity,
        message: str,
        advice: str,
        *,
        span: tuple[int, int] | None = None,
        part: str | None = None,
        line: int | None = None,
    ) -> Finding:
        """A finding about this subject; `span` lies in its expression, `part` says where in other words."""
        where = self.where
        if part is not None:
            where = Where(**{**where.as_dict(), "part": part})
        return Finding(
            check, severity, self.path, where, message, advice, self.expression, span, line or self.line
        )


@dataclass(eq=False)
class File(Subject):
    """A file with its text and what it says; `path` is as findings show it."""

    tree: Tree
    path: Path
    text: str
    document: Mapping[str, Any]

    @cached_property
    def lines(self) -> Mapping[Keys, int]:
        """The line of each value by the way to it."""
        return json_lines(self.text) if self.path.suffix == ".json" else yaml_lines(self.text)

    def line_of(self, *keys: str | int) -> int | None:
        """The line of a value, or of the nearest thing around it that is there."""
        while keys not in self.lines and keys:
            keys = keys[:-1]
        return self.lines.get(keys)


# --- dashboards ------------------------------------------------------------------------------------


@dataclass(eq=False)
class DashboardFile(File):
    """A dashboard in Grafana's classic JSON; `document` is the dashboard without an envelope around it.

    `keys` is the way from the file to the dashboard. `panels` holds rows and what they hold, in order.
    """

    keys: Keys = ()
    panels: list[Panel] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The dashboard's title, empty when it has none."""
        return str(self.document.get("title") or "")

    @property
    def uid(self) -> str:
        """The dashboard's uid, empty when it has none."""
        return str(self.document.get("uid") or "")

    @property
    def own(self) -> bool:
        """Whether Gnomon generated it, as its uid says."""
        return self.uid.startswith("gnomon-")

    def variable(self, name: str) -> Variable | None:
        """The template variable of that name."""
        return next((variable for variable in self.variables if variable.name == name), None)


@dataclass(eq=False)
class _InDashboard(Subject):
    dashboard: DashboardFile
    raw: Mapping[str, Any]
    keys: Keys
    """The way from the file to this object."""

    def __post_init__(self) -> None:
        self.tree, self.path = self.dashboard.tree, self.dashboard.path

    @property
    def line(self) -> int | None:
        """The line on which the object begins."""
        return self.dashboard.line_of(*self.keys)


@dataclass(eq=False)
class Panel(_InDashboard):
    """A panel or a row; `row` is the row that it stands in, `targets` are its queries."""

    row: Panel | None = None
    targets: list[Target] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        identity = self.raw.get("id")
        self.where = Where(panel=self.title, panel_id=identity if isinstance(identity, int) else None)

    @property
    def title(self) -> str:
        """The panel's title, empty when it has none."""
        return str(self.raw.get("title") or "")

    @property
    def type(self) -> str:
        """The panel's kind: `stat`, `timeseries`, `row` …"""
        return str(self.raw.get("type") or "")


@dataclass(eq=False)
class Target(_InDashboard):
    """A query of a panel; `language` follows from its data source, `text` is empty when it has none."""

    panel: Panel
    ref_id: str
    language: Language
    text: str
    text_keys: Keys

    def __post_init__(self) -> None:
        super().__post_init__()
        self.where = Where(panel=self.panel.title, panel_id=self.panel.where.panel_id, query=self.ref_id)
        self.expression = self.text or None

    @property
    def line(self) -> int | None:
        """The line of the query's text."""
        return self.dashboard.line_of(*self.text_keys)

    @property
    def legend(self) -> str:
        """The legend of a Prometheus query."""
        return str(self.raw.get("legendFormat") or "")


@dataclass(eq=False)
class Variable(_InDashboard):
    """A template variable."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.where = Where(variable=self.name)

    @property
    def name(self) -> str:
        """What queries call it, without the dollar sign."""
        return str(self.raw.get("name") or "")

    @property
    def type(self) -> str:
        """`query`, `datasource`, `custom`, `interval` …"""
        return str(self.raw.get("type") or "")


@dataclass(eq=False)
class Annotation(_InDashboard):
    """An annotation query of a dashboard."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.where = Where(annotation=str(self.raw.get("name") or ""))


_GENERATED: Final = re.compile(rf"# {re.escape(GENERATED)}` from (?P<definition>\S+):")

# --- rules -----------------------------------------------------------------------------------------


@dataclass(eq=False)
class RuleFile(File):
    """A Prometheus rule file.

    `keys` is the way to what a rule file holds: a PrometheusRule of Kubernetes has it in `spec`.
    """

    keys: Keys = ()
    groups: list[Group] = field(default_factory=list)

    @property
    def rules(self) -> Iterator[Rule]:
        """All rules in order."""
        return (rule for group in self.groups for rule in group.rules)

    @cached_property
    def defined_elsewhere(self) -> bool:
        """Whether it was generated from a definition that this project does not have, so that its tests are
        where the definition is.
        """
        found = _GENERATED.match(self.text)
        if found is None:
            return False
        folders = (self.tree.root, self.tree.settings.definitions)
        return not any(folder and (folder / found["definition"]).is_file() for folder in folders)


@dataclass(eq=False)
class Group(Subject):
    """A rule group; `interval` is in seconds, None when Prometheus' own holds."""

    file: RuleFile
    raw: Mapping[str, Any]
    keys: Keys
    name: str
    interval: float | None
    rules: list[Rule] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tree, self.path = self.file.tree, self.file.path
        self.where = Where(group=self.name)

    @property
    def line(self) -> int | None:
        """The line on which the group begins."""
        return self.file.line_of(*self.keys)


@dataclass(eq=False)
class Rule(Subject):
    """A recording or alerting rule; `name` is the series that it records or the alert."""

    group: Group
    raw: Mapping[str, Any]
    keys: Keys
    kind: Literal["record", "alert"]
    name: str
    text: str

    def __post_init__(self) -> None:
        self.tree, self.path = self.group.tree, self.group.path
        self.where = Where(group=self.group.name, rule=self.name)
        self.expression = self.text

    @property
    def line(self) -> int | None:
        """The line on which the rule begins."""
        return self.group.file.line_of(*self.keys)

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels that the rule adds."""
        return self.raw.get("labels") or {}

    @property
    def annotations(self) -> Mapping[str, str]:
        """The annotations of an alert."""
        return self.raw.get("annotations") or {}


@dataclass(eq=False)
class RuleTestFile(File):
    """A file of promtool's unit tests of rules."""


# --- configuration of the stack --------------------------------------------------------------------


@dataclass(eq=False)
class AlertmanagerFile(File):
    """A configuration of Alertmanager."""


@dataclass(eq=False)
class CollectorFile(File):
    """A configuration of an OpenTelemetry Collector."""


@dataclass(eq=False)
class StackFile(File):
    """A file that the programs of the stack are started with."""


@dataclass(eq=False)
class PrometheusFile(StackFile):
    """A configuration of Prometheus."""


@dataclass(eq=False)
class DataSourceFile(StackFile):
    """Data sources as Grafana's provisioning reads them."""

    @property
    def sources(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The data sources with their numbers in the file."""
        for number, source in enumerate(self.document["datasources"]):
            if isinstance(source, Mapping):
                yield number, source


@dataclass(eq=False)
class ComposeFile(StackFile):
    """A file of Compose."""


# --- files that cannot be read ----------------------------------------------------------------------


@dataclass(eq=False)
class BrokenFile(Subject):
    """A file in a folder that cannot be read as its name says; `reason` tells what is in the way.

    `well_formed` says that other programs read it: YAML of several documents, or with tags of its own.
    """

    tree: Tree
    path: Path
    text: str
    reason: str
    at_line: int | None
    well_formed: bool = False

    @property
    def line(self) -> int | None:
        """The line at which reading ended."""
        return self.at_line


# --- queries ---------------------------------------------------------------------------------------

Role = Literal["panel", "variable", "annotation", "record", "alert"]


@dataclass(eq=False)
class Query(Subject):
    """A text in some query language; `keys` is the way to it in its file."""

    owner: Target | Variable | Annotation | Rule
    text: str
    role: Role
    keys: Keys

    def __post_init__(self) -> None:
        self.tree, self.path, self.where = self.owner.tree, self.owner.path, self.owner.where
        self.expression = self.text

    @property
    def file(self) -> DashboardFile | RuleFile:
        """The file that the query stands in."""
        return self.owner.group.file if isinstance(self.owner, Rule) else self.owner.dashboard

    @property
    def line(self) -> int | None:
        """The line of the query's text."""
        return self.file.line_of(*self.keys)

    @property
    def panel(self) -> Panel | None:
        """The panel that shows it."""
        return self.owner.panel if isinstance(self.owner, Target) else None


@dataclass(eq=False)
class Expression(Query):
    """PromQL wherever it stands; of a variable's `label_values(…)` only the selector in it.

    Checks get only expressions that parse, all but the one that reports the others.
    """

    label: str | None = None
    """The label that a variable's `label_values(…, label)` asks for."""

    @cached_property
    def parsed(self) -> Parsed:
        """The syntax tree, or what is wrong with the text."""
        from gnomon_generators.checks.syntax.parsing import parse  # noqa: PLC0415 - loads the parser

        return parse(self.text, self.role not in ("record", "alert"))


@dataclass(eq=False)
class SqlQuery(Query):
    """SQL on the results store, or on any other database."""


@dataclass(eq=False)
class TraceQuery(Query):
    """TraceQL."""


# --- all of them -----------------------------------------------------------------------------------


@dataclass(eq=False)
class SuppressionUse(Subject):
    """An entry of gnomon-check.yaml after all checks have run, and how many findings it covered."""

    tree: Tree
    suppression: Suppression
    covered: int

    def __post_init__(self) -> None:
        self.path = self.suppression.file
        self.where = Where(part=f"suppression of {self.suppression.check} in {self.suppression.path}")

    @property
    def line(self) -> int | None:
        """The line of the entry."""
        return self.suppression.line


@dataclass(eq=False)
class Tree(Subject):
    """Everything that is checked together.

    `root` is the folder that paths are shown from; `whole` says that the project's own tree is checked and
    not files that somebody named, so that "used nowhere" can be said. `require_programs` asks for an error
    (exit code 3) where a check needs a program that is not there.
    """

    root: Path
    settings: Settings
    configuration: Configuration = field(default_factory=Configuration)
    contract_mode: ContractMode = "auto"
    whole: bool = False
    require_programs: bool = False
    dashboards: list[DashboardFile] = field(default_factory=list)
    rule_files: list[RuleFile] = field(default_factory=list)
    rule_tests: list[RuleTestFile] = field(default_factory=list)
    alertmanagers: list[AlertmanagerFile] = field(default_factory=list)
    collectors: list[CollectorFile] = field(default_factory=list)
    stack_files: list[StackFile] = field(default_factory=list)
    broken_files: list[BrokenFile] = field(default_factory=list)
    expressions: list[Expression] = field(default_factory=list)
    sql_queries: list[SqlQuery] = field(default_factory=list)
    trace_queries: list[TraceQuery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tree = self
        self.path = Path()

    @property
    def files(self) -> Sequence[File]:
        """All files, by kind."""
        return (
            *self.dashboards,
            *self.rule_files,
            *self.rule_tests,
            *self.alertmanagers,
            *self.collectors,
            *self.stack_files,
        )

    @property
    def prometheuses(self) -> Iterator[PrometheusFile]:
        """The configurations of Prometheus."""
        return (file for file in self.stack_files if isinstance(file, PrometheusFile))

    @property
    def data_sources(self) -> Iterator[DataSourceFile]:
        """The files of data sources."""
        return (file for file in self.stack_files if isinstance(file, DataSourceFile))

    @property
    def panels(self) -> Iterator[Panel]:
        """The panels of all dashboards, rows included."""
        return (panel for dashboard in self.dashboards for panel in dashboard.panels)

    @property
    def rules(self) -> Iterator[Rule]:
        """The rules of all files."""
        return (rule for file in self.rule_files for rule in file.rules)

    @cached_property
    def contract(self) -> Contract:
        """What queries may name."""
        from gnomon_generators.checks.known.contract import contract_of  # noqa: PLC0415 - heavy

        return contract_of(self)
