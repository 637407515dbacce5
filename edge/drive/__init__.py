"""Recorded drives: what came to a guide and what became of it, to be played again."""
