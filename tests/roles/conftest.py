"""Fixtures of the service tests that a role's test wants."""

from tests.support.broker import broker

__all__ = ["broker"]
