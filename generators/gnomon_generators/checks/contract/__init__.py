"""Checks of what queries name against what is emitted."""
