"""Benchmarks: what the guide is measured with, shipped so that an operator can measure it too."""
