"""Which control connection belongs to which sound, as clients open the two apart. Pure.

They have the same name, which a client gives itself (``?client=NAME``): then they find each other whenever
they come. Else it is their address, which others may have, too: then a control connection takes no sound that
has been there for longer than a client needs to open its two, since it would command somebody else's. One
that only looks whether somebody is there, and closes, leaves nothing behind.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

Control = TypeVar("Control")
Data = TypeVar("Data")

TOGETHER_S = 3.0
"""A client opens its two connections within so long, also with TLS and over a slow line."""


class ClientName(NamedTuple):
    """The name by which a client's two connections find each other."""

    key: str
    is_given: bool
    """By the client itself, so that it is nobody else's."""


class _Pair(NamedTuple, Generic[Control, Data]):
    control: Control
    control_since: float
    data: Data
    data_since: float


class Pairs(Generic[Control, Data]):
    """The open connections, and who belongs to whom. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._controls: dict[str, dict[Control, float]] = {}
        """Name → those that have no sound, with the time since when they are there, as they came."""
        self._datas: dict[str, dict[Data, float]] = {}
        self._pairs: list[_Pair[Control, Data]] = []

    def add_control(self, name: ClientName, control: Control, now: float) -> Data | None:
        """Returns the sound that was waiting for it."""
        for data, since in self._datas.get(name.key, {}).items():
            if name.is_given or now - since <= TOGETHER_S:
                _drop(self._datas, name, data)
                self._pairs.append(_Pair(control, now, data, since))
                return data
        self._controls.setdefault(name.key, {})[control] = now
        return None

    def add_data(self, name: ClientName, data: Data, now: float) -> Control | None:
        """Returns the control connection that was waiting for it."""
        waiting = self._controls.get(name.key)
        if not waiting:
            self._datas.setdefault(name.key, {})[data] = now
            return None
        # Clients that open theirs in the same moment do it in order; who waits for longer may want no sound.
        together = (control for control, since in waiting.items() if now - since <= TOGETHER_S)
        control = next(together, [*waiting][-1])
        self._pairs.append(_Pair(control, waiting[control], data, now))
        _drop(self._controls, name, control)
        return control

    def data_of(self, control: Control) -> Data | None:
        """The sound that a control connection commands; None: it has not come yet."""
        return next((pair.data for pair in self._pairs if pair.control is control), None)

    def remove_control(self, name: ClientName, control: Control) -> tuple[Control, Data] | None:
        """The connection has closed; returns another one that waited for its sound, with that."""
        _drop(self._controls, name, control)
        pair = next((pair for pair in self._pairs if pair.control is control), None)
        if pair is None:
            return None
        self._pairs.remove(pair)
        for other, since in self._controls.get(name.key, {}).items():
            if name.is_given or abs(since - pair.data_since) <= TOGETHER_S:
                _drop(self._controls, name, other)
                self._pairs.append(pair._replace(control=other, control_since=since))
                return other, pair.data
        self._datas.setdefault(name.key, {})[pair.data] = pair.data_since
        return None

    def remove_data(self, name: ClientName, data: Data) -> None:
        """The sound has ended; its control connection waits for the next."""
        _drop(self._datas, name, data)
        for pair in [pair for pair in self._pairs if pair.data is data]:
            self._pairs.remove(pair)
            self._controls.setdefault(name.key, {})[pair.control] = pair.control_since


def _drop(waiting: dict[str, dict[Any, float]], name: ClientName, one: object) -> None:
    left = waiting.get(name.key, {})
    left.pop(one, None)
    if not left:
        waiting.pop(name.key, None)
