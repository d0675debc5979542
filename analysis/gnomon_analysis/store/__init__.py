"""The results store: what every run, test, attempt and model call did, on SQLite or PostgreSQL."""
