"""A site's lexicon: an alias for every voice, stress and phonemes for those on this machine."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from edge.config import ConfigError, load
from edge.doctor.speaking import check_speaking
from edge.site.lexicon import Lexicon, LexiconError, parse_lexicon
from edge.site.lexicon_file import LexiconFile
from edge.speaker.speller import Speller

GOOD = """
[ru]
Nuanu = "Нуану"
"Убуд" = { stress = "У́буд" }
"Luna Beach" = { alias = "Луна Бич", phonemes = "lun'a b'itS", ipa = "lunˈa bˈitʃ" }
[en]
Canggu = { phonemes = "tS'aNgu:" }
"""


def lexicon_of(text: str) -> Lexicon:
    return parse_lexicon(text)


def test_every_voice_gets_the_alias_and_local_ones_what_else_is_known() -> None:
    lexicon = lexicon_of(GOOD)
    assert lexicon.aliases == {"ru": {"Nuanu": "Нуану", "Luna Beach": "Луна Бич"}}
    assert lexicon.pronounced("Вот Луна Бич, за ним Убуд.", "ru", "espeak") == (
        "Вот [[lun'a b'itS]], за ним У́буд."
    )
    assert lexicon.pronounced("Вот Луна Бич, за ним Убуд.", "ru", "piper") == (
        "Вот [[lunˈa bˈitʃ]], за ним У́буд."
    )
    assert lexicon.pronounced("«убуд»!", "ru", "espeak") == "«У́буд»!"
    assert lexicon.pronounced("Canggu and Ubud", "en", "espeak") == "[[tS'aNgu:]] and Ubud"
    assert lexicon.pronounced("Canggu and Ubud", "en", "piper") == "Canggu and Ubud"
    assert lexicon.pronounced("Убуду", "ru", "espeak") == "Убуду", "a whole name, no part of a word"


def test_an_empty_one_changes_nothing_and_each_change_changes_its_hash() -> None:
    assert lexicon_of("") == Lexicon()
    assert lexicon_of("[ru]") == Lexicon()
    assert Lexicon().pronounced("Убуд", "ru", "espeak") == "Убуд"
    hashes = {lexicon_of(text).hash for text in (GOOD, GOOD.replace("Нуану", "Нуаану"), "[id]\nA = 'B'")}
    assert len(hashes) == 3
    assert lexicon_of(GOOD + "\n# a comment\n").hash == lexicon_of(GOOD).hash


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[ru\n", "expected TOML"),
        ("[de]\nA = 'B'", "expected a table of names for each of ru, en, id"),
        ("[ru]\nA = 5", "[ru] 'A': expected a text, or a table of texts"),
        ("[ru]\nA = { said = 'B' }", "said"),
        ("[ru]\nA = { }", "[ru] 'A': expected alias, stress, phonemes or ipa, came none"),
        ("[ru]\nA = ''", "[ru] 'A': alias: expected 1 to 100 characters"),
        ("[ru]\nA = '[[b]]'", "[ru] 'A': alias: expected no brackets, came '[[b]]'"),
        ("[ru]\nA = { phonemes = 'a]] <b' }", "phonemes: expected no brackets"),
        ('[ru]\nA = "b\\u0001"', "expected 1 to 100 characters in one line"),
        ("[ru]\nA = '!'", "expected what begins and ends with letters, came '!'"),
        ("[ru]\nA = { stress = 'B' }", "stress: expected 'A' with U+0301"),
        (f"[ru]\nA = '{'b' * 101}'", "expected 1 to 100 characters"),
    ],
)
def test_a_bad_one_is_refused_in_one_line(text: str, told: str) -> None:
    with pytest.raises(LexiconError) as error:
        lexicon_of(text)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_the_file_is_read_anew_and_a_bad_one_leaves_the_former(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "lexicon.toml"
    speller = Speller(LexiconFile(str(tmp_path)))
    plain = speller.fingerprint
    assert not speller.refresh(), "no file is no lexicon"
    path.write_text(GOOD, "utf-8")
    assert speller.refresh()
    assert not speller.refresh()
    first = speller.fingerprint
    assert first != plain
    path.write_text("[ru\n", "utf-8")
    with caplog.at_level(logging.ERROR):
        assert not speller.refresh()
        assert not speller.refresh()
    assert speller.fingerprint == first
    assert speller.pronounced("Убуд", "ru", "espeak") == "У́буд"
    assert [str(path) in record.getMessage() for record in caplog.records] == [True], "one line, once"
    path.write_text(GOOD.replace("У́буд", "Убу́д"), "utf-8")
    assert speller.refresh()
    assert speller.pronounced("Убуд", "ru", "espeak") == "Убу́д"
    path.unlink()
    assert speller.refresh()
    assert speller.fingerprint == plain


def test_a_link_is_not_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "other.toml").write_text(GOOD, "utf-8")
    (tmp_path / "lexicon.toml").symlink_to(tmp_path / "other.toml")
    assert LexiconFile(str(tmp_path)).lexicon == Lexicon()
    assert len(caplog.records) == 1


def test_a_folder_that_is_not_there_is_a_bad_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"shuttle\.site_dir .* expected a folder that exists"):
        LexiconFile(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("content", "verdict", "told"),
    [
        (GOOD, "ok", "2 names have an alias"),
        ("", "ok", "0 names have an alias"),
        ("[ru\n", "absent", "expected TOML"),
        (None, "absent", "no such folder"),
    ],
)
def test_the_doctor_tells_whether_it_can_be_used(
    tmp_path: Path, content: str | None, verdict: str, told: str
) -> None:
    folder = tmp_path / "site"
    if content is not None:
        folder.mkdir()
        (folder / "lexicon.toml").write_text(content, "utf-8")
    settings = load({"SHUTTLE_GUIDE_SHUTTLE__SITE_DIR": str(folder)}, dotenv=None)
    check = next(check for check in check_speaking(settings) if check.name == "lexicon")
    assert check.verdict == verdict
    assert told in check.actual
