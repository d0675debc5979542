"""The command `gnomon`: the group, and the commands that need nothing but the core."""
