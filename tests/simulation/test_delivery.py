"""What is simulated by the clock reaches a backend whole."""

from __future__ import annotations

from pathlib import Path

from tests.otlp_sink import http_sink
from tests.simulation.simulated import simulate
from tests.simulation.telemetry import assert_same, span_rows, truth_rows


def test_a_backend_gets_all_of_it(tmp_path: Path) -> None:
    """With an endpoint the spans of the truth arrive there, each once."""
    with http_sink() as sink:
        done = simulate(
            tmp_path, "--rate", "30", "--speed", "20", "--duration", "3s", "--endpoint", sink.endpoint
        )
        spans = [span for span in sink.spans if "gnomon.run.id" not in span.resource]
    assert len({span.span_id for span in spans}) == len(spans) == done.truth["spans"]["emitted"]
    assert_same(span_rows(spans), truth_rows(done.rows))
