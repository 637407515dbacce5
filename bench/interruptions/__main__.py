"""``python -m bench.interruptions``: who speaks, coughs or laughs over the guide, and what comes of it.

Full duplex with the echo cancelled in software (in half duplex nobody is heard meanwhile, and nothing is
stopped). Needs Whisper base in the models folder (``make real-models``) and the voices of ``bench.asr``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from bench.interruptions.scenes import FALSE, SoundKind, scenes
from bench.interruptions.surroundings import KeptTranscripts
from bench.interruptions.trial import LEVELS_DB, SceneOutcome, play
from edge.config import Settings, load
from edge.drive import simulated_time
from edge.messages import LANGUAGES
from tests.support.real_models import FOLDER

LOWERED_S = 0.7


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.interruptions", description=__doc__)
    parser.add_argument("--language", action="append", choices=LANGUAGES, help="several; default: all")
    parser.add_argument("--kind", action="append", choices=get_args(SoundKind), help="several; default: all")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one scene of so many")
    parser.add_argument(
        "--interim", action="store_true", help="with interim transcripts; takes twice as long"
    )
    parser.add_argument("--folder", type=Path, default=Path("out/interruptions"), help="default: %(default)s")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    settings = _settings()
    transcripts = KeptTranscripts(settings, options.folder / "transcripts.jsonl", interim=options.interim)
    found: list[SceneOutcome] = []
    told = options.folder / f"outcomes-{'-'.join(options.language or ['all'])}.jsonl"
    told.write_text("", encoding="utf-8")

    def note(outcome: SceneOutcome) -> None:
        found.append(outcome)
        with told.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")

    for language in options.language or LANGUAGES:
        kinds = options.kind or get_args(SoundKind)
        chosen = [scene for scene in scenes(language) if scene.kind in kinds][:: options.every]
        print(f"{language}: {len(chosen)} scenes", file=sys.stderr)
        simulated_time.run(play(language, chosen, settings, transcripts, note))
    show(Console(width=None if sys.stdout.isatty() else 120), found)
    return 0


def _settings() -> Settings:
    settings = load({}, dotenv=None)
    listener = replace(settings.listener, duplex="full", echo="software")
    return replace(settings, listener=listener, models_dir=str(FOLDER))


def show(console: Console, found: Sequence[SceneOutcome]) -> None:
    table = Table(title=f"{len(found)} scenes")
    for column in ("", "source", "scenes", "obeyed", "median s", "stopped for nothing", "lowered ≤ 0.7 s"):
        table.add_column(column)
    meant = [one for one in found if one.meant != "nothing"]
    for kind in dict.fromkeys(one.kind for one in found):
        own = [one for one in found if one.kind == kind]
        for source in dict.fromkeys((one.language, one.source) for one in own):
            table.add_row(
                kind, " ".join(source), *_cells([x for x in own if (x.language, x.source) == source])
            )
    for language in dict.fromkeys(one.language for one in meant):
        table.add_row("meant", language, *_cells([one for one in meant if one.language == language]))
    for level in LEVELS_DB:
        table.add_row("meant", f"{level} dB", *_cells([one for one in meant if one.above_db == level]))
    table.add_row("meant", "all", *_cells(meant))
    for kind in FALSE:
        table.add_row(kind, "all", *_cells([one for one in found if one.kind == kind]))
    table.add_row("not meant", "all", *_cells([one for one in found if one.meant == "nothing"]))
    console.print(table)


def _cells(own: Sequence[SceneOutcome]) -> tuple[str, str, str, str, str]:
    if not own:
        return "0", "", "", "", ""
    if own[0].meant != "nothing":
        after = [one.after_s for one in own if one.obeyed and one.after_s is not None]
        median = f"{statistics.median(after):.2f}" if after else ""
        return str(len(own)), _share([one.obeyed for one in own]), median, "", ""
    stopped = [one.done != "nothing" for one in own]
    lowered = [one.lowered_s <= LOWERED_S for one in own]
    return str(len(own)), "", "", _share(stopped), _share(lowered)


def _share(true: Sequence[bool]) -> str:
    return f"{sum(true)} ({sum(true) / len(true):.0%})"


if __name__ == "__main__":
    sys.exit(main())
