"""Each accepted trigger ends in exactly one published turn, whoever sends it twice or dies meanwhile."""
