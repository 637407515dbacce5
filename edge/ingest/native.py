"""The guide's own MQTT dialect, ``shuttle/{id}/…``: from topic and payload to what it means. No I/O."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import msgspec

from edge.config import Settings
from edge.ingest.body import MAX_PAYLOAD_BYTES
from edge.ingest.native_control import COMMANDS, parse_vehicle
from edge.ingest.native_event import parse_event
from edge.ingest.native_speech import parse_question, parse_speech
from edge.ingest.parsed import Arrival, ControlChange, Parsed, RefusedError
from edge.messages import LANGUAGES, CancelRequest, Language, Trigger
from edge.mqtt import Incoming


class NativeDialect:
    """Parses what is addressed to one shuttle.

    Args:
        on_ignored: told of a key whose value was not allowed, and which the message did without: topic, key,
            what is wrong.
    """

    def __init__(
        self, settings: Settings, on_ignored: Callable[[str, str, str], None] = lambda topic, key, why: None
    ) -> None:
        self._on_ignored = on_ignored
        root = f"shuttle/{settings.shuttle.id}"
        self._root = f"{root}/"
        ours = settings.shuttle.language
        languages: tuple[Language, ...] = (ours, *(other for other in LANGUAGES if other != ours))
        times = settings.commentator
        event = f"{root}/event"
        vehicle = f"{root}/vehicle"
        self.event_topics = (event, f"{root}/ask", vehicle)
        """To subscribe to on the session for what comes often and is soon worthless."""
        self.control_topics = (f"{root}/announce", f"{root}/safety", f"{root}/cmd/+")
        """To subscribe to on the session for control."""
        self.state_topics = frozenset((vehicle, f"{root}/cmd/+"))
        """Topics of both sessions that hold a state, which a broker may keep."""
        self.setting_topics = (f"{root}/cmd/volume", f"{root}/cmd/chattiness")
        """What they set is in force until it is set anew."""
        self.signal_topics = (vehicle,)
        """What they say holds until the next message, or the process's end."""
        self._parsers: dict[str, Callable[[Arrival], Trigger | ControlChange | CancelRequest]] = {
            event: partial(parse_event, default_ttl_s=times.remark_ttl_s, languages=languages),
            f"{root}/announce": partial(
                parse_speech, kind="announcement", default_ttl_s=times.announcement_ttl_s
            ),
            f"{root}/safety": partial(parse_speech, kind="safety", default_ttl_s=times.safety_ttl_s),
            f"{root}/ask": partial(parse_question, default_ttl_s=settings.answers.ttl_s),
            vehicle: parse_vehicle,
            **{f"{root}/cmd/{name}": parse for name, parse in COMMANDS.items()},
        }

    def warm_up(self) -> None:
        """Read the lexicon of every language now; the first event shall not wait for it."""
        now_mono, now_at = time.monotonic(), time.time()
        for text in ("собака", "dog", "anjing", "?"):
            self.parse(
                self.event_topics[0],
                text.encode(),
                retain=False,
                received_mono=now_mono,
                received_at=now_at,
            )

    def parse_message(self, message: Incoming) -> Parsed:
        """What it means, as ``parse``."""
        return self.parse(
            message.topic,
            message.payload,
            retain=message.retain,
            received_mono=message.received_mono,
            received_at=message.received_at,
        )

    def parse(
        self, topic: str, payload: bytes, *, retain: bool, received_mono: float, received_at: float
    ) -> Parsed:
        """What the message means. Never raises: what cannot be used comes back as ``Refused``.

        Args:
            received_mono, received_at: when it arrived, monotonic and Unix seconds.
        """
        try:
            parser = self._parsers.get(topic)
            if parser is None:
                known = ", ".join(name.removeprefix(self._root) for name in self._parsers)
                raise RefusedError("unknown_topic", f"unknown topic (known below {self._root}: {known})")
            if len(payload) > MAX_PAYLOAD_BYTES:
                raise RefusedError(
                    "too_large", f"expected at most {MAX_PAYLOAD_BYTES} bytes, got {len(payload)}"
                )
            ignored: dict[str, str] = {}
            payload = payload.removeprefix(b"\xef\xbb\xbf")
            parsed = parser(Arrival(payload, retain, received_mono, received_at, ignored))
            for key, why in ignored.items():
                self._on_ignored(topic, key, why)
            return msgspec.structs.replace(parsed, topic=topic) if isinstance(parsed, Trigger) else parsed
        except RefusedError as refused:
            return refused.as_refused(topic)
