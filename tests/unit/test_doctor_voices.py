"""What the doctor says of RHVoice's voices: whether they are there, may be used, and under which licence."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.config import Settings
from edge.doctor import speaking
from edge.model_files import rhvoice_voices

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: Somebody
License: GPL-2+

Files: data/voices/tatiana/*
       data/voices/elena/*
# a remark
Copyright: Somebody else
License: CC-BY-NC-ND-4.0
 Not for sale.

License: GPL-2+
 A long text.
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file system with RHVoice's Russian voices."""
    doc = tmp_path / rhvoice_voices.COPYRIGHT / "rhvoice-russian"
    doc.mkdir(parents=True)
    (doc / "copyright").write_text(COPYRIGHT)
    for name in ("anna", "tatiana", "elena"):
        (tmp_path / rhvoice_voices.VOICES / name).mkdir(parents=True)
    found = rhvoice_voices.rhvoice_voices
    monkeypatch.setattr(speaking, "rhvoice_voices", lambda settings: found(settings, tmp_path))
    return tmp_path


def told(allowed: bool, **voices: str) -> list[tuple[str, str, str]]:
    settings = msgspec.convert({"rhvoice": {"allowed": allowed, "voices": voices}}, Settings)
    checks = [check for check in speaking.check_speaking(settings) if check.name.startswith("rhvoice")]
    return [(check.verdict, check.actual, check.advice) for check in checks]


@pytest.mark.parametrize(
    ("name", "licence"), [("anna", "GPL-2+"), ("Tatiana", "CC-BY-NC-ND-4.0"), ("elena", "CC-BY-NC-ND-4.0")]
)
def test_the_licence_of_a_voice_is_named(root: Path, name: str, licence: str) -> None:
    assert told(True, ru=name) == [("ok", f"there, its licence: {licence}", "")]


def test_a_voice_that_the_site_has_not_allowed_is_named_with_what_allows_it(root: Path) -> None:
    ((verdict, actual, advice),) = told(False, ru="anna")
    assert verdict == "absent"
    assert actual == "there, its licence: GPL-2+; not used"
    assert "rhvoice.allowed = true" in advice


def test_a_voice_that_is_not_there_is_named_with_its_packages(root: Path) -> None:
    ((verdict, actual, advice),) = told(True, en="slt")
    assert verdict == "absent"
    assert actual == "not installed, its licence: not told"
    assert "apt-get install librhvoice5 rhvoice-english" in advice


def test_what_is_no_copyright_file_tells_no_licence(root: Path) -> None:
    path = root / rhvoice_voices.COPYRIGHT / "rhvoice-russian" / "copyright"
    path.write_bytes(b"\xff\x00: \n\n Files: *\nLicense\n:::\n")
    assert told(True, ru="anna") == [("ok", "there, its licence: not told", "")]
