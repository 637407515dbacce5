"""What passengers and the guide say, of the news that its processes tell. Pure; time is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.bus.topology import TIMINGS
from edge.messages import (
    Caption,
    Hearing,
    Language,
    Occasion,
    Playback,
    ProcessState,
    Progress,
    Stage,
    Turn,
)
from edge.recent import Recent

NEWS = (Hearing, Caption, Progress, Playback, Turn, ProcessState)
"""What is watched for it."""
MOST_EXCHANGES = 200
"""The last ones of a ride that is watched for hours; they are kept in memory alone."""


@dataclass
class ShownExchange:
    """One utterance with what the guide answered, or a turn that nobody asked for."""

    id: str
    heard: str = ""
    """What a passenger said; empty: nobody asked."""
    language: Language | None = None
    final: bool = False
    addressed: bool = False
    occasion: Occasion | None = None
    said: str = ""
    """What the guide says, as far as it has sounded; at its end all that did."""
    kind: str = ""
    """Kind of the turn, once that has ended."""
    ended: str = ""
    """How its turn ended: ``spoken``, ``interrupted``, ``failed``; empty: it goes on, or there is none."""
    stages_ms: dict[Stage, float] = field(default_factory=dict)
    """Stage → milliseconds since the passenger fell silent; of other turns since the trigger came."""


class ConversationLog:
    """Keeps the last exchanges and the state of the microphone."""

    def __init__(self) -> None:
        self._exchanges = Recent[str, ShownExchange](MOST_EXCHANGES)
        self._hearing: Hearing | None = None
        self._heard_mono = float("-inf")
        self._listener: ProcessState | None = None
        self._told_mono = float("-inf")

    @property
    def exchanges(self) -> list[ShownExchange]:
        """The exchanges, the oldest first."""
        return list(self._exchanges.values())

    def hearing(self, now_mono: float) -> Hearing | None:
        """What the microphone hears now; None: nobody tells it, or not any more."""
        return self._hearing if now_mono - self._heard_mono < TIMINGS[Hearing].fresh_s else None

    def listener(self, now_mono: float) -> ProcessState | None:
        """How the listener is; None: no guide runs here."""
        return self._listener if now_mono - self._told_mono < TIMINGS[ProcessState].fresh_s else None

    def take(self, news: object, now_mono: float) -> ShownExchange | None:
        """Account for a message; returns the exchange that it belongs to, if any."""
        match news:
            case Hearing():
                self._hearing, self._heard_mono = news, now_mono
            case ProcessState(process="listener"):
                self._listener, self._told_mono = news, now_mono
            case Caption():
                return self._take_caption(news)
            case Progress(turn_id=turn_id):
                exchange = self._of(turn_id)
                exchange.stages_ms[news.stage] = news.since_received_ms
                return exchange
            case Playback(turn_id=str(turn_id), heard=heard) if heard:
                exchange = self._of(turn_id)
                exchange.said = exchange.said if exchange.ended else heard
                return exchange
            case Turn():
                return self._take_turn(news)
        return None

    def _take_caption(self, caption: Caption) -> ShownExchange:
        exchange = self._of(caption.segment_id)
        if not exchange.final:  # else an interim one that was overtaken
            exchange.heard, exchange.language = caption.text, caption.language
            exchange.final, exchange.addressed = caption.final, caption.addressed
            exchange.occasion = caption.occasion
        return exchange

    def _take_turn(self, turn: Turn) -> ShownExchange:
        exchange = self._of(turn.turn_id)
        exchange.said, exchange.kind = turn.text, turn.kind
        exchange.ended = f"{turn.outcome} ({turn.reason})" if turn.reason else turn.outcome
        exchange.stages_ms = dict(stages_ms(turn))
        return exchange

    def _of(self, exchange_id: str) -> ShownExchange:
        exchange = self._exchanges.get(exchange_id)
        if exchange is None:
            exchange = self._exchanges[exchange_id] = ShownExchange(exchange_id)
        return exchange


def stages_ms(turn: Turn) -> Mapping[Stage, float]:
    """Stage → milliseconds since the passenger fell silent, where one asked; else since the trigger came."""
    times = dict(turn.stages)
    zero_mono = times.get("speech_end", times.get("received"))
    if zero_mono is None:
        return {}
    return {stage: 1000 * (mono - zero_mono) for stage, mono in turn.stages if mono >= zero_mono}
