"""The figures that the guide promises, measured against emulated clouds on loopback in one run.

Every figure is a difference or a ratio inside the run, so that a slow machine changes it little.
"""
