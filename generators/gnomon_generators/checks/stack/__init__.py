"""Checks of the files that the stack is started with."""
