"""Where pages may be served, what is shown of the settings, and the API's document."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from edge.config import ConsoleSettings, Secret, load
from edge.console import openapi
from edge.console.effective_settings import effective_settings
from edge.console.main import refusal
from edge.console.replayed import ReplayRefusedError, Replays

DOCS = Path(__file__).parents[2] / "docs"
CERTIFICATE = {"cert_file": "c.pem", "key_file": "k.pem"}
TOKEN = {"token": Secret("0123456789abcdef")}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, ""),
        ({"address": "localhost"}, ""),
        ({"address": "::1"}, ""),
        ({"address": "127.0.0.2", **TOKEN}, ""),
        ({"address": "0.0.0.0"}, "a token (credential console_token) and console.cert_file"),
        ({"address": "192.168.10.1", **CERTIFICATE}, "expected a token"),
        ({"address": "::", **TOKEN}, "expected console.cert_file"),
        ({"address": "shuttle.local", **TOKEN}, "expected console.cert_file"),
        ({"address": "0.0.0.0", **TOKEN, **CERTIFICATE}, ""),
        ({"cert_file": "c.pem"}, "expected console.key_file beside it"),
        ({"key_file": "k.pem"}, "expected console.cert_file beside it"),
    ],
)
def test_others_may_look_with_a_token_and_a_certificate_only(settings: dict[str, Any], told: str) -> None:
    why = refusal(ConsoleSettings(**settings))
    assert bool(why) is bool(told)
    assert told in (why or "")
    assert "\n" not in (why or "")


def test_each_setting_says_where_it_comes_from_and_no_secret_is_among_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "guide.toml"
    file.write_text('[speaker]\nvolume = 0.4\n[fleet]\npassword = "a secret of the fleet"\n')
    monkeypatch.setenv("SHUTTLE_GUIDE_CONFIG", str(file))
    monkeypatch.setenv("SHUTTLE_GUIDE_SHUTTLE__ID", "seven")
    monkeypatch.setenv("GROQ_API_KEY", "gsk_0123456789")
    rows = {row.key: row for row in effective_settings(load(dotenv=None))}
    assert rows["speaker.volume"][1:] == ("0.4", str(file))
    assert rows["shuttle.id"][1:] == ('"seven"', "SHUTTLE_GUIDE_SHUTTLE__ID")
    assert rows["speaker.jitter_ms"].source == ""
    told = repr(rows)
    assert "secret of" not in told
    assert "gsk_" not in told
    assert not [key for key in rows if re.search("password|token$|api_key", key)]


def test_the_document_of_the_api_is_written_down() -> None:
    assert (DOCS / "openapi.json").read_text("utf-8") == openapi.text(), (
        "python -m edge.console.openapi docs/openapi.json"
    )


def test_what_the_document_refers_to_is_in_it() -> None:
    document = openapi.document()
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert referred <= document["components"]["schemas"].keys()
    assert "safety" not in " ".join(document["paths"])


@pytest.mark.parametrize(
    ("drive", "told"),
    [
        (b"", "expected the beginning of a drive"),
        (b"\xff\x00", "expected the beginning of a drive"),
        (b'{"settings":{"commentator.prompts_dir":"/etc"}}\n', "got 'commentator.prompts_dir'"),
        (b'{"settings":{"services.local.base_url":"http://x"}}', "got 'services.local.base_url'"),
        (b'{"what":"begin"}\nno json\n', "it cannot be replayed"),
    ],
)
async def test_what_is_no_drive_is_refused_in_one_line(drive: bytes, told: str) -> None:
    with pytest.raises(ReplayRefusedError, match=re.escape(told)) as refused:
        await Replays().play(drive)
    assert refused.value.status == 422
    assert "\n" not in str(refused.value)
