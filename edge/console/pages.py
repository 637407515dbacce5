"""Pages and their parts: which there are, what each one is made of, and how it is made anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from edge.clock import Moment
from edge.console import pictures, turn_view
from edge.console.effective_settings import EffectiveSetting
from edge.console.now import GuideNow, Subject
from edge.console.static_files import address_of
from edge.console.words import NAMES, PageWords, words_in
from edge.messages import LANGUAGES, Language
from edge.recent import Recent
from edge.spending.price import Cost, prices_of
from edge.spending.report import CostReport
from edge.telemetry.costs import TurnCost
from edge.telemetry.payloads import RUNG_PREFIXES, TurnPayload
from edge.vitals.heat import RESTS, hottest_c

SHOWN_TURNS = 25
KEPT_PARTS = 500
"""In all languages, and for triggers that were tried lately."""
KEPT_TURNS = 500
"""Drawings of turns, in all languages."""
SETTINGS_LAST_S = 10.0
VOLUME_STEP = 0.1


class PagePart(NamedTuple):
    """A part of a page, by the name of its template (``part_NAME.html``)."""

    name: str
    subjects: tuple[Subject, ...]


PAGES: dict[str, tuple[PagePart, ...]] = {
    "driver": (
        PagePart("condition", ("processes", "alarms")),
        PagePart("now", ("playback", "turns")),
        PagePart("heard", ("hearing", "caption", "control", "processes")),
        PagePart("controls", ("control", "playback")),
    ),
    "engineer": (
        PagePart("alarms", ("alarms",)),
        PagePart("live", ("live",)),
        PagePart("turns", ("turns",)),
        PagePart("pictures", ("turns",)),
        PagePart("drops", ("drops", "processes")),
        PagePart("rungs", ("processes",)),
        PagePart("processes", ("processes",)),
        PagePart("pool", ("pool",)),
        PagePart("cost", ("cost",)),
        PagePart("vitals", ("alarms",)),
        PagePart("fleet", ("processes",)),
    ),
    "try": (PagePart("condition", ("processes", "alarms")), PagePart("tried", ("live", "turns", "drops"))),
    "desk": (),
}
"""Page → its parts, in their order."""


class Pages:
    """Makes pages and parts; a part that several pages show at once is made once.

    Args:
        settings_rows: those in force.
    """

    def __init__(
        self,
        now: GuideNow,
        link_status: Callable[[], tuple[bool, str]],
        settings_rows: Callable[[], list[EffectiveSetting]],
    ) -> None:
        self._now = now
        self._link_status = link_status
        self._read_settings = settings_rows
        self._rows: tuple[float, list[EffectiveSetting]] = (float("-inf"), [])
        self._templates = Environment(
            loader=PackageLoader("edge.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals["static"] = address_of
        self._templates.filters["clock"] = lambda at: time.strftime("%H:%M:%S", time.localtime(at))
        for name in self._templates.list_templates():  # compiled now: the first reader shall not wait for it
            self._templates.get_template(name)
        self._made = Recent[tuple[str, Language, str], tuple[tuple[int, ...], str]](KEPT_PARTS)
        self._turns = Recent[tuple[object, ...], str](KEPT_TURNS)

    def page(self, name: str, language: Language, **more: Any) -> str:
        """The whole page."""
        parts = self.parts(name, language) if name in PAGES else {}
        return self._render(f"{name}.html", language, page=name, parts=parts, **more)

    def fragment(self, name: str, language: Language, **more: Any) -> str:
        """A piece of a page that somebody has asked for."""
        return self._render(f"{name}.html", language, **more)

    def parts(self, page: str, language: Language, tried: str = "") -> Mapping[str, str]:
        """Id → content of all parts of a page. ``tried``: the id of a trigger that this reader has sent."""
        return {part.name: self._part(part, language, tried) for part in PAGES[page]}

    def _settings_rows(self) -> list[EffectiveSetting]:
        """Files are read for them, so not for each reader anew."""
        now_mono = time.monotonic()
        if now_mono - self._rows[0] > SETTINGS_LAST_S:
            self._rows = (now_mono, self._read_settings())
        return self._rows[1]

    def _part(self, part: PagePart, language: Language, tried: str) -> str:
        key = (part.name, language, tried)
        versions = tuple(self._now.versions[subject] for subject in part.subjects)
        made = self._made.get(key)
        if made is None or made[0] != versions:
            content = self._render(f"part_{part.name}.html", language, tried=tried)
            self._made[key] = made = (versions, content)
        return made[1]

    def _render(self, template: str, language: Language, **more: Any) -> str:
        now, words = self._now, words_in(language)
        connected, link = self._link_status()
        return self._templates.get_template(template).render(
            guide=now,
            settings=now.settings,
            t=words,
            language=language,
            languages=[(each, NAMES[each]) for each in LANGUAGES],
            connected=connected,
            link=link,
            view=_View(now, self._settings_rows, words, partial(self._turn, language)),
            **more,
        )

    def _turn(self, language: Language, turn: TurnPayload, scale_ms: float, *, open: bool = False) -> str:
        """A turn that has ended changes no more: it is drawn once for all who look, on each scale."""
        key = (language, turn.turn_id, scale_ms, open)
        if (made := self._turns.get(key)) is None:
            made = self._render("turn.html", language, turn=turn, scale_ms=scale_ms, open=open)
            self._turns[key] = made
        return made


class _View:
    """What templates ask for beyond what is told as it is; each is made only where it is shown."""

    def __init__(
        self,
        now: GuideNow,
        settings_rows: Callable[[], list[EffectiveSetting]],
        words: PageWords,
        turn: Callable[..., str],
    ) -> None:
        self._now = now
        self._words = words
        self._prices = prices_of(now.settings)
        self.settings_rows = settings_rows
        self.turn = turn
        self.bar = turn_view.bar
        self.waterfall = turn_view.waterfall
        self.slowest = turn_view.slowest
        self.troubles = turn_view.troubles
        self.rests = RESTS

    def missing(self) -> str:
        """Processes that the guide lacks, for people; empty: none."""
        return ", ".join(self._words(f"process.{name}") for name in self._now.missing)

    def last_said(self) -> Any:
        """The last turn whose words may be told; None: there is none."""
        return next((turn for turn in reversed(self._now.turns) if turn.text), None)

    def own_scale(self, turn: Any) -> float:
        return turn_view.scale_of([turn])

    def cost_of_turns(self) -> list[tuple[str, str, str]]:
        """Kind, how many ended today, and the money of one."""
        report = CostReport(self._now.books, self._prices, self.date(), self._now.ceiling)
        unknown = self._words("page.unknown")
        return [
            (kind, turns, unknown if cells[-1] == "unknown" else cells[-1])
            for kind, turns, *cells in report.of_turns()
        ]

    def money(self, cost: TurnCost) -> str:
        """What a turn cost; where nothing of it has a price, that."""
        known = Cost(cost.money, cost.unknown)
        return known.short if known.is_known or known.money else self._words("page.unknown")

    def turns(self) -> list[Any]:
        """The last ones, the newest first."""
        return list(self._now.turns)[: -SHOWN_TURNS - 1 : -1]

    def longest_ms(self) -> float:
        return turn_view.scale_of(self.turns())

    def is_late(self, turn: Any) -> bool:
        return turn_view.is_late(turn, self._now.settings.telemetry.slow_turn_ms)

    def sounds(self) -> str:
        return pictures.first_sounds(self._now.points, time.time(), self._words)

    def shares(self, of: str) -> str:
        names = [getattr(turn.rungs, of) for turn in self._now.turns if turn.ttfa_ms is not None]
        return pictures.shares(names, self._words(f"engineer.share_{of}s"), self._words)

    def drive(self, figures: dict[str, Any]) -> str:
        return pictures.drive(figures["outcomes"], figures["duration_s"], self._words)

    def dropped(self) -> list[tuple[str, int]]:
        return sorted(self._now.state(self.date()).dropped.items(), key=lambda item: -item[1])

    def last_drops(self) -> list[Any]:
        return list(self._now.drops)[:-9:-1]

    def rungs(self) -> list[tuple[str, str]]:
        return [
            (name, fact)
            for state in self._now.states.values()
            for name, fact in state.facts.items()
            if name.startswith(RUNG_PREFIXES)
        ]

    def facts(self, process: str, prefix: str = "") -> list[tuple[str, str]]:
        state = next((each for name, each in self._now.states.items() if name == process), None)
        found = state.facts.items() if state else ()
        return [(name, fact) for name, fact in found if name.startswith(prefix)]

    def raised(self) -> list[Any]:
        return [alarm for alarm in self._now.alarms.values() if alarm.raised]

    def cost(self) -> Any:
        return self._now.cost(self.date())

    def hottest(self) -> float | None:
        return hottest_c(self._now.vitals.temperatures_c) if self._now.vitals else None

    def tried(self, trigger_id: str) -> tuple[Any, Any, Any]:
        """The trigger's live turn, its ended turn, why it was dropped; each None where it is not so."""
        live = next((each for each in self._now.live.values() if each.trigger_id == trigger_id), None)
        ended = next((each for each in reversed(self._now.turns) if each.trigger_id == trigger_id), None)
        dropped = next((each for each in reversed(self._now.drops) if each.trigger_id == trigger_id), None)
        return live, ended, dropped

    def volume_step(self, direction: int) -> float:
        """The volume one step louder (1) or quieter (-1)."""
        playback = self._now.playback
        volume = playback.volume if playback else self._now.settings.speaker.volume
        return round(min(1.0, max(0.0, volume + direction * VOLUME_STEP)), 2)

    @staticmethod
    def date() -> str:
        return Moment.now().date
