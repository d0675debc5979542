"""Which commit it was, by running the suite again at past commits; and filling gaps in the history."""
