"""How services that are nearly OpenAI-compatible write a stream: all that the format allows, and some more.

None of it is a fault.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from bench.clouds.chat_wire import Json

ContentForm = Literal["text", "parts", "parts with thoughts", "message", "legacy text"]
ReasonForm = Literal["as it is", "missing", "empty", "null", "unknown"]

SIGNS_OF_LIFE = (
    "",
    "\n",
    ": keep-alive\n\n",
    ":\n\n",
    "data:\n\n",
    "data: \ndata:\n\n",
    "event: ping\n\n",
    'event: ping\ndata: {"type": "ping"}\n\n',
    "data: ping\n\n",
    "data: {}\n\n",
    "retry: 3000\n\n",
    "id: 7\n\n",
    "unknown: field\n\n",
    'data: {"id": "x", "object": "chat.completion.chunk"}\n\n',
    'data: {"choices": []}\n\n',
    'data: {"choices": null, "error": null}\n\n',
    'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}\n\n',
    'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": null}}]}\n\n',
    'data: {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": null}]}\n\n',
)
"""What may stand between two events, and says nothing."""


@dataclass(frozen=True, kw_only=True)
class Manner:
    """One way to write a stream."""

    line_end: str = "\n"
    bom: bool = False
    between: tuple[str, ...] = ()
    """Put before the events in turn; of ``SIGNS_OF_LIFE``."""
    fields: tuple[str, ...] = ()
    """Lines of each event before its data; ``{}`` is its number."""
    blank: str = " "
    """Behind ``data:``."""
    many_lines: bool = False
    """An event's JSON stands in several ``data`` lines."""
    ascii: bool = False
    """Letters are escaped."""
    blank_line: bool = True
    """Behind each event."""
    content: ContentForm = "text"
    reason: ReasonForm = "as it is"
    done: str = "data: [DONE]\n\n"
    streamed: bool = True
    """Otherwise the whole completion comes as one JSON."""
    piece_bytes: int | None = None
    """Written at once; None: an event."""


CANONICAL = Manner()


class StreamWire:
    """Writes one stream in a manner."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._between = cycle(manner.between or ("",))
        self._number = 0

    def begin(self) -> bytes:
        return b"\xef\xbb\xbf" if self._manner.bom else b""

    def event(self, chunk: Json) -> bytes:
        """A chunk as OpenAI would write it, in this manner."""
        manner = self._manner
        self._number += 1
        text = json.dumps(
            self._reshaped(chunk), ensure_ascii=manner.ascii, indent=1 if manner.many_lines else None
        )
        lines = [field.format(self._number) for field in manner.fields]
        lines += [f"data:{manner.blank}{line}" for line in text.split("\n")]
        end = "\n\n" if manner.blank_line else "\n"
        return self._ended(next(self._between) + "\n".join(lines) + end)

    def done(self) -> bytes:
        return self._ended(next(self._between) + self._manner.done)

    def pieces(self, written: bytes) -> list[bytes]:
        """What is written at once."""
        size = self._manner.piece_bytes or max(1, len(written))
        return [written[at : at + size] for at in range(0, len(written), size)]

    def _ended(self, text: str) -> bytes:
        return text.replace("\n", self._manner.line_end).encode()

    def _reshaped(self, chunk: Json) -> Json:
        chunk = copy.deepcopy(chunk)
        for choice in chunk["choices"]:
            self._reshape_content(choice)
            form = self._manner.reason
            reason = choice.get("finish_reason")
            if form == "missing":
                choice.pop("finish_reason", None)
            elif form == "empty":
                choice["finish_reason"] = ""
            elif form == "null":
                choice["finish_reason"] = None
            elif form == "unknown" and reason:
                choice["finish_reason"] = "eos_token"
        return chunk

    def _reshape_content(self, choice: Json) -> None:
        delta = choice.get("delta", {})
        content = delta.get("content")
        if content is None:
            return
        form = self._manner.content
        part = {"type": "text", "text": content}
        thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm, what do they want?"}]}
        if form == "parts":
            delta["content"] = [part]
        elif form == "parts with thoughts":
            delta["content"] = [thought, part, {"type": "reference", "reference_ids": [1]}]
        elif form == "message":
            choice["message"] = choice.pop("delta")
        elif form == "legacy text":
            choice["text"] = choice.pop("delta")["content"]
