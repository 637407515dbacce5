"""Makes the lexicon's tables from what is written by hand."""
