"""A test run as telemetry: results, verdicts, spans and run points, whatever ran the tests."""
