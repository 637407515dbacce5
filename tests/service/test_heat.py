"""Telemetry reads a hot board, the commentator does without its local model; a dead telemetry is no heat."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from bench.clouds import CloudEmulator, Profile, server
from bench.guide_process import GuideProcess
from edge.clouds.clients import NO_KEY
from edge.heat_news import TOO_HOT
from tests.support.commentator_alone import CommentatorAlone
from tests.support.patient import patient
from tests.support.recorded_tree import DATA

QUICK = Profile(name="quick", first_token_s=0.02, connection_setup_s=0.01)
TELEMETRY = """\
import sys
from pathlib import Path
from edge.vitals import heat
from edge.vitals.tree import Tree
heat.COOL_S = 1.0
Tree.__init__.__defaults__ = (Path(sys.argv.pop(1)),)
from edge.cli.main import main
sys.exit(main())
"""
"""The process as it is, on a board of the test's own that need not be cool for half a minute."""


class Board:
    """A recorded Orin whose temperature can be set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(DATA / "jetson-orin-jp6" / "sys", folder / "sys")
        (self._zone,) = (
            path.parent
            for path in folder.glob("sys/class/thermal/thermal_zone*/type")
            if path.read_text().startswith("tj")
        )
        self.heat(50)

    def heat(self, celsius: float) -> None:
        (self._zone / "temp").write_text(f"{celsius * 1000:.0f}\n")


async def test_a_hot_board_does_without_its_local_model_until_it_is_cool_or_nobody_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "OPENAI_KEY", NO_KEY)  # the emulated service is a local one here
    board = Board(tmp_path / "board")
    async with CloudEmulator(QUICK) as clouds:
        settings = {
            "SHUTTLE_GUIDE_LOCAL__BASE_URL": clouds.env()["SHUTTLE_GUIDE_OPENAI__BASE_URL"],
            "SHUTTLE_GUIDE_LOCAL__MODEL": "gpt-4.1-nano",
            "SHUTTLE_GUIDE_COMMENTATOR__AHEAD__ENABLED": "false",
        }
        async with (
            patient(CommentatorAlone(tmp_path, settings)) as guide,
            GuideProcess(guide.environment, "telemetry", ("-c", TELEMETRY, str(board.folder))) as telemetry,
        ):
            assert (await guide.remark(text="храм впереди")).models == ("local",)

            def state() -> str:
                return guide.state.facts["model.local"] if guide.state else ""

            board.heat(91)
            await guide.until(lambda: state() == TOO_HOT, "the heat to be heard")
            hot = await guide.remark(text="море справа")
            assert (hot.models, hot.outcome) == (("phrasebook",), "spoken")
            told = lambda words: telemetry.log().count(words)  # noqa: E731
            await guide.until(lambda: told("the board is hot (91 °C): ") > 0, "the journal")
            board.heat(80)
            await guide.until(lambda: state() == "ok", "it to be cool")
            await guide.until(lambda: told("the board is cool again (80 °C)") > 0, "the journal")
            assert told("the board is hot (91 °C): ") == 1
            assert (await guide.remark(text="рынок слева")).models == ("local",)

            board.heat(97)
            await guide.until(lambda: state() == TOO_HOT, "the heat to be heard")
            os.kill(telemetry.pids()["telemetry"], signal.SIGKILL)
            await guide.until(lambda: state() == "ok", "silence to be taken for nothing")
            assert (await guide.remark(text="лес впереди")).models == ("local",)
