"""Fixtures that the tests with sound share."""

from tests.support.broker import broker
from tests.support.sound_server import sound_server

__all__ = ["broker", "sound_server"]
