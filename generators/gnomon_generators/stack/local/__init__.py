"""The stack as processes of this machine: what runs, who starts it anew, and that nothing is left behind."""
