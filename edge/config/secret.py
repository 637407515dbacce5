"""Keys and passwords that keep to themselves."""

from __future__ import annotations

from edge.masking import remember


class Secret:
    """A key or password that does not show itself in a log, an error or a dump."""

    def __init__(self, value: str) -> None:
        self._value = value
        remember(value)

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
