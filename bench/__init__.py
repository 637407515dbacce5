"""Measures the guide, beside its prototypes and on emulated clouds. No part of it."""
