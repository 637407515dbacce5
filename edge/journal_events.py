"""The events that people look for in the journal, each with its ``MESSAGE_ID``.

An id never changes its meaning: dashboards and alarms elsewhere are built on it. docs/operations.md says what
each one means and what to do.
"""

from __future__ import annotations

from enum import Enum
from typing import Any


class MessageId(Enum):
    """Ids of the important events (``journalctl MESSAGE_ID=…``); with some stand their lines' fields."""

    PROCESS_READY = "1436d4f6efa3466eb2f38b78f713f958"
    PROCESS_NOT_READY = "c41522cff58f46a79d113049cabc36df"
    CONFIG_REFUSED = "3b2c052170e847ee874929c10dd268b7"
    WORK_HANGS = "b221059297294fa8b1ec7d8dc833eea0"
    """The process stops feeding its watchdog, so systemd will restart it."""
    WORK_GOES_ON = "b57277e89ab4489aa7d419184660a53a"

    TURN_ENDED = "5519be395c8345d4920d87a0a2d3798f"
    """TURN_ID, KIND, TURN_PRIORITY, OUTCOME, TTFA_MS, MODELS, VOICES, STAGE_…_MS."""
    TURN_SLOW = "d80894194ca54f3b92d61c1e06b5cb73"
    """TURN_ID, KIND, TTFC_MS: its first content came later than ``telemetry.slow_turn_ms``."""
    MESSAGE_REFUSED = "08351ca135bf4940ac6ed598ed9c38c1"
    """CODE: what came over MQTT cannot be understood."""

    RUNG_FAILED = "bb1867a8e5884cf8877f165a95a9a11f"
    """RUNG, LADDER: another rung did its work."""
    RUNG_LEFT = "fd7441e8699f4d989df30a47b5158fa8"
    """RUNG, LADDER: it failed so often that it is left alone (the breaker is open)."""
    RUNG_BACK = "868e8ab7215746dab8b90b356f8323c3"
    """RUNG, LADDER: a probe was answered (the breaker is closed)."""
    FELL_BACK = "7682309b925f4c4891d6cd998f962599"
    """PART (a recognizer, language, voiceprint, duplex): what was asked for is not what is used."""
    HEARING_LOADED = "1f471b99dfa345bcad464626c2bc2a59"
    """In full: recognizers, languages, detector, beam, hint, memory, GPU."""
    DEVICE_LEFT = "640759b45fcf463fbcda56de4709d448"
    """RUNG: the GPU failed or hangs; it computes on the CPU until the process starts anew."""

    COST_BOUND = "f65d9f0f91064df5b4572a5f331d2ca6"
    """WHO, BOUND: one source's turns use no paid service for now (``commentator.paid_turns_per_…``)."""

    COST_CEILING = "83c6cdc171fb44309ee41e5b112feb47"
    """LEVEL, BOUND: today's spending is near a ceiling (1), has reached it (2), or neither any more (0)."""

    AUDIO_LOST = "a1cd369d50364ffdac69f972bff8c39c"
    """DEVICE: the loudspeaker or the microphone."""
    AUDIO_FOUND = "0739aeaafbd6448d96bc21a6b7d0eb7c"
    BROKER_LOST = "e1cd1bb4b438417ba29d84b5673cad19"
    """SESSION: which of the connections to the broker."""
    BROKER_FOUND = "36d792c493eb4311b46a32a6470b0998"
    CLIENT_ID_TAKEN = "2509baca6fc44f099eb6c98c8558df2c"
    """SESSION: another client keeps throwing this session out by connecting with its id."""

    CLIENT_REFUSED = "5eed94913b124cd88397fd44de993d67"
    """REASON: the recognizer server takes no more clients now."""
    CLIENT_LET_GO = "d755339b662a490ba1a436500d011de7"
    """The recognizer server ended a client's connection: it did not read, or spoke something else."""

    SLOWDOWN_BEGAN = "f595d7da4d8343789e29d92198f766a2"
    """CAUSE: undervoltage, overcurrent, current_peaks or heat slows the board down."""
    SLOWDOWN_ENDED = "cc4510f8298f4ac6b3f7418c21c8e58e"
    HEAT_BEGAN = "926e1cf5deba49fc93a934348905d776"
    """LEVEL: the guide does without something, before the board slows itself down."""
    HEAT_ENDED = "99afb2654a1e4934bf4d21dee7e57675"


def event(message_id: MessageId, **fields: Any) -> dict[str, Any]:
    """``extra=`` of a line that tells an event; fields without a value are left out."""
    known = {key.upper(): value for key, value in fields.items() if value is not None}
    return {"MESSAGE_ID": message_id.value} | known
