"""THIRD_PARTY.md is what the lock and the installed packages say."""

from __future__ import annotations

import re

import pytest

from scripts import third_party

FREE_TO_BRING = re.compile(
    r"(?:(?:0BSD|Apache-2\.0|BSD-[23]-Clause|CC0-1\.0|EPL-2\.0|LGPL-2\.1-or-later|MIT|MIT-0|MPL-2\.0|PSF-2\.0|Zlib)"
    r"(?: (?:AND|OR) )?)+"
)


def test_the_page_is_current() -> None:
    command = "python -m scripts.third_party"
    assert third_party.PAGE.read_text("utf-8") == third_party.page(), f"run `{command}`"


def test_whoever_is_under_another_licence_runs_as_a_program_of_its_own() -> None:
    rows = re.findall(r"^\| ([\w.-]+) \| \S+ \| (.+) \|$", third_party.PAGE.read_text("utf-8"), re.MULTILINE)
    others = {name: licence for name, licence in rows if not FREE_TO_BRING.fullmatch(licence)}
    del others["package"]  # the heading
    assert others == {"piper-tts": "GPL-3.0-or-later"}


def test_a_package_without_a_licence_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError, match="expected to be installed here"):
        third_party.licence_of("no-such-package")
