"""Takes a model's thoughts out of what it writes, in whatever marks it thinks.

Known are tags whose name speaks of thinking (``<think>``, ``<seed:think>``, ``<inner_thoughts mode="x">``),
one in another, too; ``[THINK]``, ``◁think▷``, control tokens (``<|START_THINKING|>``, ``<unused94>``), and
gpt-oss' channels, with their control tokens and without (``analysis…assistantfinal…``): of these only what
stands in the channel ``final`` is content. Each character is searched a few times, however the stream is cut
into tokens.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from enum import Enum, auto

_NAME = r"[\w:-]{0,24}?(?:think|thought|reason|reflect|ponder|scratchpad|monologue|analysis)[\w:-]{0,24}"
_MARK = re.compile(
    rf"""
    (?:<|＜|&lt;)\s{{0,4}}(?P<close>/?)\s{{0,4}}{_NAME}(?:\s[^<>=]{{0,30}}=[^<>]{{0,40}}?)?
        \s{{0,4}}(?P<empty>/?)(?:>|＞|&gt;)
    | [\[【](?P<close_b>/?)(?:think(?:ing)?|thoughts?|reasoning)[\]】] | ◁(?P<close_t>/?)think▷
    | <(?:unused94|\|channel)> | <(?P<close_g>unused95|channel\|)>
    | <\|(?P<token>/?[\w:]{{1,32}})\|>
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MARK_BEGUN = re.compile(
    rf"""
    (?:<|＜|&lt;)\s{{0,4}}/?\s{{0,4}}(?:[\w:-]{{0,60}}|{_NAME}\s[^<>]{{0,80}})/?(?:&(?:g|gt)?)?
    | &(?:l|lt)? | [\[【]/?[a-z]{{0,9}} | ◁/?[a-z]{{0,5}} | <\|/?[\w:]{{0,32}}\|? | <channel\|
    """,
    re.IGNORECASE | re.VERBOSE,
)
_FINAL = re.compile(r"\s*final\b", re.IGNORECASE)
_BARE = re.compile(r"(?:assistant)?(?:analysis|commentary)(?![a-zа-яё\s,.:;!?-])")
"""How a reply begins whose server has dropped the channels' control tokens."""
_BARE_FINAL = "assistantfinal"
_BARE_WORDS = ("analysis", "commentary", "assistantanalysis", "assistantcommentary", _BARE_FINAL)
MAX_MARK_CHARS = 160
MARK_OPENINGS = "<＜[【◁&"
_OPENERS = ("think", "begin_of_thought", "start_thinking", "startthinking", "thinking", "reasoning")
_CLOSERS = ("end_of_thought", "end_thinking", "endthinking", "start_response", "begin_of_solution")
_HEADERS = ("start", "im_start", "start_header_id")
_ENDS_OF_MESSAGE = ("end", "call")
_ENDS_OF_REPLY = ("im_end", "eot_id", "endoftext", "eom_id", "return")


class _State(Enum):
    CONTENT = auto()
    THOUGHTS = auto()
    BARE_THOUGHTS = auto()
    """Only ``assistantfinal`` ends them."""
    HEADER = auto()
    """Who speaks, and in which channel; a control token, or the line's end, ends it."""
    CHANNEL = auto()
    """The name of one."""
    OVER = auto()


async def without_reasoning(tokens: AsyncIterator[str], *, thinking: bool = False) -> AsyncIterator[str]:
    """Yield the tokens of the content only. A reply that never leaves its thoughts yields nothing.

    Args:
        thinking: the reply begins with thoughts; the opening tag stands in the model's template.
    """
    thoughts = _Thoughts(thinking)
    async for token in tokens:
        for content in thoughts.content_of(token):
            yield content
    if rest := thoughts.rest():
        yield rest


def content_of(reply: str) -> str:
    """A whole reply without its thoughts."""
    thoughts = _Thoughts(thinking=False)
    return "".join(thoughts.content_of(reply)) + thoughts.rest()


class _Thoughts:
    """Where the stream is: in thoughts or not, and what may be the beginning of a mark."""

    def __init__(self, thinking: bool) -> None:
        self._state = _State.THOUGHTS if thinking else _State.CONTENT
        self._begun = thinking
        """The reply's first characters are known."""
        self._channel = ""
        self._held = ""
        self._depth = int(thinking)
        """Tags of thoughts that are open."""
        self._thought = False
        """Something stands behind the last of them: a second one directly behind the first is the same."""

    def content_of(self, token: str) -> Iterator[str]:
        """The parts of ``token``, and of what was held back, that are content."""
        text = self._held + token
        at = 0
        if not self._begun:
            at = self._begin(text)
            if not self._begun:
                self._held = text
                return
        while True:
            if self._state is _State.BARE_THOUGHTS:
                final = text.find(_BARE_FINAL, at)
                if final < 0:
                    self._held = text[max(at, len(text) - len(_BARE_FINAL) + 1) :]
                    return
                at, self._state = final + len(_BARE_FINAL), _State.CONTENT
            mark = _MARK.search(text, at)
            if mark is None:
                break
            if content := self._passed(text[at : mark.start()]):
                yield content
            at = mark.end()
            self._state = self._behind(mark)
        keep = _mark_may_start_at(text, at)
        self._held = text[keep:]
        if content := self._passed(text[at:keep]):
            yield content

    def rest(self) -> str:
        """What was held back, at the end of the stream."""
        if not self._begun:
            begin = self._begin(self._held + "\0")
            self._held = self._held[begin:]
        return self._passed(self._held)

    def _begin(self, text: str) -> int:
        """Where the reply's text begins; 0, and not begun, as long as that cannot be told."""
        start = text.lstrip()
        if start.startswith(_BARE_FINAL):
            self._begun = True
            return len(text) - len(start) + len(_BARE_FINAL)
        if not start or any(word.startswith(start) for word in _BARE_WORDS):
            return 0
        self._begun = True
        if start[-1] != "\0" and _BARE.match(start):
            self._state = _State.BARE_THOUGHTS
        return 0

    def _passed(self, text: str) -> str:
        """The part of a text between two marks that is content."""
        match self._state:
            case _State.CONTENT:
                return text
            case _State.CHANNEL:
                self._channel = (self._channel + text)[:MAX_MARK_CHARS]
            case _State.THOUGHTS:
                self._thought = self._thought or bool(text.strip())
            case _State.HEADER if "\n" in text:
                self._state = _State.CONTENT
                return text.partition("\n")[2]
            case _:
                pass
        return ""

    def _behind(self, mark: re.Match[str]) -> _State:
        """The state behind a mark."""
        if self._state is _State.OVER:
            return _State.OVER
        token = mark["token"]
        if token is None:
            closes = mark["close"] or mark["close_b"] or mark["close_t"] or mark["close_g"]
            if mark["empty"] or self._state not in (_State.CONTENT, _State.THOUGHTS):
                return self._state
            return self._behind_tag(closes=bool(closes))
        self._depth = 0
        return self._behind_token(token.casefold())

    def _behind_tag(self, *, closes: bool) -> _State:
        if closes:
            self._depth = max(0, self._depth - 1)
        elif self._depth == 0 or self._thought:
            self._depth, self._thought = self._depth + 1, False
        return _State.THOUGHTS if self._depth else _State.CONTENT

    def _behind_token(self, token: str) -> _State:
        if token == "channel":
            self._channel = ""
            return _State.CHANNEL
        if token in ("message", "end_header_id"):
            is_final = self._state is not _State.CHANNEL or _FINAL.match(self._channel)
            return _State.CONTENT if is_final else _State.THOUGHTS
        if token in _HEADERS or (token in _ENDS_OF_MESSAGE and self._state is not _State.CONTENT):
            return _State.HEADER
        if token in _OPENERS:
            return _State.THOUGHTS
        if token in _CLOSERS or token.removeprefix("/") in _OPENERS:
            return _State.CONTENT
        if token in _ENDS_OF_REPLY or token in _ENDS_OF_MESSAGE:
            # A service that goes on behind the end writes the next speaker's part.
            return _State.OVER if self._state is _State.CONTENT else _State.HEADER
        return self._state


def _mark_may_start_at(text: str, begin: int) -> int:
    """Where the tail begins that may be the first part of a mark; the text's length when there is none."""
    begin = max(begin, len(text) - MAX_MARK_CHARS)
    last = max(text.rfind(opening, begin) for opening in MARK_OPENINGS)
    before = max(text.rfind(opening, begin, max(last, begin)) for opening in MARK_OPENINGS)
    # An entity may be the end of a mark that an entity begins.
    starts = (before, last) if text[last : last + 1] == "&" else (last,)
    return next((at for at in starts if at >= 0 and _MARK_BEGUN.fullmatch(text, at)), len(text))
