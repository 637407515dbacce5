"""Fixtures that the service tests share."""

from tests.support.broker import broker
from tests.support.fleet_broker import fleet_broker

__all__ = ["broker", "fleet_broker"]
