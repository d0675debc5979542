"""Self-contained HTML reports of what the results store knows."""
