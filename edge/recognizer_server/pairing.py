"""Which control connection belongs to which sound, as clients open the two apart. Pure.

They have the same name, which a client gives itself (``?client=NAME``), else its address. Of several with one
name the first that waits is taken, whichever of the two came first; a control connection that only looks
whether somebody is there, and closes, leaves nothing behind.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Control = TypeVar("Control")
Data = TypeVar("Data")


class Pairs(Generic[Control, Data]):
    """The open connections, and who belongs to whom."""

    def __init__(self) -> None:
        self._controls: dict[str, list[Control]] = {}
        self._datas: dict[str, list[Data]] = {}
        self._data_of: list[tuple[Control, Data]] = []

    def add_control(self, name: str, control: Control) -> Data | None:
        """Returns the sound that was waiting for it."""
        waiting = self._datas.get(name)
        if waiting:
            data = waiting.pop(0)
            self._data_of.append((control, data))
            return data
        self._controls.setdefault(name, []).append(control)
        return None

    def add_data(self, name: str, data: Data) -> Control | None:
        """Returns the control connection that was waiting for it."""
        waiting = self._controls.get(name)
        if waiting:
            control = waiting.pop(0)
            self._data_of.append((control, data))
            return control
        self._datas.setdefault(name, []).append(data)
        return None

    def data_of(self, control: Control) -> Data | None:
        """The sound that a control connection commands; None: it has not come yet."""
        return next((data for each, data in self._data_of if each is control), None)

    def remove_control(self, name: str, control: Control) -> None:
        """The connection has closed; its sound has no other."""
        self._drop(self._controls, name, control)
        self._data_of = [pair for pair in self._data_of if pair[0] is not control]

    def remove_data(self, name: str, data: Data) -> None:
        """The sound has ended; its control connection waits for the next."""
        self._drop(self._datas, name, data)
        left = [control for control, each in self._data_of if each is data]
        self._data_of = [pair for pair in self._data_of if pair[1] is not data]
        for control in left:
            self._controls.setdefault(name, []).append(control)

    @staticmethod
    def _drop(waiting: dict[str, list[Control]] | dict[str, list[Data]], name: str, one: object) -> None:
        left = [each for each in waiting.pop(name, ()) if each is not one]
        if left:
            waiting[name] = left  # type: ignore[assignment]
