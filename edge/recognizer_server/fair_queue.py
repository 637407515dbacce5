"""Whose sound is recognised next. Pure: the time is passed in.

Who has been served least goes first, counted in seconds of sound: a client that dictates without a pause
takes nothing from one that says a sentence now and then, and a newcomer is owed nothing.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import NamedTuple

MAX_WAITING_OF_ONE = 8
MAX_WAITING_S_OF_ONE = 120.0
"""Finals of one client that may wait, and their sound."""
MOST_REMEMBERED = 256
"""Clients of which it is known how much they were served."""


class WaitingSound(NamedTuple):
    """One piece of sound that waits."""

    client: str
    sound_s: float
    since: float
    """When it came."""
    ticket: int
    """Whoever put it in knows it by that."""


class QueueFull(Exception):
    """One client has asked for as much as may wait; the text says so."""


class FairQueue:
    """What waits for a recognizer, of all clients."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[WaitingSound]] = {}
        """Client → what it waits for, oldest first; none of them is empty."""
        self._served_s: dict[str, float] = {}
        """Client → a clock that runs by the sound that was recognised for it."""
        self._now_s = 0.0
        """What that clock shows for whoever was served last."""

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def sound_s(self) -> float:
        """Seconds of sound that wait."""
        return sum(asked.sound_s for queue in self._waiting.values() for asked in queue)

    def longest_wait_s(self, now: float) -> float:
        """How long the oldest of all has been waiting."""
        return max((now - queue[0].since for queue in self._waiting.values()), default=0.0)

    def put(self, asked: WaitingSound) -> None:
        """Raises QueueFull."""
        queue = self._waiting.get(asked.client, ())
        if len(queue) >= MAX_WAITING_OF_ONE:
            raise QueueFull(f"{len(queue)} utterances of this client wait already")
        if queue and sum(each.sound_s for each in queue) + asked.sound_s > MAX_WAITING_S_OF_ONE:
            raise QueueFull(f"more than {MAX_WAITING_S_OF_ONE:.0f} s of this client's sound would wait")
        if not queue:  # who asked for nothing meanwhile has saved up nothing
            clock = max(self._served_s.get(asked.client, 0.0), self._now_s)
            self._forget_some()
            self._served_s[asked.client] = clock
            self._waiting[asked.client] = deque()
        self._waiting[asked.client].append(asked)

    def _forget_some(self) -> None:
        """Who waits for nothing, the longest known first: clients give themselves names without end."""
        idle = (client for client in self._served_s if client not in self._waiting)
        surplus = max(0, len(self._served_s) - MOST_REMEMBERED)
        for client in list(itertools.islice(idle, surplus)):
            del self._served_s[client]

    def take(self) -> WaitingSound | None:
        """The next one, of the client that was served least; None: nothing waits."""
        if not self._waiting:
            return None
        client = min(self._waiting, key=lambda each: (self._served_s[each], self._waiting[each][0].since))
        asked = self._waiting[client].popleft()
        if not self._waiting[client]:
            del self._waiting[client]
        self._now_s = max(self._now_s, self._served_s[client])
        self._served_s[client] += asked.sound_s
        return asked

    def remove(self, ticket: int) -> bool:
        """Take out what is not wanted any more; False: it does not wait."""
        for client, queue in self._waiting.items():
            for asked in queue:
                if asked.ticket == ticket:
                    queue.remove(asked)
                    if not queue:
                        del self._waiting[client]
                    return True
        return False

    def forget(self, client: str) -> list[int]:
        """The client has left; returns the tickets of what it waited for."""
        self._served_s.pop(client, None)
        return [asked.ticket for asked in self._waiting.pop(client, ())]
