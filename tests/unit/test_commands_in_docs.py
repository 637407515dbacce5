"""Every command that the pages name exists, with the options that they give it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from edge.cli.arguments import make_parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`shuttle-guide ([^`]+)`")
CALLED = re.compile(r"^(?:[\w./~-]*/)?shuttle-guide\s+(.+)$")


def lines_of(page: Path) -> list[str]:
    """The calls in a page's blocks of shell, without what the shell makes of their output."""
    blocks = "\n".join(BLOCK.findall(page.read_text("utf-8"))).replace("\\\n", " ")
    calls = (CALLED.match(line.strip()) for line in blocks.splitlines())
    return [re.split(r"\s[|>&]", call[1])[0] for call in calls if call]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_calls_in_blocks_are_understood(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in lines_of(page):
        arguments = shlex.split(line, comments=True)
        if arguments[:2] == ["bench", "asr"]:
            arguments[:2] = ["bench-asr"]
        try:
            make_parser().parse_args(arguments)
        except SystemExit:
            pytest.fail(f"{page.name}: shuttle-guide {line}\n{capsys.readouterr().err}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_sentences_exist(page: Path) -> None:
    told = make_parser().format_help()
    known = set(re.findall(r"^    ([a-z-]+) ", told, re.MULTILINE)) | {"-h", "--version"}
    named = {call.split()[0] for call in INLINE.findall(page.read_text("utf-8"))}
    assert {name for name in named if name.islower() and name not in known} == set()


def test_what_is_no_command_is_found() -> None:
    assert lines_of(ROOT / "docs" / "desk.md")[0] == "listen                      # until Ctrl-C"
    with pytest.raises(SystemExit):
        make_parser().parse_args(["listen", "--louder"])
