"""One context on an ElevenLabs socket: the conversation about one turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge.ladder.rung import RungError
from edge.messages import Language, new_id
from edge.speaker.sound_length import PAUSES_MS, longest_s
from edge.speaker.voices import elevenlabs_messages as wire
from edge.speaker.voices.base import EndlessSoundError
from edge.speaker.voices.elevenlabs_messages import ServerMessage

SMALLEST_MESSAGE_BYTES = 640
"""A message counts as at least so much: each costs memory and time beside its sound."""


class Context:
    """One context on the socket, for one turn: text goes out here, what comes back waits in ``inbox``.

    Args:
        post: sends a message soon.
        forget: called when nothing of it is wanted any more.
    """

    def __init__(self, post: Callable[[dict[str, object]], None], forget: Callable[[Context], None]) -> None:
        self.id = new_id()
        self.inbox: asyncio.Queue[ServerMessage | RungError | None] = asyncio.Queue()
        """What the service says of this context; None is put there by whoever sends, to wake who receives."""
        self._allowed_s = 0.0
        self._came_bytes = 0
        self.ended = False
        """True when the service was asked to finish and close it."""
        self._post = post
        self._forget = forget
        self.unheard = False
        """Text was sent and nothing has come since."""
        self.over = False
        """The service has finished with it."""

    def say(self, text: str, language: Language) -> int:
        """Send a clause and have it spoken at once; gives the characters that were sent."""
        self.unheard = True
        self._allowed_s += longest_s(text, language)
        message = wire.say(self.id, text)
        self._post(message)
        return len(message["text"])

    def end(self) -> None:
        """No more text follows: what was flushed is still spoken, then comes ``isFinal``."""
        if not self.ended:
            self.ended = True
            self._post(wire.close_context(self.id))

    def release(self) -> None:
        """Stop it everywhere; what still arrives for it is dropped."""
        self.end()
        self._forget(self)

    def admit(self, size: int) -> None:
        """Count what came for it. Raises ``EndlessSoundError`` when that is more than its text can need.

        Args:
            size: of the message, in bytes; alignment and all the rest count as if they were sound.
        """
        self._came_bytes += max(size, SMALLEST_MESSAGE_BYTES)
        if self._came_bytes > max(self._allowed_s, PAUSES_MS / 1000) * wire.BYTES_A_SECOND:
            raise EndlessSoundError(
                f"ElevenLabs does not end: {self._came_bytes} bytes for a text that needs "
                f"{self._allowed_s:.1f} s of sound at most"
            )

    def deliver(self, message: ServerMessage | RungError) -> None:
        self.unheard = False
        self.over = isinstance(message, RungError) or (self.ended and bool(message.is_final))
        self.inbox.put_nowait(message)
