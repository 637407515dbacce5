"""Powers the machine off when the ignition has been off for a while: a small program of root's, of its own.

It imports nothing but the standard library and ``edge`` modules that do the same.
"""
