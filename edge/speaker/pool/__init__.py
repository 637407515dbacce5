"""The pool: remarks and openers that were voiced ahead, kept on disk, played without delay."""
