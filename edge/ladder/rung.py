"""What a rung of a ladder is: one way to do a stage's work, which may fail."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol, TypeVar

from edge.error_lines import one_line, reason_of

Request = TypeVar("Request", contravariant=True)
Output = TypeVar("Output", covariant=True)


ABOUT_THE_REQUEST = (400, 413, 422)
"""HTTP statuses of a service that is well and does not take this request."""


class RungError(Exception):
    """A rung could not do its work; the text is for the journal and names what to do where that is known.

    Args:
        reason: in our own words; those of others only through ``error_lines.reason_of`` or ``codes_in``.
        retry_after_s: the service asked to be left alone this long.
        permanent: asking again will not help until somebody changes something (bad key, unknown model).
        hung: it was waited for in vain.
        blameless: this rung cannot do this request (a language that it does not speak) and is well otherwise.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after_s: float | None = None,
        permanent: bool = False,
        hung: bool = False,
        blameless: bool = False,
    ) -> None:
        super().__init__(one_line(reason))
        self.retry_after_s = retry_after_s
        self.permanent = permanent
        self.hung = hung
        self.blameless = blameless


class RequestError(RungError):
    """The rung answered, and it may be for this request that it refused or gave nothing that can be used."""


def as_rung_error(error: BaseException) -> RungError:
    """Whatever a rung raised, as a RungError."""
    if isinstance(error, RungError):
        return error
    if isinstance(error, TimeoutError):
        return RungError("timed out")
    return RungError(reason_of(error))


class Rung(Protocol[Request, Output]):
    """One rung. It streams ``Output``; None is no output yet, but a sign of life."""

    name: str
    paid: bool
    """Each attempt costs money, so hedging with it is capped."""
    local: bool
    """Needs no network: usable where nothing may wait for a cloud."""

    def open(self, request: Request) -> AsyncGenerator[Output | None, None]:
        """Do the work. Closing the iterator early stops it everywhere.

        Raises:
            RungError: at any point, also after some output.
        """
        ...

    async def probe(self) -> None:
        """Find out cheaply whether ``open`` would work now; raises RungError when not.

        Where the last request was given up without any output it is no less than a tiny one of its kind: a
        service that hangs may well keep its connections.
        """
        ...
