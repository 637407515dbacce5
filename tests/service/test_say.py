"""``shuttle-guide say``: shown as it is said, or played."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path

import pytest

from tests.support.command import Ended, shuttle_guide
from tests.support.guide import clean_environment

LEXICON = """
[ru]
Nuanu = "Нуаану"
"Убуд" = { stress = "У́буд" }
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    site = tmp_path / "site"
    site.mkdir()
    (site / "lexicon.toml").write_text(LEXICON, "utf-8")
    return clean_environment(tmp_path, 1) | {
        "SHUTTLE_GUIDE_SHUTTLE__SITE_DIR": str(site),
        "SHUTTLE_GUIDE_SPEAKER__VOICES": "espeak",
        "SHUTTLE_GUIDE_SPEAKER__OUTPUT": f"wav:{tmp_path}/said.wav",
    }


async def say(environment: dict[str, str], folder: Path, *arguments: str) -> Ended:
    return await shuttle_guide("say", *arguments, environment=environment, folder=folder)


async def test_it_prints_what_all_voices_are_given_and_what_one_of_them_is(
    environment: dict[str, str], tmp_path: Path
) -> None:
    ended = await say(environment, tmp_path, "До Nuanu 5 км, Убуд [[a]] далеко.", "--show")
    assert (ended.exit_code, ended.out) == (0, "До Нуаану пять километров, Убуд ((эй)) далеко.\n")
    ended = await say(environment, tmp_path, "Вот Убуд.", "--show", "--voice", "espeak")
    assert ended.out == "Вот У́буд.\n"
    ended = await say(environment, tmp_path, "5 km", "--show", "--language", "id")
    assert ended.out == "lima kilometer\n"


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
async def test_it_plays_it(environment: dict[str, str], tmp_path: Path) -> None:
    ended = await say(environment, tmp_path, "До Nuanu 5 км.")
    assert ended.exit_code == 0, ended.err
    with wave.open(f"{tmp_path}/said.wav") as wav:
        assert wav.getnframes() > wav.getframerate()


async def test_what_cannot_be_done_is_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    ended = await say(environment, tmp_path, "Вот", "--voice", "openai")
    assert ended.exit_code == 1
    assert ended.err.strip() == "say: the voice openai is not configured: it needs its key, or its model"
