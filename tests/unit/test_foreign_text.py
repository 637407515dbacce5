"""Two sweeps over the code: who tells somebody else's error, and who takes somebody's text for a number."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.error_lines import retry_after_s
from edge.foreign_numbers import decimal_number, finite, whole_number
from edge.speaker.voices.elevenlabs_times import read_alignment
from tests.support.sources import parsed

EDGE = Path(__file__).parents[2] / "edge"
ODD = ("²", "٣", "1_0", "+1", "-1", " 1", "1 ", "1\n", "0x1", "nan", "inf", "1e400", "9" * 5000, "", "１")


class Looked(NamedTuple):
    """What the sweeps look at in a module."""

    errors: set[str]
    """Names of our own."""
    handlers: list[ast.ExceptHandler]
    """Those that name what they catch."""
    digits_asked: list[ast.Attribute]
    numbers_read: list[ast.Call]


Modules = dict[str, Looked]


@pytest.fixture(scope="module")
def modules() -> Modules:
    """Read once for all sweeps."""
    return {path: _looked(tree) for path, tree in parsed(EDGE)}


def _looked(tree: ast.Module) -> Looked:
    looked = Looked(set(), [], [], [])
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name, bases=bases) if any(_is_error(ast.unparse(base)) for base in bases):
                looked.errors.add(name)
            case ast.ExceptHandler(name=str()):
                looked.handlers.append(node)
            case ast.Attribute(attr="isdigit" | "isnumeric"):
                looked.digits_asked.append(node)
            case ast.Call(func=ast.Name("int" | "float")):
                looked.numbers_read.append(node)
    return looked


# --- errors ---

TELLERS = {
    *("reason_of", "as_rung_error", "connection_failure", "from_error", "isinstance", "type", "getattr"),
    "unreadable",
}
"""Functions that quote nothing; the last tells of files."""
OF_THIS_MACHINE = {
    *("OSError", "FileNotFoundError", "UnicodeDecodeError", "UnicodeEncodeError", "UnicodeError"),
    *("ImportError", "ValueError", "TimeoutError", "tomllib.TOMLDecodeError", "msgspec.ValidationError"),
    *("msgspec.MsgspecError", "msgspec.DecodeError", "wave.Error", "EOFError", "tarfile.TarError"),
    "RecursionError",
}
"""Of files and checks here. Their words are told, but not in ``SERVICES``."""
SERVICES = (
    *("clouds/", "commentator/models/", "commentator/pool/writer", "speaker/voices/", "ladder/", "mqtt/"),
    *(
        "listener/recognizers/cloud",
        "listener/recognizers/whisper.py",
        "models/http_download",
        "doctor/clouds",
    ),
)
LOADING = {
    "listener/recognizers/onnx_engine.py",
    "listener/recognizers/whisper_device.py",
    "listener/recognizers/onnx_device.py",
    "listener/onnx_session.py",
    "listener/vad_silero.py",
    "listener/recognizers/pocketsphinx.py",
    "listener/duplex.py",
    "sound/portaudio.py",
}
"""Tell why a library of this machine, which has heard nothing yet, does not load or open a device."""


def _is_error(base: str) -> bool:
    return base.endswith(("Error", "Exception")) or base in ("InputEnded",)


def told(handler: ast.ExceptHandler) -> Iterator[ast.Name]:
    """Uses of the error as text: in an f-string, in ``str`` or ``repr``, as an argument of a log line."""
    quiet: set[ast.AST] = set()
    for node in ast.walk(handler):
        if isinstance(node, ast.Call) and _called(node) in TELLERS:
            quiet |= set(ast.walk(node))
        if isinstance(node, ast.Attribute) and node.attr in ("strerror", "errno", "filename"):
            quiet |= set(ast.walk(node))
        if isinstance(node, ast.keyword) and node.arg == "exc_info":
            quiet |= set(ast.walk(node))  # a traceback has its own look (edge/journal.py)
    for node in ast.walk(handler):
        is_text = isinstance(node, ast.FormattedValue) or (
            isinstance(node, ast.Call)
            and (
                _called(node) in ("str", "repr", "print", "join") or ast.unparse(node.func).startswith("log.")
            )
        )
        if is_text:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name) and inner.id == handler.name and inner not in quiet:
                    yield inner


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _caught(handler: ast.ExceptHandler) -> list[str]:
    if isinstance(handler.type, ast.Tuple):
        return [ast.unparse(element) for element in handler.type.elts]
    return [ast.unparse(handler.type)] if handler.type else []


def test_whoever_tells_a_foreign_error_has_it_filtered(modules: Modules) -> None:
    ours = {error for looked in modules.values() for error in looked.errors}
    assert "RungError" in ours
    found: list[str] = []
    handlers = 0
    for name, looked in modules.items():
        for node in looked.handlers:
            handlers += 1
            known = ours if name.startswith(SERVICES) else ours | OF_THIS_MACHINE
            foreign = [kind for kind in _caught(node) if kind not in known]
            if foreign:
                found += (f"{name}:{use.lineno}: {', '.join(foreign)}" for use in told(node))
    assert handlers > 80
    assert [place for place in found if place.split(":")[0] not in LOADING] == []


# --- numbers ---

SAFE_NUMBERS = {
    "vitals/board.py": "files of the board's maker",
    "vitals/memory.py": "files of the kernel",
    "vitals/tree.py": "its own pattern, 18 digits",
    "doctor/engine_trial.py": "its own arguments",
    "speaker/voices/die_with_parent.py": "its own argument",
    "cli/arguments.py": "a person's argument; argparse tells what raises",
    "lexicon/vocabulary.py": "no more than a few digits",
    "lexicon/russian.py": "its own tables",
    "listener/requests.py": "its own tables",
    "ingest/native_control.py": "its own pattern",
    "commentator/clauses.py": "asks whether a letter is a digit",
    "commentator/grounds.py": "its own pattern, and its own tables",
    "commentator/list_marks.py": "its own pattern, two digits",
    "commentator/knowledge/terms.py": "asks whether a word is one",
    "error_lines.py": "counts digits",
    "foreign_numbers.py": "behind its patterns",
    "commentator/knowledge/pages.py": "h1 to h6 of a parser",
    "spoken_form/tokens.py": "asks whether a token consists of digits",
    "spoken_form/en/times.py": "ASCII digits of a token, at most four",
    "spoken_form/ru/dates.py": "ASCII digits of a token, at most four",
}


def test_whoever_reads_a_number_in_text_does_it_safely(modules: Modules) -> None:
    found = set()
    for name, looked in modules.items():
        found |= {f"{name}:{node.lineno} {node.attr}" for node in looked.digits_asked}
        for call in looked.numbers_read:
            if call.args and _may_be_text(call.args[0]):
                found.add(f"{name}:{call.lineno} {ast.unparse(call)}")
    assert {place for place in found if place.split(":")[0] not in SAFE_NUMBERS} == set()


def _may_be_text(argument: ast.expr) -> bool:
    """A name that says text, a header, a group of a match; calculations and measured values are none."""
    if isinstance(argument, ast.Subscript):
        return isinstance(argument.value, ast.Name) and argument.value.id in (
            "match",
            "found",
            "chosen",
            "header",
        )
    words = ("text", "header", "word", "value", "number", "length", "line", "answer", "kib", "raw")
    return (isinstance(argument, ast.Name) and argument.id in words) or isinstance(argument, ast.IfExp)


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_number_of_a_protocol_is_none(text: str) -> None:
    assert whole_number(text) is None
    assert decimal_number(text) is None


@given(st.text(max_size=40) | st.text("0123456789.²٣", max_size=40))
def test_no_text_raises(text: str) -> None:
    for number in (whole_number(text), decimal_number(text), retry_after_s(text)):
        assert number is None or number >= 0


@pytest.mark.parametrize("value", [10**400, -(10**400), float("nan"), float("inf"), True, None, "1", [1]])
def test_what_no_float_can_hold_is_none(value: object) -> None:
    assert finite(value) is None


def test_times_that_nobody_can_hold_are_no_times() -> None:
    alignment = {"chars": ["a"], "charStartTimesMs": [10**400], "charDurationsMs": [1]}
    found = read_alignment(alignment)
    assert found is not None
    assert found.times_ms is None
