"""One context on an ElevenLabs socket: the conversation about one turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from edge.ladder.rung import RungError
from edge.messages import new_id
from edge.speaker.voices import elevenlabs_messages as wire
from edge.speaker.voices.elevenlabs_messages import ServerMessage

if TYPE_CHECKING:
    from edge.speaker.voices.elevenlabs_socket import VoiceSocket


class Context:
    """One context on the socket, for one turn: text goes out here, what comes back waits in ``inbox``."""

    def __init__(self, socket: VoiceSocket) -> None:
        self.id = new_id()
        self.inbox: asyncio.Queue[ServerMessage | RungError | None] = asyncio.Queue()
        """What the service says of this context; None is put there by whoever sends, to wake who receives."""
        self.ended = False
        """True when the service was asked to finish and close it."""
        self._socket = socket
        self._unheard = False
        self._over = False

    def say(self, text: str) -> None:
        """Send a clause and have it spoken at once."""
        self._unheard = True
        self._socket.post(wire.say(self.id, text))
        self._socket.refill()

    def end(self) -> None:
        """No more text follows: what was flushed is still spoken, then comes ``isFinal``."""
        if not self.ended:
            self.ended = True
            self._socket.post(wire.close_context(self.id))

    def release(self) -> None:
        """Stop it everywhere; what still arrives for it is dropped."""
        self.end()
        self._socket.forget(self, suspicious=self._unheard, over=self._over)

    def deliver(self, message: ServerMessage | RungError) -> None:
        self._unheard = False
        self._over = isinstance(message, RungError) or (self.ended and bool(message.is_final))
        self.inbox.put_nowait(message)
