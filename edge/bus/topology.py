"""Who talks to whom: what each process may send on which wire, and where the sockets lie.

A socket lies in a folder that its binder owns and nobody else may write in. A feed's folder may be entered
by the guide's whole group. A pipe has a socket for each sender, in a folder that only this sender may enter
beside the receiver (``systemd/tmpfiles.d`` makes them on a device). So the socket on which a message comes
says who has sent it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, get_args

from edge.messages import (
    AnyMessage,
    Caption,
    Control,
    Dropped,
    Guess,
    GuessVoid,
    Hearing,
    Heat,
    Kind,
    Message,
    Playback,
    PlayedSound,
    PoolHoldings,
    ProcessName,
    ProcessState,
    Progress,
    Speech,
    StopRequest,
    Trigger,
    Turn,
)


class Sends(NamedTuple):
    """What one process may send on one wire."""

    process: ProcessName
    types: tuple[type[Message], ...]
    kinds: tuple[Kind, ...] = ()
    """The kinds of its triggers."""

    def refusal(self, message: AnyMessage) -> str | None:
        """Why this message is not taken from this process, in one line; None: it is."""
        if not isinstance(message, self.types):
            allowed = ", ".join(each.__name__ for each in self.types)
            return f"{self.process} may send {allowed}, and sent {type(message).__name__}"
        if isinstance(message, Trigger) and message.kind not in self.kinds:
            allowed = ", ".join(self.kinds)
            return f"{self.process} may send triggers of kind {allowed}, and sent {message.kind}"
        if isinstance(message, ProcessState) and message.process != self.process:
            return f"{self.process} may tell its own state, and told that of {message.process}"
        return None


class Pipe(NamedTuple):
    """A pipe's ends."""

    receiver: ProcessName
    senders: tuple[Sends, ...]

    def of(self, sender: ProcessName) -> Sends:
        """Raises LookupError: it is none of the senders."""
        for sends in self.senders:
            if sends.process == sender:
                return sends
        raise LookupError(f"{sender} sends nothing to {self.receiver}")


PIPES: dict[str, Pipe] = {
    "triggers": Pipe(
        "commentator",
        (
            Sends("ingest", (Trigger,), ("remark", "announcement", "safety")),
            Sends("listener", (Trigger, Guess, GuessVoid, StopRequest), ("answer", "announcement")),
        ),
    ),
    "speech": Pipe("speaker", (Sends("commentator", get_args(Speech)),)),
}
FEEDS: dict[ProcessName, Sends] = {
    sends.process: sends
    for sends in (
        Sends("ingest", (ProcessState, Control)),
        Sends("listener", (ProcessState, Hearing, Caption)),
        Sends("commentator", (ProcessState, Progress, Turn, Dropped)),
        Sends("speaker", (ProcessState, Progress, Playback, PlayedSound, PoolHoldings)),
        Sends("telemetry", (ProcessState, Heat)),
    )
}
"""Process → what its feed carries."""

PROCESSES: tuple[ProcessName, ...] = tuple(FEEDS)
"""The processes of a running guide, in the order in which they are started. Each one binds a feed."""
UNITS = tuple(f"shuttle-guide-{process}.service" for process in PROCESSES)
"""The units of systemd, in the same order."""
HEARD_FROM_WITHIN_S = 3.0
"""Each tells its state once a second: one that is silent for so long plays nothing and hears nobody."""


def process_folder(runtime_dir: str | Path, process: ProcessName) -> Path:
    """Where ``process`` alone may write."""
    return Path(runtime_dir) / process


def feed_path(runtime_dir: str | Path, process: ProcessName) -> Path:
    """Socket file of the feed that ``process`` publishes."""
    return process_folder(runtime_dir, process) / "feed"


def pipe_path(runtime_dir: str | Path, pipe: str, sender: ProcessName) -> Path:
    """Socket file on which a pipe's receiver waits for this sender."""
    ends = PIPES[pipe]
    return Path(runtime_dir) / f"{ends.receiver}.{ends.of(sender).process}" / pipe
