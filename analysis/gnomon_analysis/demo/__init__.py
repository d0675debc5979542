"""Replay of a skill repository's history: which commit moved the routing of requests to skills."""
