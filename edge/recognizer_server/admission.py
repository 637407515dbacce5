"""Whether one more client is taken. Pure."""

from __future__ import annotations

from typing import NamedTuple

MAX_WAIT_S = 10.0
"""Where the oldest utterance waits longer, one more client would make it worse for all."""


class ClientRefusal(NamedTuple):
    """Why a client is not taken."""

    why: str
    """For people: what is so, and what to do."""
    code: str
    """``draining``, ``no_recognizer``, ``full``, ``full_for_address`` or ``overloaded``, for programs."""
    retry_after_s: float


class ClientBounds(NamedTuple):
    """How many there may be."""

    clients: int
    per_address: int


def refusal(
    bounds: ClientBounds, *, clients: int, of_address: int, longest_wait_s: float, draining: bool, works: bool
) -> ClientRefusal | None:
    """Why a client is not taken; None: it is.

    Args:
        clients: there are so many now.
        of_address: and so many from where this one comes.
        longest_wait_s: the oldest utterance of all waits so long.
        draining: the server is about to stop.
        works: there is a recognizer that can be used.
    """
    if draining:
        return ClientRefusal("the recognizer server is stopping: connect again in a moment", "draining", 5.0)
    if not works:
        return ClientRefusal("no recognizer works here: the server's journal says why", "no_recognizer", 30.0)
    if clients >= bounds.clients:
        return ClientRefusal(
            f"{clients} clients are connected, and no more are taken (recognizer_server.max_clients)",
            "full",
            30.0,
        )
    if of_address >= bounds.per_address:
        return ClientRefusal(
            f"{of_address} clients are connected from this address, and no more are taken from there "
            "(recognizer_server.clients_per_address)",
            "full_for_address",
            30.0,
        )
    if longest_wait_s > MAX_WAIT_S:
        return ClientRefusal(
            f"more is said than can be recognised: the oldest utterance waits for {longest_wait_s:.0f} s",
            "overloaded",
            MAX_WAIT_S,
        )
    return None
