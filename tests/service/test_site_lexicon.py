"""What a site calls its places reaches every voice, also when it changes while the guide runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.clouds import CloudEmulator
from edge.messages import SpeechEnd
from edge.speaker.voices.base import WORD
from tests.support.patient import patient
from tests.support.pooled import pool_text
from tests.support.speaker_alone import EAGER_POOL, SpeakerAlone
from tests.support.speaking_guide import QUICK

TEXT = "Остановка Nuanu слева."
SILENT = {"SHUTTLE_GUIDE_SPEAKER__OUTPUT": "null"}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    bring(folder, '[ru]\nNuanu = "Нуана"\n')
    return folder


def bring(site: Path, lexicon: str) -> None:
    """Nobody sees half of it."""
    (site / "new").write_text(lexicon, "utf-8")
    (site / "new").replace(site / "lexicon.toml")


def given(clouds: CloudEmulator) -> list[str]:
    """Every text that the cloud's voice was given, oldest first, but the word that it is tried with."""
    outputs = [output.text.strip() for record in clouds.requests("elevenlabs") for output in record.outputs]
    return [text for text in outputs if text not in WORD.values()]


async def test_the_voice_says_the_alias_while_reports_and_positions_have_the_written_text(
    tmp_path: Path, site: Path
) -> None:
    async with CloudEmulator(QUICK) as clouds:
        environment = {**SILENT, **clouds.env(), "SHUTTLE_GUIDE_SHUTTLE__SITE_DIR": str(site)}
        async with patient(SpeakerAlone(tmp_path / "s", environment)) as speaker:
            speaker.say("turn", TEXT, whole=False)
            await speaker.until_stage("turn", "first_sample")
            await speaker.until(lambda: speaker.playback is not None and bool(speaker.playback.text), "news")
            assert speaker.playback is not None
            assert speaker.playback.text == TEXT
            assert speaker.playback.spoken == "Остановка Нуана слева."
            speaker.send(SpeechEnd(turn_id="turn"))
            report = await speaker.report("turn")
        assert (report.outcome, report.spoken_text, report.voices) == ("spoken", TEXT, ("elevenlabs",))
        assert given(clouds) == ["Остановка Нуана слева."]


async def test_a_changed_lexicon_counts_at_once_and_voids_what_was_voiced_before(
    tmp_path: Path, site: Path
) -> None:
    async with CloudEmulator(QUICK) as clouds:
        settings = {"SHUTTLE_GUIDE_SHUTTLE__SITE_DIR": str(site)}
        environment = {**SILENT, **EAGER_POOL, **clouds.env(), **settings}
        async with patient(SpeakerAlone(tmp_path / "s", environment)) as speaker:
            await speaker.fill(pool_text(TEXT, entry_id="before"))
            assert speaker.holdings is not None
            voice = speaker.holdings.voice
            bring(site, "[ru\n")
            await speaker.until(lambda: "lexicon.toml: expected TOML" in speaker.log(), "a line")
            assert speaker.held == {"before"}, "the former one stays"
            bring(site, '[ru]\nNuanu = "Нуаану"\n')
            await speaker.until(lambda: not speaker.held, "entries to be void")
            assert speaker.holdings.voice != voice
            speaker.say("turn", TEXT)
            await speaker.report("turn")
        assert set(given(clouds)) == {"Остановка Нуана слева.", "Остановка Нуаану слева."}
        assert speaker.log().count("lexicon.toml: expected TOML") == 1
