"""The quality gate: a branch against its base, decided by the rules of the settings."""
