"""Prometheus metrics of one process, on a loopback port of its own.

They are made of what the process tells on its feed, so nothing else has to know of them. Labels are names of
stages, kinds, outcomes and rungs alone: an id or a text would be a new series each time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from importlib import metadata

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from edge.bus import FeedPublisher
from edge.bus.topology import NEWS, PROCESSES
from edge.config import MetricsSettings
from edge.messages import Feed, Playback, PoolHoldings, ProcessName, ProcessState, Spending, Stage, Turn
from edge.metric_levels import LEVELS
from edge.spending.lines import lines_of

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
PREFIX = "shuttle_guide"
BUCKETS_S = (0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0)
"""From a pool hit to a remark that nobody waits for any more."""
RUNG_FACTS = ("model", "answers", "voice", "recognizer")
TEXT_STAGES: frozenset[Stage] = frozenset({"first_token", "first_text"})
SOUND_STAGES: frozenset[Stage] = frozenset({"first_audio", "first_sample", "first_content", "last_sample"})


class Metrics:
    """Keeps the metrics up to date with the messages that it is shown."""

    def __init__(self, process: ProcessName) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[str, int] = {}
        own = self.registry
        ProcessCollector(namespace=PREFIX, registry=own)
        build = Info(
            f"{PREFIX}_build", "Version of the guide, and which of its processes this is", registry=own
        )
        build.info({"version": metadata.version("shuttle-guide"), "process": process})
        self._ready = Gauge(f"{PREFIX}_ready", "1: the process can do its work", registry=own)
        self._rung_usable = Gauge(
            f"{PREFIX}_rung_usable", "0: the circuit breaker skips it", ["stage", "rung"], registry=own
        )
        self._levels = _Levels()
        own.register(self._levels)
        own.register(_Events(self._counters))
        if Spending in NEWS[process]:
            self._spent_today = Gauge(
                f"{PREFIX}_spent_today",
                "What the process has asked of paid services today",
                ["service", "purpose", "unit"],
                registry=own,
            )
        if Turn in NEWS[process]:
            self._stage_seconds = Histogram(
                f"{PREFIX}_turn_stage_seconds",
                "Time from the event (answers: from the end of the question) to a stage of its turn",
                ["stage", "kind", "rung"],
                buckets=BUCKETS_S,
                registry=own,
            )
            self._turns = Counter(
                f"{PREFIX}_turns",
                "Ended turns, by whose words and whose voice came first",
                ["kind", "outcome", "model", "voice"],
                registry=own,
            )
        if PoolHoldings in NEWS[process]:
            self._output_open = Gauge(f"{PREFIX}_output_open", "1: the audio device is open", registry=own)
            self._pool = {
                name: Gauge(f"{PREFIX}_pool_{name}", text, registry=own)
                for name, text in (
                    ("entries", "Texts whose sound is held"),
                    ("waiting", "Texts that wait to be voiced"),
                    ("stored_bytes", "What the pool takes on the disk"),
                    ("characters_today", "Voiced ahead since midnight"),
                    ("characters_left", "Of today's budget"),
                )
            }

    def observe(self, message: Feed) -> None:
        """Take a message of this process's feed into account."""
        match message:
            case Turn():
                self._take_turn(message)
            case ProcessState():
                self._take_state(message)
            case Spending():
                self._take_spending(message)
            case Playback():
                self._output_open.set(message.output == "open")
            case PoolHoldings():
                self._pool["entries"].set(len(message.entries))
                for name in ("waiting", "stored_bytes", "characters_today", "characters_left"):
                    self._pool[name].set(getattr(message, name))

    def _take_turn(self, turn: Turn) -> None:
        model, voice = next(iter(turn.models), "none"), next(iter(turn.voices), "none")
        self._turns.labels(turn.kind, turn.outcome, model, voice).inc()
        reached = dict(reversed(turn.stages))  # the first time counts
        asked_mono = reached.pop("speech_end" if turn.kind == "answer" else "received", None)
        if asked_mono is None:
            return
        for stage, mono in reached.items():
            if mono >= asked_mono:
                rung = model if stage in TEXT_STAGES else voice if stage in SOUND_STAGES else "none"
                self._stage_seconds.labels(stage, turn.kind, rung).observe(mono - asked_mono)

    def _take_state(self, state: ProcessState) -> None:
        self._ready.set(state.ready)
        self._counters.update(state.counters)
        for fact, value in state.facts.items():
            stage, _, rung = fact.partition(".")
            if stage in RUNG_FACTS and rung:
                self._rung_usable.labels(stage, rung).set(value == "ok")
        self._levels.now = state.levels

    def _take_spending(self, spending: Spending) -> None:
        self._spent_today.clear()
        for line, amounts in lines_of(spending.days.get(spending.today, {})).items():
            for unit, amount in amounts.items():
                self._spent_today.labels(line.service, line.purpose, unit).set(amount)


class _Levels(Collector):
    """What rises and falls, as it was told last; what is told no more is gone."""

    def __init__(self) -> None:
        self.now: Mapping[str, float] = {}

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        told = self.now
        for name, level in LEVELS.items():
            kind = CounterMetricFamily if level.only_rises else GaugeMetricFamily
            family = kind(f"{PREFIX}_{level.metric}", level.meaning, labels=level.labels)
            for key, value in sorted(told.items()):
                first, *labels = key.split(".", len(level.labels))
                if first == name and len(labels) == len(level.labels):
                    family.add_metric(labels, value)
            if family.samples:
                yield family


class _Events(Collector):
    """The process's own counters: refused messages, dropped triggers by reason, …"""

    def __init__(self, counters: dict[str, int]) -> None:
        self._counters = counters

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            f"{PREFIX}_events", "What was counted since the process started", labels=["event"]
        )
        for name, count in sorted(self._counters.copy().items()):
            family.add_metric([name], count)
        yield family
        # There from the start: of a counter that appears when it has risen nobody sees that it rose.
        refused = CounterMetricFamily(f"{PREFIX}_refused_messages", "Messages that were not taken")
        refused.add_metric(
            [], sum(n for name, n in self._counters.copy().items() if name.startswith("refused."))
        )
        yield refused


class MeteredFeed(FeedPublisher):
    """A feed whose messages become metrics, too."""

    def __init__(self, runtime_dir: str, process: ProcessName, settings: MetricsSettings) -> None:
        super().__init__(runtime_dir, process)
        self._metrics = Metrics(process)
        serve(self._metrics, process, settings)

    def publish(self, message: Feed) -> None:
        self._metrics.observe(message)
        super().publish(message)

    def keep(self, message: Feed) -> None:
        self._metrics.observe(message)
        super().keep(message)


def serve(metrics: Metrics, process: ProcessName, settings: MetricsSettings) -> None:
    """Answer scrapes on the process's port until it ends. A port that is taken is told and does no harm."""
    port = settings.port + PROCESSES.index(process)
    try:
        start_http_server(port, LOOPBACK, metrics.registry)
    except OSError as error:
        log.error("no metrics: port %d of metrics.port is not free (%s); set another", port, error.strerror)
