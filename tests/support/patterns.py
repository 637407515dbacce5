"""All regular expressions of the product, and how long the foreign text is that can reach each."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import edge
from edge.clouds.json_answer import LARGEST_JSON_BYTES
from edge.commentator.clauses import LONGEST_CLAUSE_CHARS
from edge.commentator.knowledge.files import MAX_FILE_BYTES
from edge.commentator.knowledge.knowledge import TELLS_LANGUAGE
from edge.commentator.knowledge.pages import MAX_SECTION_CHARS
from edge.commentator.models.chat import LONGEST_REPLY
from edge.commentator.pool.writer import LONGEST_REPLY as LONGEST_POOL_REPLY
from edge.commentator.reasoning import MAX_MARK_CHARS
from edge.error_lines import LONGEST_LINE, LONGEST_LOOKED_AT
from edge.fleet.commands import MAX_COMMAND_BYTES
from edge.ingest.body import MAX_PAYLOAD_BYTES
from edge.lexicon.plain_description import LONGEST as LONGEST_DESCRIPTION
from edge.listener.recognizers.guards import MAX_CHARS as LONGEST_TRANSCRIPT
from edge.messages import MAX_TEXT_CHARS

ROOT = Path(edge.__file__).parent
FUNCTIONS = frozenset(
    {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}
)
LONGEST_LIST_MARK = 10
"""Characters of a line that a list's mark may take."""
UNFOLDS = 18
"""One character has at most so many in the normal form NFKC."""
LONGEST_MASKED = 4 * LONGEST_LOOKED_AT
"""Of what others have written; the rest is ours."""
LARGEST_HEAD = 100 * 1024
"""Of an HTTP answer, with h11."""


def up_to_last(*marks: str) -> Callable[[str], str]:
    """The part of a text that a pattern is given which may only see what ends with one of the marks."""
    return lambda text: text[: max(map(text.rfind, marks)) + 1]


class Reached(NamedTuple):
    """What foreign text reaches a pattern."""

    longest: int
    """Characters."""
    part: Callable[[str], str] = str
    """What of a text it is given."""
    whole_only: bool = False
    """It is never searched for, but compared with a whole text."""


class OurOwn(NamedTuple):
    """A pattern that sees no foreign text."""

    reason: str


Row = Reached | OurOwn

OPERATORS = OurOwn("the operator's configuration and command line")
MACHINES = OurOwn("files of the kernel and of the board")
CATALOGUE = OurOwn("the catalogue of models: ours, and what the operator adds")
DESKS = OurOwn("runs at a desk, against clouds of our own; no part of a shuttle")

TREES: dict[str, OurOwn] = {
    "config/": OPERATORS,
    "telemetry/asyncapi.py": OurOwn("our own topics"),
    "vitals/": MACHINES,
    "power/": OurOwn("root's settings of the unit"),
    "bench/": DESKS,
    "model_files/catalogue.py": CATALOGUE,
}
"""Folders and modules in which nothing is foreign."""
ROWS: dict[str, Row] = {
    "commentator/cleaning.py:LINK": Reached(MAX_TEXT_CHARS, up_to_last(")")),
    **{
        f"commentator/cleaning.py:{name}": Reached(MAX_TEXT_CHARS)
        for name in (
            *(
                "_ENTITY",
                "_TAG",
                "_ADDRESS",
                "_IMAGE",
                "_DIRECTION",
                "_FENCE",
                "_BOLD",
                "_LINE_START",
                "_STRAY",
                "_SHORTCODE",
                "_POWER",
                "_TIMES",
            ),
            *("_STARS", "_UNDERSCORE", "_EMPTY_BRACKETS", "_SPACE", "SPACE_BEFORE_MARK"),
        )
    },
    **{
        f"commentator/gate.py:{name}": Reached(LONGEST_CLAUSE_CHARS)
        for name in (
            *("_URL", "_WORD_WITH_AT", "_FIRST_LETTER", "_LEADING_MARKS"),
            *("_ROLE", "_KEY", "_QUOTES"),
        )
    },
    **{
        f"commentator/code_in_speech.py:{name}": Reached(LONGEST_CLAUSE_CHARS)
        for name in ("_BASE64", "_NUMBERS", "_TURN")
    },
    "commentator/forbidden.py:_GROUP": OurOwn("the package's own tables of phrases"),
    **{
        f"commentator/contacts.py:{name}": Reached(LONGEST_CLAUSE_CHARS)
        for name in ("_HANDLE", "_SPELLED_LINK", "_PATH", "_DIGITS")
    },
    **{
        f"commentator/reply_language.py:{name}": Reached(LONGEST_CLAUSE_CHARS)
        for name in ("_CYRILLIC_LETTER", "_LATIN_LETTER")
    },
    "commentator/contacts.py:_GROUPED": Reached(LONGEST_CLAUSE_CHARS, whole_only=True),
    "commentator/contacts.py:_ONE_BY_ONE": Reached(LONGEST_CLAUSE_CHARS, whole_only=True),
    "commentator/contacts.py:_YEARS": Reached(LONGEST_CLAUSE_CHARS, whole_only=True),
    **{
        f"commentator/disguises.py:{name}": Reached(UNFOLDS * LONGEST_CLAUSE_CHARS)
        for name in ("_PIECE", "_MASK", "_SIGN", "_RUN", "_LONG_RUN")
    },
    **{
        f"commentator/grounds.py:{name}": Reached(LONGEST_CLAUSE_CHARS)
        for name in ("_AMOUNT", "_SIGN_BEFORE", "_PRICED_BEFORE", "_NEXT_WORD")
    },
    "commentator/list_marks.py:_MARK": Reached(LONGEST_LIST_MARK, whole_only=True),
    "commentator/list_marks.py:_MAY_BE_ONE": Reached(LONGEST_LIST_MARK, whole_only=True),
    "commentator/knowledge/pages.py:_FRONT_MATTER_LINE": Reached(MAX_FILE_BYTES),
    "commentator/knowledge/pages.py:_COMMENT": Reached(MAX_FILE_BYTES),
    "commentator/knowledge/pages.py:_TAG": Reached(MAX_FILE_BYTES),
    "commentator/knowledge/pages.py:_SENTENCE_END": Reached(MAX_FILE_BYTES),
    **{
        f"commentator/knowledge/question_kinds.py:{name}": Reached(MAX_SECTION_CHARS)
        for name in ("_DIGIT", "_TIME", "_NAME")
    },
    "commentator/knowledge/terms.py:_CYRILLIC": Reached(LONGEST_TRANSCRIPT),
    "commentator/pool/claims.py:_TWO_ALPHABETS": Reached(LONGEST_CLAUSE_CHARS),
    "commentator/pool/reply.py:_STRING": Reached(LONGEST_POOL_REPLY),
    "commentator/pool/reply.py:_ITEM": Reached(LONGEST_POOL_REPLY),
    "commentator/reasoning.py:_MARK": Reached(LONGEST_POOL_REPLY),
    "commentator/reasoning.py:_MARK_BEGUN": Reached(MAX_MARK_CHARS, whole_only=True),
    "commentator/reasoning.py:_FINAL": Reached(MAX_MARK_CHARS),
    "commentator/reasoning.py:_BARE": Reached(LONGEST_POOL_REPLY, whole_only=True),
    "commentator/repetition.py:_WORD": Reached(LONGEST_REPLY),
    "commentator/template.py:_SLOT": OurOwn("the phrasebook's own templates"),
    "commentator/template.py:in parse": OurOwn("the phrasebook's own templates"),
    "console/turn_journal.py:TURN_ID": Reached(LARGEST_HEAD, whole_only=True),
    "dictation/server_address.py:HOST": OPERATORS,
    "error_lines.py:CODE": Reached(LARGEST_JSON_BYTES, whole_only=True),
    **{
        f"foreign_numbers.py:{name}": Reached(LARGEST_HEAD, whole_only=True)
        for name in ("_WHOLE", "_DECIMAL")
    },
    "fleet/commands.py:Meta": Reached(MAX_COMMAND_BYTES),
    "ingest/body.py:Meta": Reached(MAX_PAYLOAD_BYTES),
    "ingest/body.py:in clean": Reached(MAX_PAYLOAD_BYTES),
    "ingest/native_control.py:_VOLUME": Reached(MAX_PAYLOAD_BYTES),
    "ingest/native_event.py:in _read": Reached(MAX_PAYLOAD_BYTES),
    "lexicon/labels.py:in canonical": Reached(MAX_TEXT_CHARS),
    **{
        f"lexicon/plain_description.py:{name}": Reached(LONGEST_DESCRIPTION, whole_only=True)
        for name in ("_CYRILLIC_WORDS", "_LATIN_WORDS")
    },
    "lexicon/plain_description.py:_WORD_OR_COMMA": Reached(LONGEST_DESCRIPTION),
    "lexicon/plain_description.py:_SAID_TWICE": Reached(LONGEST_DESCRIPTION),
    "lexicon/vocabulary.py:_TOKEN": Reached(UNFOLDS * MAX_TEXT_CHARS),
    "lexicon/words.py:_WORD": Reached(TELLS_LANGUAGE),
    "lexicon/words.py:PLAIN_WORD": Reached(LONGEST_CLAUSE_CHARS),
    "lexicon/words.py:_PAUSE": Reached(TELLS_LANGUAGE),
    **{
        f"listener/recognizers/cuda_failures.py:{name}": Reached(LONGEST_LINE)
        for name in ("_NO_CODE", "_OLD_DRIVER", "_NO_MEMORY", "_NO_LIBRARY")
    },
    **{
        f"listener/recognizers/subtitles.py:{name}": Reached(LONGEST_TRANSCRIPT)
        for name in ("_OWN_LETTER", "_SENTENCE_END")
    },
    "listener/recognizers/subtitles.py:_NOTES": Reached(LONGEST_TRANSCRIPT),
    "listener/recognizers/subtitles.py:_SOUND": Reached(LONGEST_TRANSCRIPT, up_to_last(*"])*♪")),
    **{
        f"listener/sounding.py:{name}": Reached(LONGEST_TRANSCRIPT) for name in ("in ", "_SAME", "_LAST_STOP")
    },
    "listener/voiceprint/enrolled.py:NAME": OPERATORS,
    "listener/wake_names.py:_IS_RUSSIAN": Reached(LONGEST_TRANSCRIPT),
    "listener/wake_names.py:_LAUGHTER": Reached(LONGEST_TRANSCRIPT),
    "listener/wake_names.py:_SAME_LETTERS": Reached(LONGEST_TRANSCRIPT),
    **{
        f"masking.py:{name}": Reached(LONGEST_MASKED)
        for name in (
            "_VALUE",
            "_SHAPE_OF_A_KEY",
            "_HEADER",
            "in masked",
            "in is_called_like_a_key",
            "_NAME_BACKWARDS",
        )
    },
    "model_files/http_download.py:CONTENT_RANGE": Reached(LARGEST_HEAD),
    "recognizer_server/start_block.py:MEMORY": MACHINES,
    "sound/sound_devices.py:CARD_NUMBER": MACHINES,
    "speaker/pool/files.py:_SAFE_ID": Reached(LARGEST_JSON_BYTES, whole_only=True),
    "spoken_form/form.py:_WORD": Reached(MAX_TEXT_CHARS),
    "spoken_form/tokens.py:_TOKEN": Reached(MAX_TEXT_CHARS),
    "speaker/voices/plain_text.py:_TAG": Reached(LONGEST_CLAUSE_CHARS),
    "speaker/voices/speech_body.py:MEDIA_TYPE": Reached(LARGEST_HEAD, whole_only=True),
    "speaker/voices/clausewise.py:in word_spans": Reached(LONGEST_CLAUSE_CHARS),
}
"""Module and name (or the function in which it stands) → what reaches it. A new pattern needs a row."""


def all_patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Key → compiled pattern, of every call of ``re`` and every ``pattern=`` of a type outside ``TREES``.

    Raises:
        AssertionError: a pattern is put together where it is used, so that nobody can say what it is.
    """
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        if module.startswith(tuple(TREES)):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        _assert_no_other_way(tree, module)
        for node, named, function in _calls(tree):
            place = f"{module}:{named or f'in {function}'}"
            if _pattern_keyword(node):
                yield f"{module}:Meta", re.compile(_literal(_pattern_keyword(node), place))
            elif named:
                name = ".".join(("edge", *path.relative_to(ROOT).with_suffix("").parts))
                pattern = getattr(importlib.import_module(name), named)
                assert isinstance(pattern, re.Pattern), f"{place}: expected a compiled pattern"
                yield place, pattern
            else:
                yield place, re.compile(_literal(node.args[0], place))


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str, str]]:
    """Call, the module's name for it (empty: none), and the function in which it stands."""
    named = {
        id(statement.value): statement.targets[0].id
        for statement in tree.body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }

    def walk(node: ast.AST, function: str) -> Iterator[tuple[ast.Call, str, str]]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if isinstance(node, ast.Call) and _is_pattern(node):
            yield node, named.get(id(node), ""), function
        for child in ast.iter_child_nodes(node):
            yield from walk(child, function)

    yield from walk(tree, "")


def _is_pattern(node: ast.Call) -> bool:
    match node.func:
        case ast.Attribute(value=ast.Name(id="re"), attr=name):
            return name in FUNCTIONS
    return _pattern_keyword(node) is not None


def _pattern_keyword(node: ast.Call) -> ast.expr | None:
    """What ``Meta(pattern=…)`` is given."""
    match node.func:
        case ast.Name(id="Meta") | ast.Attribute(attr="Meta"):
            return next((word.value for word in node.keywords if word.arg == "pattern"), None)
    return None


def _assert_no_other_way(tree: ast.Module, module: str) -> None:
    """``re`` is called by this name only: otherwise a pattern could not be found."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="re" | "regex") | ast.Import(names=[ast.alias(name="regex")]):
                raise AssertionError(f"{module}: expected `import re` and calls of `re.…`")
            case ast.Import(names=names) if any(each.name == "re" and each.asname for each in names):
                raise AssertionError(f"{module}: expected `import re` without another name")


def _literal(node: ast.expr | None, place: str) -> str:
    assert isinstance(node, ast.Constant), f"{place}: expected a pattern that stands there as it is"
    assert isinstance(node.value, str), f"{place}: expected a pattern of text"
    return node.value
