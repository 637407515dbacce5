"""Shuttle guide: a character that rides in a shuttle, sees, hears and speaks on a small computer."""
