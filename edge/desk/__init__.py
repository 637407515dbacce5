"""Screens of a terminal for people: what the guide hears, and a dispatcher's editor."""
