"""What all connections of the recognizer server share: who is there, and whether one more is taken."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import HTTPConnection

from edge.config import Settings
from edge.http.access import address_of
from edge.http.outbox import ClientOutbox
from edge.journal_events import MessageId, event
from edge.listener.vad import Vad
from edge.recognizer_server.admission import ClientBounds, ClientRefusal, refusal
from edge.recognizer_server.dictation import Dictation
from edge.recognizer_server.pairing import ClientName, Pairs
from edge.recognizer_server.parameters import Parameters
from edge.recognizer_server.shared_recognizer import SharedRecognizer

log = logging.getLogger(__name__)

MAX_NAME_CHARS = 64
TELL_REFUSALS_S = 10.0
"""A client that tries again and again is told in the journal so often."""


class ControlLine:
    """One control connection; what it sets counts for the sound that comes."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters


class RecognizerService:
    """The state of the server.

    Args:
        make_vad: a detector of speech for one more client.
    """

    def __init__(
        self, settings: Settings, recognizer: SharedRecognizer, make_vad: Callable[[], Awaitable[Vad]]
    ) -> None:
        self.settings = settings
        self.recognizer = recognizer
        self.make_vad = make_vad
        self.counters: Counter[str] = Counter()
        self.pairs: Pairs[ControlLine, Dictation] = Pairs()
        self.places: dict[int, str] = {}
        """Number of each client that may send sound → its address."""
        self.dictations: dict[Dictation, ClientOutbox] = {}
        """Who sends sound → what is still to be told."""
        self.draining = False
        self.information = "starting"
        """The start-up block, for clients that ask."""
        self._left = asyncio.Event()
        self._numbers = itertools.count(1)
        self._refusal_told_mono = float("-inf")

    @property
    def ready(self) -> bool:
        return self.recognizer.usable() and not self.draining

    def default_parameters(self) -> Parameters:
        """What counts for a client that sets nothing."""
        ours, listener = self.settings.recognizer_server, self.settings.listener
        return Parameters(
            endpointing=listener.endpointing,
            language=ours.languages[0] if len(ours.languages) == 1 else None,
            prompt=listener.recognizer.hint,
            interim=listener.captions,
            min_length_s=ours.min_length_s,
            languages=ours.languages,
        )

    def control_came(self, name: ClientName, line: ControlLine) -> None:
        """A control connection: its sound may be there already."""
        dictation = self.pairs.add_control(name, line, time.monotonic())
        if dictation is not None:
            self._join(line, dictation)

    def control_left(self, name: ClientName, line: ControlLine) -> None:
        """A control connection has closed; another one of this client may have come before."""
        joined = self.pairs.remove_control(name, line)
        if joined is not None:
            self._join(*joined)

    def data_came(self, name: ClientName, dictation: Dictation) -> None:
        """A data connection: its commands may be there already."""
        line = self.pairs.add_data(name, dictation, time.monotonic())
        if line is not None:
            self._join(line, dictation)

    def data_left(self, name: ClientName, dictation: Dictation) -> None:
        """A data connection has closed."""
        self.pairs.remove_data(name, dictation)

    def _join(self, line: ControlLine, dictation: Dictation) -> None:
        """What the commands have set counts; where they have set nothing, what counted before."""
        if line.parameters == self.default_parameters():
            line.parameters = dictation.parameters
        else:
            dictation.parameters = line.parameters

    @contextmanager
    def place(self, address: str) -> Iterator[int]:
        """One client's place among those that are counted; its number."""
        number = next(self._numbers)
        self.places[number] = address
        try:
            yield number
        finally:
            del self.places[number]
            self._left.set()

    async def requests_answered(self) -> None:
        """Return when no request without a connection of its own is being answered."""
        while len(self.places) > len(self.dictations):
            self._left.clear()
            await self._left.wait()

    def refusal_for(self, address: str) -> ClientRefusal | None:
        """Why a client from there is not taken now; None: it is."""
        ours = self.settings.recognizer_server
        why = refusal(
            ClientBounds(ours.max_clients, ours.clients_per_address),
            clients=len(self.places),
            of_address=sum(each == address for each in self.places.values()),
            longest_wait_s=self.recognizer.finals.longest_wait_s,
            draining=self.draining,
            works=self.recognizer.usable(),
        )
        if why is not None:
            self.counters[f"refused.{why.code}"] += 1
            now = time.monotonic()
            if now - self._refusal_told_mono > TELL_REFUSALS_S:
                self._refusal_told_mono = now
                told = event(MessageId.CLIENT_REFUSED, reason=why.code)
                log.warning("a client from %s is refused: %s", address, why.why, extra=told)
        return why

    def let_go(self, address: str, why: str) -> None:
        """A client does not keep to what is agreed on, and is let go."""
        self.counters["let_go"] += 1
        told = event(MessageId.CLIENT_LET_GO)
        log.warning("the client from %s is let go: %s", address, why, extra=told)

    def state(self) -> dict[str, Any]:
        """What there is to know, for people and programs; no words, no addresses."""
        ours = self.settings.recognizer_server
        return {
            "ready": self.ready,
            "draining": self.draining,
            "clients": len(self.places),
            "max_clients": ours.max_clients,
            "speaking": sum(each.speaking for each in self.dictations),
            **self.recognizer.load,
            "recognizers": self.recognizer.facts(),
            "counters": dict(self.counters),
        }


def client_name(connection: HTTPConnection) -> ClientName:
    """The name by which a client's two connections find each other.

    Its account, and the name that it gives itself or its address.
    """
    account = str(connection.scope.get("state", {}).get("account", ""))
    given = connection.query_params.get("client", "")[:MAX_NAME_CHARS]
    if given:
        return ClientName(f"{account}|{given}", is_given=True)
    return ClientName(f"{account}@{address_of(connection.scope)}", is_given=False)
