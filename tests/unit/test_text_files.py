"""Files that people edit are read as people save them, by each reader; what is no text is one clear line."""

from __future__ import annotations

import argparse
import codecs
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from edge.cli.bench_asr import _read_words
from edge.cli.main import _told
from edge.cli.trigger import _event
from edge.commentator.forbidden import _own_words, load_blocklists
from edge.commentator.knowledge import Knowledge
from edge.commentator.prompts import load_prompt
from edge.config import ConfigError, load
from edge.config.dotenv_file import _tell
from edge.drive.lines import read_drive
from edge.model_files.catalogue import load_catalogue
from edge.operator_error import OperatorError
from edge.site.lexicon_file import LexiconFile
from edge.text_file import text_of


class Reader(NamedTuple):
    """How one kind of file is read: ``read`` gives what it says, or raises with the line that people see."""

    name: str
    text: str
    read: Callable[[Path], object]


def guide_toml(path: Path) -> object:
    settings = load({"SHUTTLE_GUIDE_CONFIG": str(path)}, dotenv=None)
    return settings.shuttle.language, settings.mqtt.host, settings.listener.addressee.names["ru"]


def dotenv(path: Path) -> object:
    _tell.cache_clear()
    path.chmod(0o600)
    settings = load({}, dotenv=path)
    key = settings.services["groq"].api_key
    return key and key.reveal(), settings.mqtt.host


def credential(path: Path) -> object:
    settings = load({"CREDENTIALS_DIRECTORY": str(path.parent)}, dotenv=None)
    key = settings.services["groq"].api_key
    return key and key.reveal()


def lexicon(path: Path) -> object:
    file = LexiconFile(str(path.parent))
    if file.trouble:
        raise OperatorError(file.trouble)
    return file.lexicon


def prompt(path: Path) -> object:
    load_prompt.cache_clear()
    return load_prompt("ru", str(path.parent))


def blocklist(path: Path) -> object:
    load_blocklists.cache_clear()
    return _own_words("ru", str(path.parent))


def knowledge(path: Path) -> object:
    pages = Knowledge(path.parent, ("en",))
    pages.refresh()
    return [(passage.source, passage.heading, passage.text) for passage in pages.search("coffee", ("en",))]


def trigger_stdin(path: Path) -> object:
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(path.read_bytes()))
    try:
        return _event(argparse.Namespace(json_file="-"))
    finally:
        sys.stdin = stdin


READERS = [
    Reader(
        "guide.toml",
        '[shuttle]\nlanguage = "en"\n\n[mqtt]\nhost = "broker"\n[listener.addressee.names]\nru = ["Ёжик"]\n',
        guide_toml,
    ),
    Reader(".env", "GROQ_API_KEY=gsk-of-a-desk\nSHUTTLE_GUIDE_MQTT__HOST=broker\n", dotenv),
    Reader("groq_api_key", "gsk-of-a-shuttle\n", credential),
    Reader("lexicon.toml", '[ru]\nUbud = "Убуд"\n\n[en]\nNuanu = { ipa = "nuˈanu" }\n', lexicon),
    Reader("ru.txt", "Ты гид.\n\nГовори коротко.\n", prompt),
    Reader("ru.txt", "чепуха # so\n\nерунда\n", blocklist),
    Reader("cafe.md", "---\ntitle: x\n---\n# Café\n\nCoffee costs a lot.\n", knowledge),
    Reader("event.json", '{"label": "dog",\n"text": "собака"}\n', lambda path: _event(_named(path))),
    Reader("event.json", '{"label": "dog",\n"text": "собака"}\n', trigger_stdin),
    Reader("hello.txt", "Привет, гид\nкак дела\n", _read_words),
    Reader(
        "a.jsonl",
        '{"what":"begin","at":0,"began_at":1.0}\n'
        '{"what":"mqtt","at":1,"topic":"event","payload":"в\u2028 \u0085"}\n',
        read_drive,
    ),
    Reader(
        "models.toml",
        '[[model]]\nname = "piper/x"\nrole = "voice"\nlicence = "MIT"\n'
        'source = "https://host.example/x/"\n[[model.file]]\nname = "a"\n',
        lambda path: load_catalogue(path).models,
    ),
]
IDS = [f"{reader.name}-{at}" for at, reader in enumerate(READERS)]


def _named(path: Path) -> argparse.Namespace:
    return argparse.Namespace(json_file=str(path))


def crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


FORMS: dict[str, Callable[[str], bytes]] = {
    "mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "crlf": crlf,
    "two marks": lambda text: codecs.BOM_UTF8 * 2 + text.encode(),
    "a blank of no width": lambda text: f"\u200b{text}".encode(),
    "mark and crlf": lambda text: codecs.BOM_UTF8 + crlf(text),
    "cr": lambda text: text.replace("\n", "\r").encode(),
    "both ends": lambda text: text.replace("\n", "\r\n", 1).encode(),
    "no last end": lambda text: text.rstrip("\n").encode(),
    "more ends": lambda text: text.encode() + b"\r\n\n\r\n",
    "trailing blanks": lambda text: text.replace("\n", " \t\n").encode(),
}

NO_TEXT: dict[str, tuple[Callable[[str], bytes], str]] = {
    "utf-16 le": (
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        "came UTF-16; save it as UTF-8",
    ),
    "utf-16 be": (
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        "came UTF-16; save it as UTF-8",
    ),
    "utf-32": (lambda text: text.encode("utf-32"), "came UTF-16; save it as UTF-8"),
    "utf-16 unmarked": (lambda text: text.encode("utf-16-le"), "came a NUL in line 1"),
    "a NUL": (lambda text: text.encode() + b"a\r\nb\0", "came a NUL in line {}"),
    "windows-1251": (lambda text: text.encode() + "a\r\nя".encode("cp1251"), "came byte 0xff in line {}"),
    "latin-1": (lambda text: text.encode() + b"a\rcaf\xe9\n", "came byte 0xe9 in line {}"),
    "cut": (lambda text: text.encode() + b"a\n\xd0", "came byte 0xd0 in line {}"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.mark.parametrize("reader", READERS, ids=IDS)
def test_each_reader_takes_each_form_for_the_same(
    reader: Reader, folder: Path, subtests: pytest.Subtests
) -> None:
    path = folder / reader.name
    path.write_bytes(reader.text.encode())
    plain = reader.read(path)
    assert plain
    for form, make in FORMS.items():
        with subtests.test(form):
            path.unlink()
            path.write_bytes(make(reader.text))
            assert reader.read(path) == plain


@pytest.mark.parametrize("reader", READERS, ids=IDS)
def test_what_is_no_text_is_one_line_with_what_to_do(
    reader: Reader, folder: Path, caplog: pytest.LogCaptureFixture, subtests: pytest.Subtests
) -> None:
    path = folder / reader.name
    for form, (make, came) in NO_TEXT.items():
        with subtests.test(form):
            caplog.clear()
            path.unlink(missing_ok=True)
            path.write_bytes(make(reader.text))
            line = told_of(reader, path, caplog)
            assert came.format(reader.text.count("\n") + 2) in line
            assert "save it as UTF-8" in line
            assert "\n" not in line


def named_by(reader: Reader) -> str:
    """What a line calls the file: those of the lexicon and of events get it where they are printed."""
    return "" if reader.read is lexicon else "-" if reader.read is trigger_stdin else reader.name


@pytest.mark.parametrize("reader", READERS, ids=IDS)
def test_an_enormous_file_is_one_line_that_names_it(
    reader: Reader, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder / reader.name
    with path.open("wb") as file:
        file.truncate((1 << 28) + 1)  # sparse
    if reader.read is trigger_stdin:
        path.write_bytes(b" " * 70_000)
    line = told_of(reader, path, caplog)
    assert "at most" in line
    assert named_by(reader) in line


def told_of(reader: Reader, path: Path, caplog: pytest.LogCaptureFixture) -> str:
    """The line that says why a file is not read: an error's, or the journal's where it is done without."""
    try:
        reader.read(path)
    except (ConfigError, OperatorError, OSError) as error:
        line = _told(error)
    else:
        (line,) = [record.getMessage() for record in caplog.records]
    assert named_by(reader) in line
    return line


def test_a_secret_loses_what_an_editor_puts_around_it(folder: Path) -> None:
    for content in (
        b"\xef\xbb\xbfgsk-x",
        b"gsk-x\r\n",
        b"  gsk-x\t\n\n",
        b"\xef\xbb\xbf gsk-x \r\n",
        b"gsk-x\r",
    ):
        (folder / "groq_api_key").write_bytes(content)
        assert credential(folder / "groq_api_key") == "gsk-x"


def test_the_line_about_a_secret_does_not_tell_it(folder: Path) -> None:
    (folder / "groq_api_key").write_bytes(b"gsk-secret-\xff-of-mine\n")
    with pytest.raises(ConfigError) as caught:
        credential(folder / "groq_api_key")
    assert "gsk" not in repr(caught.value)
    assert "secret-" not in str(caught.value.__cause__)


def test_a_mark_inside_and_other_line_separators_stay() -> None:
    text = "a\ufeffb\u2028c\x85d\x0ce"
    assert text_of(text.encode(), "x") == text
