"""The table of the guide: its processes, who sends what into which pipe, and what each one tells on its feed.

A socket lies in a folder that its binder owns and nobody else may write in. A feed's folder may be entered
by the guide's whole group. A pipe has a socket for each sender, in a folder that only this sender may enter
beside the receiver (``systemd/tmpfiles.d`` makes them on a device). So the socket on which a message comes
says who has sent it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar, get_args

from edge.messages import (
    AnyMessage,
    CancelRequest,
    Caption,
    Control,
    CostCeiling,
    Dropped,
    Feed,
    Guess,
    GuessVoid,
    GuideWords,
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
    Reports,
    Speech,
    Spending,
    StopRequest,
    Trigger,
    Triggers,
    Turn,
    VolumeOrder,
)

CLASSES: dict[ProcessName, str] = {
    "ingest": "edge.ingest.main.Ingest",
    "listener": "edge.listener.main.Listener",
    "commentator": "edge.commentator.main.Commentator",
    "speaker": "edge.speaker.main.Speaker",
    "telemetry": "edge.telemetry.main.Telemetry",
    "console": "edge.console.main.Console",
}
"""Process → its class, imported by the process that runs it and by no other."""
PROCESSES: tuple[ProcessName, ...] = tuple(CLASSES)
"""The processes of a running guide, in the order in which they are started. Each one binds a feed."""
GUIDING: tuple[ProcessName, ...] = tuple(name for name in PROCESSES if name != "console")
"""Without any of these the guide is not ready; the console only looks on."""
UNITS = tuple(f"shuttle-guide-{process}.service" for process in PROCESSES)
"""The units of systemd, in the same order."""

M = TypeVar("M", bound=Message)


class Sends(NamedTuple, Generic[M]):
    """What one process may send on one wire."""

    process: ProcessName
    types: tuple[type[M], ...]
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
        if isinstance(message, ProcessState | Spending) and message.process != self.process:
            what = "state" if isinstance(message, ProcessState) else "spending"
            return f"{self.process} may tell its own {what}, and told that of {message.process}"
        return None


class Pipe(NamedTuple, Generic[M]):
    """A pipe that carries messages of the union ``M``, and its ends."""

    name: str
    receiver: ProcessName
    senders: tuple[Sends[M], ...]

    def of(self, sender: ProcessName) -> Sends[M]:
        """Raises LookupError: it is none of the senders."""
        for sends in self.senders:
            if sends.process == sender:
                return sends
        raise LookupError(f"{sender} sends nothing to {self.receiver}")


TRIGGERS: Pipe[Triggers] = Pipe(
    "triggers",
    "commentator",
    (
        Sends("ingest", (Trigger, CancelRequest), ("remark", "answer", "announcement", "safety")),
        Sends("listener", (Trigger, Guess, GuessVoid, StopRequest), ("answer", "announcement")),
    ),
)
SPEECH: Pipe[Speech] = Pipe("speech", "speaker", (Sends("commentator", get_args(Speech)),))
REPORTS: Pipe[Reports] = Pipe("reports", "telemetry", (Sends("commentator", get_args(Reports)),))
"""How turns ended, where there is a fleet: a feed waits for nobody, and none of this must be lost."""
ORDERS: Pipe[VolumeOrder] = Pipe("orders", "ingest", (Sends("listener", (VolumeOrder,)),))
PIPES: tuple[Pipe[Any], ...] = (TRIGGERS, SPEECH, REPORTS, ORDERS)


class Timing(NamedTuple):
    """How often news of one type are told, and how long they count. Seconds."""

    period_s: float = math.inf
    """Told so often, changed or not; infinite: once, when it happens."""
    fresh_s: float = math.inf
    """What was not told again for so long counts no more: its teller hangs or has died."""
    refresh_s: float = math.inf
    """What changes all the time is told so often meanwhile."""


FRESH_S = 3.0
"""Three heartbeats of a second."""
ONCE = Timing()
STATE: dict[type[Feed], Timing] = {ProcessState: Timing(period_s=1.0, fresh_s=FRESH_S)}
PAYS: dict[type[Feed], Timing] = {Spending: Timing(period_s=10.0)}
"""What the processes tell too that ask paid services."""
NEWS: dict[ProcessName, dict[type[Feed], Timing]] = {
    "ingest": STATE | {Control: Timing(period_s=1.0)},
    "listener": STATE | PAYS | {Hearing: Timing(period_s=1.0, fresh_s=FRESH_S, refresh_s=0.5), Caption: ONCE},
    "commentator": STATE
    | PAYS
    | {Progress: ONCE, Turn: ONCE, Dropped: ONCE, CostCeiling: Timing(period_s=1.0)},
    "speaker": STATE
    | PAYS
    | {
        Progress: ONCE,
        Playback: Timing(period_s=1.0, fresh_s=FRESH_S, refresh_s=0.2),
        GuideWords: Timing(period_s=1.0, fresh_s=FRESH_S, refresh_s=0.1),
        PlayedSound: ONCE,
        PoolHoldings: Timing(period_s=10.0),
    },
    "telemetry": STATE | {Heat: Timing(period_s=2.0, fresh_s=8.0)},
    "console": STATE,
}
"""Process → what its feed carries. Holdings are large, and what changes in them is told at once."""
FEEDS = {process: Sends(process, tuple(news)) for process, news in NEWS.items()}
TIMINGS = {kind: timing for news in NEWS.values() for kind, timing in news.items()}
HEARTBEAT_S = TIMINGS[ProcessState].period_s


def feeds_with(types: Sequence[type[M]], of: Iterable[ProcessName]) -> dict[ProcessName, tuple[type[M], ...]]:
    """Which of these processes tell any of these types on their feeds, and which each one tells.

    Raises:
        LookupError: one of the types is told by none of them.
    """
    carried = {process: tuple(each for each in types if each in NEWS[process]) for process in of}
    for each in types:
        if not any(each in kinds for kinds in carried.values()):
            raise LookupError(f"no feed of {', '.join(carried)} carries {each.__name__}")
    return {process: kinds for process, kinds in carried.items() if kinds}


def process_folder(runtime_dir: str | Path, process: ProcessName) -> Path:
    """Where ``process`` alone may write."""
    return Path(runtime_dir) / process


def feed_path(runtime_dir: str | Path, process: ProcessName) -> Path:
    """Socket file of the feed that ``process`` publishes."""
    return process_folder(runtime_dir, process) / "feed"


def pipe_path(runtime_dir: str | Path, pipe: Pipe[Any], sender: ProcessName) -> Path:
    """Socket file on which a pipe's receiver waits for this sender."""
    return Path(runtime_dir) / f"{pipe.receiver}.{pipe.of(sender).process}" / pipe.name
