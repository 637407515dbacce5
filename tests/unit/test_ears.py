"""What the ears tell of themselves."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from edge.config import Settings
from edge.listener.duplex import Duplex
from edge.listener.ears import Ears
from edge.listener.microphone import Microphone


async def test_sound_that_was_lost_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    life: Any = SimpleNamespace(settings=Settings(), counters=Counter())
    audience: Any = SimpleNamespace(facts={})
    ears = Ears(life, audience, Duplex("half", "half"), None)
    ears.health()
    assert not life.counters
    monkeypatch.setattr(Microphone, "dropped_frames", 3)
    monkeypatch.setattr(Microphone, "overflows", 2)
    ears.health()
    assert life.counters == {"frames_dropped": 3, "overflows": 2}
    await ears.close()
