"""How a text is said: numbers, units, abbreviations and foreign names written out in words, per language."""
