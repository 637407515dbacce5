"""The speaker process: speech in, sound out; what was really played goes back as news."""

from __future__ import annotations

from functools import partial

from edge.bus.topology import SPEECH
from edge.clock import Moment
from edge.config import state_dir_of
from edge.messages import (
    Control,
    PoolDiscard,
    PoolVoice,
    ProcessState,
    Speech,
    SpeechCancel,
    SpeechDuck,
    SpeechEnd,
    SpeechOpener,
    SpeechPrepare,
    SpeechStart,
    SpeechText,
)
from edge.meter import Meter
from edge.process import Health, Life
from edge.site.lexicon_file import LexiconFile
from edge.speaker.guide_words_news import GuideWordsNews
from edge.speaker.health import speaker_health
from edge.speaker.output_factory import configured_output
from edge.speaker.playback_news import PlaybackNews
from edge.speaker.played_sound import PlayedSoundTeller
from edge.speaker.player import Player
from edge.speaker.pool.fingerprint import heard_settings
from edge.speaker.pool.pool import SoundPool
from edge.speaker.speller import Speller
from edge.speaker.spoken_turns import SpokenTurns
from edge.speaker.voice_levels import VoiceLevels
from edge.speaker.voices import make_voices
from edge.speaker.voices.rungs import VoiceRungs
from edge.spending.ledger_file import LedgerFile, path_of


class Speaker:
    """The process: speech goes to the turns and to the pool, control to the player, and news to the feed."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._settings = settings = life.settings.speaker
        self._speller = Speller(LexiconFile(life.settings.shuttle.site_dir))
        self._spending = LedgerFile(path_of(life.settings, life.name))
        self._spending.open(Moment.now())
        self._meter = Meter(life, self._spending)
        voices = make_voices(life.settings, self._speller)
        self._voices = VoiceRungs(life.settings, voices, self._speller, life.counters, self._meter.note)
        self._levels = VoiceLevels(
            state_dir_of(life.settings, life.name), partial(heard_settings, life.settings)
        )
        self._player = Player(
            configured_output(settings),
            settings.sample_rate,
            volume=settings.volume,
            jitter_ms=settings.jitter_ms,
            on_state=lambda state: self._turns.take_device(state),
            levels=self._levels,
        )
        self._player.tell_sound(PlayedSoundTeller(life.feed, life.instance, settings.sample_rate).take)
        self._pool = SoundPool(life, self._voices.best, self._speller, self._meter, lambda: bool(self._turns))
        self._words = GuideWordsNews(life, lambda: self._turns.sounding)
        self._news = PlaybackNews(life, self._player, lambda: self._turns.sounding, self._words)
        self._turns = SpokenTurns(
            self._voices.ladder, self._pool, self._player, self._news, life.counters, self._speller.form
        )
        self._pool_fill_at_ms: int | None = None

    async def start(self) -> None:
        self._player.start()
        await self._voices.start()
        self._life.spawn(self._spending.keep(), "keeping what was spent")
        self._levels.load()
        self._life.spawn(self._levels.keep(), "keeping how loud the voices are")
        self._meter.start()
        await self._pool.start()
        for held in await self._pool.examples():
            spoken = held.header.text.language
            self._player.learn_voice(held.header.rung, spoken, held.samples, held.header.sample_rate)
        self._life.receive_from(SPEECH, self._take)
        self._life.spawn(self._watch_feeds(), "watching ingest and commentator")
        self._life.spawn(self._news.follow(), "telling how far it was heard")
        self._life.spawn(self._words.follow(), "telling the words that sound")
        self._life.spawn(self._speller.follow(self._pool.respell), "watching the lexicon")
        self._warming_up = self._life.spawn(self._voices.warm_up(), "warming up")
        self._news.tell()

    async def stop(self) -> None:
        self._turns.cancel_all("the guide stops")
        await self._pool.close()
        await self._player.close()
        await self._voices.close()
        self._spending.close(Moment.now())
        self._levels.save()
        self._news.tell()

    def health(self) -> Health:
        if underflows := self._player.underflows:
            self._life.counters["underflows"] = underflows
        return speaker_health(
            self._settings.output,
            self._voices,
            self._player,
            self._pool,
            is_warm=self._warming_up.done(),
            busy=bool(self._turns),
        )

    def _take(self, message: Speech) -> None:
        """A message from the speech pipe."""
        match message:
            case SpeechPrepare():
                self._prepare(message)
            case SpeechOpener():
                self._turns.open(message)
                self._prepare(message)
            case SpeechStart():
                self._turns.begin(message)
            case SpeechText():
                self._turns.add(message)
            case SpeechEnd():
                self._turns.close(message.turn_id)
            case SpeechCancel():
                self._turns.cancel(message.turn_id, message.reason)
            case SpeechDuck():
                self._player.duck(message.on)
            case PoolVoice():
                self._pool.voice(message)
            case PoolDiscard():
                self._pool.discard(message)

    def _prepare(self, message: SpeechPrepare | SpeechOpener) -> None:
        """Text of this turn will follow."""
        self._pool.live()
        self._player.prepare()
        self._voices.prepare(message.language)

    async def _watch_feeds(self) -> None:
        async for message in self._life.watch(Control, ProcessState, of=("ingest", "commentator")):
            match message:
                case Control():
                    self._obey(message)
                case ProcessState(process="commentator"):
                    self._turns.orphan_all_but(message.instance)

    def _obey(self, control: Control) -> None:
        known, self._pool_fill_at_ms = self._pool_fill_at_ms, control.pool_fill_at_ms
        if known is not None and control.pool_fill_at_ms > known:
            self._pool.hurry()
        volume = self._settings.volume if control.volume is None else control.volume
        if (control.muted, volume) != (self._player.muted, self._player.volume):
            self._player.set_volume(volume, muted=control.muted)
            self._news.tell()
