"""Reading of JUnit XML as runners really write it.

There is no standard behind the name. What is read here is what pytest, Surefire, jest-junit, gotestsum,
vitest, Playwright and GoogleTest agree on, and the elements with which each of them tells more: nested
suites, reruns inside a test case, properties, attributes that may be missing.

The reader goes through the file once, keeps nothing of captured output, and refuses document type
declarations: no report has one, and they are what entity bombs are made of.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from xml.parsers import expat

from gnomon.errors import UserError

# Of a failure's text its first lines are enough to say what failed.
_TEXT_CHARACTERS = 4_096
_CHUNK = 1 << 16

_ROOTS = frozenset({"testsuites", "testsuite"})
# Elements that say how an attempt of a test case ended. Surefire tells those of a test that was run
# again by four names: `rerun…` of one that never passed, `flaky…` of one that did at last.
_VERDICTS = {
    "failure": "failed",
    "error": "error",
    "rerunFailure": "failed",
    "rerunError": "error",
    "flakyFailure": "failed",
    "flakyError": "error",
    "skipped": "skipped",
}
_RERUNS = frozenset({"rerunFailure", "rerunError", "flakyFailure", "flakyError"})
_OUTPUT = frozenset({"system-out", "system-err"})
_NOT_RUN = frozenset({"notrun", "disabled", "suppressed", "skipped"})
# A comma that cannot group thousands.
_DECIMAL_COMMA = re.compile(r"[\d.]*(?:(?<!\d)0,\d+|\.\d{3},\d+|\d,(?!\d{3}$)\d+)")
_ERROR_TYPE = re.compile(
    r"\s*(?:Uncaught |Unhandled )?((?:[A-Za-z_][\w.$]*)?(?:Error|Exception|Failure))(?=:|\s*$)", re.MULTILINE
)


@dataclass(slots=True)
class Verdict:
    """How one attempt ended, by its element; `seconds` where the runner says how long it took."""

    element: str
    outcome: str
    type: str
    message: str
    seconds: float | None = None
    text: str = ""

    @property
    def error_type(self) -> str | None:
        """The exception's class: stated, or the word that its message begins with."""
        if re.fullmatch(r"[A-Za-z_][\w.$:]*", self.type) and self.type not in ("FAILURE", "Failed"):
            return self.type
        for said in (self.message, self.text):
            if found := _ERROR_TYPE.match(said):
                return found[1]
        return None

    @property
    def line(self) -> str | None:
        """What went wrong, in one line."""
        for said in (self.message, self.text):
            for line in said.splitlines():
                if line.strip():
                    return line.strip()
        return None


@dataclass(slots=True)
class Suite:
    """A `testsuite` element; `started` is `None` where it has no timestamp."""

    name: str
    host: str
    file: str
    started: datetime | None
    seconds: float | None
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ReportedTest:
    """A `testcase` element. `suites` are those that it lies in, the outermost first."""

    suites: tuple[Suite, ...]
    name: str
    class_name: str
    file: str
    line: int | None
    seconds: float | None
    started: datetime | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def suite(self) -> Suite:
        """The innermost suite."""
        return self.suites[-1]

    def inherited(self, name: str) -> str | None:
        """A property of the test, or of the nearest suite that has it."""
        for properties in (self.properties, *(suite.properties for suite in reversed(self.suites))):
            if name in properties:
                return properties[name]
        return None


@dataclass(slots=True)
class Report:
    """One file: its tests in order, and the SHA-256 of its bytes."""

    path: Path
    digest: str
    title: str
    tests: list[ReportedTest]
    suites: list[Suite]


def read_report(path: Path) -> Report:
    """Reads a JUnit XML file.

    Raises UserError, with file and line, for a file that cannot be read, is not XML, is cut short, has
    a document type declaration, or holds something else than test suites.
    """
    reader = _Reader(path)
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                reader.feed(chunk)
            reader.close()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); name a JUnit XML file") from None
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise UserError(
            f"{path}:{error.lineno}: not well-formed XML ({reason}); name a whole JUnit XML file"
        ) from None
    return Report(path, digest.hexdigest(), reader.title, reader.tests, reader.all_suites)


class _Reader:
    """Takes the parser's events; what is open at a time stands on short stacks."""

    def __init__(self, path: Path) -> None:
        self.title = ""
        self.tests: list[ReportedTest] = []
        self.all_suites: list[Suite] = []
        self._path = path
        self._suites: list[Suite] = []
        self._elements: list[str] = []
        self._test: ReportedTest | None = None
        self._verdict: Verdict | None = None
        self._property = ""
        self._times: list[tuple[Suite | ReportedTest | Verdict, str]] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk, False)

    def close(self) -> None:
        self._parser.Parse(b"", True)
        decimal_comma = any(_DECIMAL_COMMA.fullmatch(text.strip()) for _, text in self._times)
        for timed, text in self._times:
            timed.seconds = duration(text, decimal_comma=decimal_comma)

    def _place(self) -> str:
        return f"{self._path}:{self._parser.CurrentLineNumber}"

    def _refuse(self, *_: object) -> None:
        raise UserError(
            f"{self._place()}: a document type declaration, which no test report needs; remove it"
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if not self._elements and name not in _ROOTS:
            raise UserError(
                f"{self._place()}: the document is a <{name}>, not a JUnit report; "
                "name a file that begins with <testsuites> or <testsuite>"
            )
        self._elements.append(name)
        if name == "testsuites":
            self.title = attributes.get("name", "")
        elif name == "testsuite":
            self._start_suite(attributes)
        elif name == "testcase":
            self._start_test(attributes)
        elif name in _VERDICTS and self._verdict is None and self._suites:
            self._start_verdict(name, attributes)
        elif name == "property":
            self._start_property(attributes)

    def _start_suite(self, attributes: Mapping[str, str]) -> None:
        suite = Suite(
            name=attributes.get("name", ""),
            host=attributes.get("hostname", ""),
            file=attributes.get("file") or attributes.get("filepath", ""),
            started=_moment(attributes.get("timestamp", "")),
            seconds=None,
        )
        self._times.append((suite, attributes.get("time", "")))
        self._suites.append(suite)
        self.all_suites.append(suite)

    def _start_test(self, attributes: Mapping[str, str]) -> None:
        if not self._suites:
            raise UserError(f"{self._place()}: a <testcase> outside any <testsuite>; mend the report")
        line = attributes.get("line", "")
        self._test = ReportedTest(
            suites=tuple(self._suites),
            name=attributes.get("name", ""),
            class_name=attributes.get("classname", ""),
            file=attributes.get("file", ""),
            line=int(line) if line.isdecimal() and len(line) < 10 else None,
            seconds=None,
            started=_moment(attributes.get("timestamp", "")),
        )
        self._times.append((self._test, attributes.get("time", "")))
        if _NOT_RUN & {attributes.get("status", "").lower(), attributes.get("result", "").lower()}:
            self._test.verdicts.append(Verdict("skipped", "skipped", "", ""))
        self.tests.append(self._test)

    def _start_verdict(self, name: str, attributes: Mapping[str, str]) -> None:
        if self._test is None:
            # A suite that failed as a whole, in its set-up for example, counts as a test of its name.
            suite = self._suites[-1]
            self._test = ReportedTest(tuple(self._suites), "", suite.name, suite.file, None, None)
            self.tests.append(self._test)
        self._verdict = Verdict(
            element=name,
            outcome=_VERDICTS[name],
            type=attributes.get("type", ""),
            message=attributes.get("message", ""),
        )
        self._times.append((self._verdict, attributes.get("time", "")))
        self._test.verdicts.append(self._verdict)

    def _start_property(self, attributes: Mapping[str, str]) -> None:
        self._property = attributes.get("name", "")
        if (properties := self._properties()) is not None and self._property:
            properties[self._property] = attributes.get("value", "")

    def _properties(self) -> dict[str, str] | None:
        if self._test is not None:
            return self._test.properties
        return self._suites[-1].properties if self._suites else None

    def _characters(self, text: str) -> None:
        if self._elements[-1] in _OUTPUT:
            return
        if self._verdict is not None:
            self._verdict.text += text[: max(0, _TEXT_CHARACTERS - len(self._verdict.text))]
        elif self._elements[-1] == "property" and (properties := self._properties()) is not None:
            # Some runners write the value between the tags instead of in the attribute.
            properties[self._property] = properties.get(self._property) or text.strip()

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        self._elements.pop()
        if self._verdict is not None and name == self._verdict.element:
            self._verdict = None
            if "testcase" not in self._elements:
                self._test = None
        elif name == "testcase":
            self._test = None
        elif name == "testsuite":
            self._suites.pop()


def is_rerun(verdict: Verdict) -> bool:
    """Whether the verdict is that of one attempt among several, as Surefire tells them."""
    return verdict.element in _RERUNS


def duration(text: str, *, decimal_comma: bool = False) -> float | None:
    """Seconds as reports write them; `None` where there is no number.

    A comma groups thousands (Surefire's `1,234.5`), unless it is the report's decimal sign, which a
    runner's locale may make it (`0,125`): a time that cannot be grouped thousands gives it away.
    """
    text = text.strip().removesuffix("s").replace(" ", "").replace("\u00a0", "")
    text = text.replace(".", "").replace(",", ".") if decimal_comma and "," in text else text.replace(",", "")
    if not re.fullmatch(r"\d+(\.\d*)?(e[+-]?\d{1,2})?|\.\d+", text, re.IGNORECASE):
        return None
    value = float(text)
    return value if value < 1e9 else None


def _moment(text: str) -> datetime | None:
    """An ISO 8601 timestamp; one without a zone is taken for UTC, since nothing says where it was."""
    try:
        moment = datetime.fromisoformat(text.strip())
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
