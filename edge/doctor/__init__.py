"""Is everything there that is needed, and is what was asked for really used?

``examination.py`` is the table of checks; each kind has a module of its own. What is used is asked of the
running processes (their ``state`` feed); what they are not there to tell is looked up directly.
"""
