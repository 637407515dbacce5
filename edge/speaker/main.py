"""The speaker process: speech in, sound out; what was really played goes back as news."""

from __future__ import annotations

import asyncio
import logging
import time

from edge.config import ConfigError
from edge.config import Speaker as SpeakerSettings
from edge.journal import turn_fields
from edge.messages import (
    AnyMessage,
    Control,
    PoolDiscard,
    PoolVoice,
    ProcessState,
    Progress,
    SpeechCancel,
    SpeechDuck,
    SpeechEnd,
    SpeechOpener,
    SpeechPrepare,
    SpeechReport,
    SpeechStart,
    SpeechText,
)
from edge.process import Health, Life
from edge.recent import Recent
from edge.speaker.output import Output
from edge.speaker.output_factory import make_output
from edge.speaker.output_thread import OutputState
from edge.speaker.playback_news import PlaybackNews
from edge.speaker.played_sound import PlayedSoundTeller
from edge.speaker.player import Player
from edge.speaker.pool.pool import Pool
from edge.speaker.spoken_turn import SpokenTurn
from edge.speaker.voices import make_voices
from edge.speaker.voices.bounded import BoundedRung
from edge.speaker.voices.ladder import make_voice_ladder

log = logging.getLogger(__name__)

REMEMBERED_DEAD_TURNS = 256
LOST_DEVICE_PATIENCE_S = 10.0


class Speaker:
    """Gives each turn a voice and the player its tracks."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._settings = life.settings.speaker
        self._voices = make_voices(life.settings)
        bounded = [BoundedRung(voice, self._count_endless) for voice in self._voices]
        self._ladder = make_voice_ladder(life.settings, bounded)
        self._player = Player(
            _output(self._settings),
            self._settings.sample_rate,
            volume=self._settings.volume,
            jitter_ms=self._settings.jitter_ms,
            on_state=self._note_device,
        )
        teller = PlayedSoundTeller(life.feed, life.instance, self._settings.sample_rate)
        self._player.tell_sound(teller.take)
        self._turns: dict[str, SpokenTurn] = {}
        self._pool = Pool(life, self._voices[0], is_live=lambda: bool(self._turns))
        self._dead: Recent[str, str] = Recent(REMEMBERED_DEAD_TURNS)
        self._news = PlaybackNews(life, self._player, self._sounding, self._settings.volume)
        self._pool_fill_at_ms: int | None = None
        self._lost_device: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        self._player.start()
        for voice in self._voices:
            await voice.start()
        await self._pool.start()
        for held in await self._pool.examples():
            self._player.learn_voice(held.header.rung, held.samples, held.header.sample_rate)
        self._life.receive_from("speech", self._take)
        self._life.spawn(self._watch_feeds(), "watching ingest and commentator")
        self._life.spawn(self._news.follow(), "telling how far it was heard")
        self._warming_up = self._life.spawn(self._ladder.warm_up(), "warming up")
        self._news.tell()

    async def stop(self) -> None:
        for turn in list(self._turns.values()):
            turn.cancel("the guide stops")
        await self._pool.close()
        await self._player.close()
        await self._ladder.close()
        await asyncio.gather(*(voice.close() for voice in self._voices))
        self._news.tell()

    def health(self) -> Health:
        if underflows := self._player.underflows:
            self._life.counters["underflows"] = underflows
        states = self._ladder.states()
        best = next((name for name, state in states.items() if state == "ok"), None)
        troubles = [f"{name}: {state}" for name, state in states.items() if state != "ok"]
        device = self._player.state
        status = f"speaking via {best or 'nothing'} to {self._settings.output} ({device.name})"
        if device.name != "open":
            troubles.append(device.reason)
        if self._pool.is_on:
            status += f"; {self._pool.size} in pool"
        if troubles:
            status += "; " + "; ".join(troubles)
        facts = {f"voice.{name}": state for name, state in states.items()}
        facts["buffer"] = f"{self._player.buffer_s * 1000:.0f} ms"
        facts["pool"] = self._pool.fact
        facts["output"] = f"{self._settings.output}: {'open' if device.name == 'open' else device.reason}"
        ready = best is not None and self._warming_up.done()
        levels = {f"budget_s.voice.{name}": budget_s for name, budget_s in self._ladder.budgets_s().items()}
        return Health(ready, status, facts, levels, working=self._player.working)

    def _take(self, message: AnyMessage) -> None:
        """A message from the speech pipe."""
        match message:
            case SpeechPrepare():
                self._prepare(message)
            case SpeechOpener():
                self._open(message)
                self._prepare(message)
            case SpeechStart():
                self._begin(message)
            case SpeechText():
                if turn := self._turns.get(message.turn_id):
                    turn.add(message.text, message.pool_entry)
                    if turn.sounding:
                        self._news.tell()
            case SpeechEnd():
                if turn := self._turns.get(message.turn_id):
                    turn.close()
            case SpeechCancel():
                self._kill(message.turn_id, message.reason)
            case SpeechDuck():
                self._player.duck(message.on)
            case PoolVoice():
                self._pool.voice(message)
            case PoolDiscard():
                self._pool.discard(message)
            case _:
                log.error("speech pipe: expected speech, got %s", type(message).__name__)

    def _prepare(self, message: SpeechPrepare | SpeechOpener) -> None:
        """Text of this turn will follow."""
        self._pool.live()
        self._player.prepare()
        for voice in self._voices:
            voice.prepare(message.turn_id, message.language)

    def _begin(self, start: SpeechStart) -> None:
        if reason := self._dead.get(start.turn_id):
            # Cancelled or replaced before it got here.
            self._end(
                SpeechReport(turn_id=start.turn_id, outcome="interrupted", reason=reason, spoken_text="")
            )
            return
        self._forget_all_but(start.sender)
        # What is less important goes, whether or not the commentator still knew of it; an opener is no more
        # important than text, whatever it is about.
        lower = [
            turn_id
            for turn_id, turn in self._turns.items()
            if turn_id != start.turn_id and turn.priority < start.priority + (not turn.has_text)
        ]
        for turn_id in dict.fromkeys((*start.replaces, *lower)):
            self._kill(turn_id, f"replaced by turn {start.turn_id}")
        self._player.duck(False)
        self._pool.live()
        turn = self._turns.get(start.turn_id) or self._new_turn(start)
        turn.begin(start)
        log.info("speaking: %d characters first", len(start.text), extra=turn_fields(start.turn_id))

    def _open(self, opener: SpeechOpener) -> None:
        """Play an opener, unless anything else has the floor or it comes too late."""
        turn = self._turns.get(opener.turn_id)
        held, obstacle = None, self._obstacle(opener, turn)
        if not obstacle:
            held = self._pool.take(opener.pool_entry, opener.text, opener.language)
        if held is None:
            reason = obstacle or "not_held"
            self._life.counters[f"openers.not_played.{reason}"] += 1
            log.info("its opener is not played: %s", reason, extra=turn_fields(opener.turn_id, reason=reason))
            return
        self._life.counters["openers.played"] += 1
        self._forget_all_but(opener.sender)
        (turn or self._new_turn(opener)).open_with(opener, held)
        if turn and turn.sounding:
            self._news.tell()

    def _obstacle(self, opener: SpeechOpener, turn: SpokenTurn | None) -> str | None:
        """Why an opener may not be played now."""
        if any(turn_id != opener.turn_id for turn_id in self._turns):
            return "another_turn"
        if turn and turn.has_text:
            return "text_is_there"
        if opener.turn_id in self._dead or opener.expires_mono <= time.monotonic():
            return "late"
        return None if self._player.state.name == "open" else "no_device"

    def _new_turn(self, first: SpeechStart | SpeechOpener) -> SpokenTurn:
        turn = self._turns[first.turn_id] = SpokenTurn(
            first,
            self._ladder,
            self._pool.take,
            self._player,
            on_stage=self._tell_stage,
            on_end=self._end,
        )
        return turn

    def _kill(self, turn_id: str, reason: str) -> None:
        self._dead[turn_id] = reason
        if turn := self._turns.get(turn_id):
            turn.cancel(reason)

    def _end(self, report: SpeechReport) -> None:
        self._pool.live()
        self._turns.pop(report.turn_id, None)
        self._news.ended(report)
        self._life.counters[f"speech.{report.outcome}"] += 1
        log.info(
            "speech %s by %s",
            report.outcome,
            "+".join(report.voices) or "no voice",
            extra=turn_fields(report.turn_id, outcome=report.outcome),
        )
        self._news.tell()

    async def _watch_feeds(self) -> None:
        async for message in self._life.watch({"ingest": [Control], "commentator": [ProcessState]}):
            if isinstance(message, Control):
                self._obey(message)
            elif isinstance(message, ProcessState) and message.process == "commentator":
                self._forget_all_but(message.instance)

    def _forget_all_but(self, commentator: str) -> None:
        """A new commentator knows nothing of what an old one began, and will not end it."""
        for turn in list(self._turns.values()):
            if turn.sender != commentator:
                turn.orphan("the commentator restarted")

    def _obey(self, control: Control) -> None:
        known, self._pool_fill_at_ms = self._pool_fill_at_ms, control.pool_fill_at_ms
        if known is not None and control.pool_fill_at_ms > known:
            self._pool.hurry()
        volume = self._settings.volume if control.volume is None else control.volume
        if (control.muted, volume) == (self._news.muted, self._news.volume):
            return
        self._news.muted, self._news.volume = control.muted, volume
        self._player.set_muted(control.muted)
        self._player.set_volume(volume)
        self._news.tell()

    def _note_device(self, state: OutputState) -> None:
        if self._lost_device:
            self._lost_device.cancel()
        if state.name == "absent":
            loop = asyncio.get_running_loop()
            self._lost_device = loop.call_later(LOST_DEVICE_PATIENCE_S, self._give_up_sounding)
        self._news.tell()

    def _give_up_sounding(self) -> None:
        """What was cut off so long ago is not gone on with when the device comes back."""
        for turn in list(self._turns.values()):
            if turn.sounding:
                turn.give_up("the audio device was lost")

    def _tell_stage(self, progress: Progress) -> None:
        self._life.feed.publish(progress)
        if progress.stage in ("first_sample", "first_content"):
            self._news.tell()  # who listens must know at once that the guide is heard, and with which words

    def _count_endless(self, rung: str) -> None:
        self._life.counters[f"voice.endless.{rung}"] += 1

    def _sounding(self) -> SpokenTurn | None:
        return next((turn for turn in self._turns.values() if turn.sounding), None)


def _output(settings: SpeakerSettings) -> Output:
    try:
        return make_output(settings.output, settings.sample_rate, settings.buffer_ms / 1000)
    except ValueError as error:
        raise ConfigError(f"config: {error}") from error
