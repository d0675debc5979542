"""What a run stands on: its commit, its CI job, and the skill and config files in force."""
