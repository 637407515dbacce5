"""``python -m bench.asr`` goes on from what it heard, and judges it by the rules of today."""

from __future__ import annotations

from pathlib import Path

from bench.asr import Heard, HearingResults, rows, takes
from edge.config import Settings
from edge.listener.options import make_addressee
from edge.messages import LANGUAGES, Language
from tests.support.passengers import passengers, sentences


def heard(sentence: str, text: str, meant: str = "answer", language: Language = "ru", **told: str) -> Heard:
    conditions = {"condition": "clean", "noise": ""} | told
    return Heard(
        language=language, sentence=sentence, held_out=False, voice="a voice", meant=meant, text=text,
        found=language, recognizer="faster_whisper", sound_s=2.0, took_s=1.0, cpu_s=0.5, **conditions,
    )  # fmt: skip


def test_what_was_heard_is_in_the_file_at_once_and_is_known_to_the_next_run(tmp_path: Path) -> None:
    file = tmp_path / "new/heard.jsonl"
    first, again = heard("Гид!", "гит"), heard("Гид!", "гид")
    noisy = heard("Гид!", "", condition="0 dB", noise="bus")
    HearingResults(file).note(first)
    other = HearingResults(file)
    other.note(noisy)
    assert [*HearingResults(file).heard.values()] == [first, noisy]
    other.note(again)
    assert [*HearingResults(file).heard.values()] == [again, noisy], (
        "a take counts once, as it was heard last"
    )


def test_without_a_file_nothing_is_kept() -> None:
    results = HearingResults(None)
    results.note(heard("Гид!", "гид"))
    assert len(results.heard) == 1
    assert not HearingResults(None).heard


def test_the_table_counts_words_calls_and_what_was_obeyed() -> None:
    takes = [
        heard("Гид, что это за храм?", "гид, что за храм?"),
        heard("Гид, что это?", "что это"),
        heard("Стоп.", "стоп", meant="stop"),
        heard("Мы устали.", "гид, где мы?", meant="nothing", condition="0 dB", noise="babble"),
    ]
    made = {row.name: row for row in rows(takes, make_addressee(Settings()))}
    row = made["ru, all"]
    assert (row.takes, row.calls_found, row.obeyed, row.calls_imagined) == (4, "1/2", "1/1", "1/1")
    assert row.errors == (1 + 1 + 0 + 3) / (5 + 3 + 1 + 2)
    assert (row.real_time_factor, row.cpu_factor, row.language_right) == (0.5, 0.25, 1.0)
    assert [*made] == ["ru, all", "ru, seen", "ru, clean", "ru, 0 dB", "ru, in babble"]


def test_each_take_has_a_name_of_its_own() -> None:
    for language in (one for one in LANGUAGES if passengers(one)):
        made = [take.key for take in takes(language)]
        assert len(made) == len(set(made)) > 3 * len(sentences(language))
