"""JUnit XML, the report that every test runner writes: read, and turned into runs like pytest's own."""

from gnomon_analysis.junit.importing import ImportedRun, import_reports
from gnomon_analysis.junit.reading import Report, ReportedTest, read_report

__all__ = ["ImportedRun", "Report", "ReportedTest", "import_reports", "read_report"]
