"""Fixtures that the service tests share."""

from tests.support.broker import broker

__all__ = ["broker"]
