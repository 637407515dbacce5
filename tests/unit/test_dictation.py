"""The protocol of a recognizer server, where one is, and how the connection to it is: pure."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Close
from websockets.http11 import Response

from edge.config import DeskSettings, Secret
from edge.dictation.link_state import LONGEST_REASON_CHARS, LinkState, state_after
from edge.dictation.protocol import LONGEST_TEXT_CHARS, ServerStage, Understood, read_news, sound_message
from edge.dictation.server_address import access_of, data_address
from edge.operator_error import OperatorError


def test_sound_is_told_as_realtimestt_does() -> None:
    message = sound_message(np.array([1, -2, 300], np.int16), 16_000)
    length = int.from_bytes(message[:4], "little")
    assert message[4 : 4 + length] == b'{"sampleRate":16000}'
    assert np.frombuffer(message[4 + length :], "<i2").tolist() == [1, -2, 300]


@pytest.mark.parametrize(
    ("data", "news"),
    [
        ('{"type": "realtime", "text": "две со"}', Understood("две со", False)),
        ('{"type": "fullSentence", "text": " Две собаки.\\n"}', Understood("Две собаки.", True)),
        (b'{"type": "fullSentence", "text": "a\\u001b[31mb"}', Understood("a [31mb", True)),
        ('{"type": "recording_start"}', ServerStage("recording_start")),
        ('{"type": "transcription_start", "audio_bytes_base64": "AAAA"}', None),
        ('{"type": "of tomorrow", "text": 5}', ValueError),
        ('{"type": 5}', ValueError),
        ("[]", ValueError),
        (b"\xff\xfe", ValueError),
        ("[" * 100_000, ValueError),
    ],
)
def test_news_are_read_and_what_is_none_is_refused(data: str | bytes, news: object) -> None:
    if news is ValueError:
        with pytest.raises(ValueError, match="fullSentence"):
            read_news(data)
    else:
        assert read_news(data) == news


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_whatever_comes_is_news_or_refused(data: bytes | str) -> None:
    with contextlib.suppress(ValueError):
        read_news(data)


def test_a_sentence_without_end_is_cut() -> None:
    news = read_news('{"type": "fullSentence", "text": "' + "я" * 100_000 + '"}')
    assert isinstance(news, Understood)
    assert len(news.text) == LONGEST_TEXT_CHARS


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("127.0.0.1", "ws://127.0.0.1:8012"),
        ("localhost:9000", "ws://localhost:9000"),
        ("[::1]", "ws://[::1]:8012"),
        ("depot.local", "wss://depot.local:8012"),
        ("depot.local:443", "wss://depot.local:443"),
        ("ws://depot.local", "ws://depot.local:8012"),
        ("WSS://depot.local/", "wss://depot.local:8012"),
    ],
)
def test_who_is_elsewhere_is_spoken_to_by_tls_unless_it_is_written(written: str, address: str) -> None:
    assert data_address(written) == address


@pytest.mark.parametrize(
    "written", ["", "http://depot", "depot/path", "a b", "user@depot", "depot:x", "depot:99999"]
)
def test_what_is_no_server_is_one_line(written: str) -> None:
    with pytest.raises(OperatorError, match="expected"):
        data_address(written)


def test_a_token_goes_nowhere_unencrypted(tmp_path: Path) -> None:
    token = Secret("a-token-of-the-depot")
    with pytest.raises(OperatorError, match="unencrypted"):
        access_of(DeskSettings(server="ws://depot.local", token=token))
    for server in ("depot.local", "127.0.0.1"):
        access = access_of(DeskSettings(server=server, token=token))
        assert access.headers == {"Authorization": "Bearer a-token-of-the-depot"}
        assert (access.tls is None) == (server == "127.0.0.1")
    with pytest.raises(OperatorError, match=r"desk\.ca_file"):
        access_of(DeskSettings(server="depot.local", ca_file=str(tmp_path / "none.pem")))


def refused(status: int, body: bytes = b"") -> InvalidStatus:
    return InvalidStatus(Response(status, "", Headers(), body))


@pytest.mark.parametrize(
    ("error", "name", "told"),
    [
        (refused(401), "refused", "token"),
        (refused(403), "refused", "client"),
        (refused(404), "refused", "data port"),
        (refused(503), "away", "no more clients"),
        (refused(503, b'{"error": {"message": "16 clients are connected"}}'), "away", "16 clients"),
        (refused(500), "away", "HTTP 500"),
        (ConnectionClosedError(Close(1008, "no"), None), "refused", "1008: no"),
        (ConnectionClosedError(Close(1013, "x\x1b" * 200), None), "away", "1013"),
        (ConnectionClosedError(None, None), "away", "lost"),
        (TimeoutError(), "away", "does not answer"),
        (ConnectionRefusedError(), "away", "nothing listens there"),
    ],
)
def test_what_went_wrong_is_one_line(error: Exception, name: str, told: str) -> None:
    state = state_after(error)
    assert state.name == name
    assert told in state.reason
    assert len(state.reason) < LONGEST_REASON_CHARS * 4
    assert state.reason.isprintable()
    assert LinkState("connected").told == "connected"
