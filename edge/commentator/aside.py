"""A model's word that an utterance was an aside, said to somebody else in the cabin: nothing sounds. Pure."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable

from edge.messages import Language

MARK = "[skip]"
"""The whole reply to an aside."""
_WORD = "skip"
_AROUND = " \t\r\n\"'«»“”*`_.!()[]<>{}"
NOT_MEANT = "the passenger spoke to somebody else"
"""The reason that a turn ends with."""
JUDGE: dict[Language, str] = {
    "ru": f"Пассажир не назвал тебя. Если ясно, что он говорит не с тобой, а с соседом, ребёнком, водителем "
    f"или по телефону, ответь одним словом {MARK} и больше ничего не пиши.",
    "en": f"The passenger did not call you. If it is clear that they speak not to you but to a neighbour, a "
    f"child, the driver or on the telephone, answer with the one word {MARK} and nothing else.",
    "id": f"Penumpang tidak memanggilmu. Jika jelas ia tidak berbicara denganmu, tetapi dengan orang di "
    f"sebelahnya, anak, sopir, atau lewat telepon, jawab dengan satu kata {MARK} dan jangan tulis yang lain.",
}
"""Behind the prompt, where the utterance may be an aside."""


class AsideMark:
    """Takes the mark out of a reply as it streams."""

    def __init__(self) -> None:
        self.told = False
        """The reply began with the mark; nothing of it is given."""

    async def without(self, tokens: AsyncIterable[str]) -> AsyncGenerator[str, None]:
        """The reply without the mark, however it is split. What may become a mark is held back; then an empty
        text tells that the reply goes on."""
        held, has_begun = "", False
        async for token in tokens:
            if self.told:
                yield ""
                continue
            held += token
            if not has_begun:
                bare = held.strip(_AROUND).lower()
                self.told = MARK in held.lower() and bare.startswith(_WORD)
                has_begun = not _WORD.startswith(bare) and not self.told
            if has_begun:
                text = _without_mark(held)
                keep = _begun_mark(text)
                held = text[len(text) - keep :]
                yield text[: len(text) - keep]
            else:
                yield ""
        bare = held.strip(_AROUND).lower()
        was_cut = "[" in held and bare != ""
        self.told = self.told or (not has_begun and (bare == _WORD or was_cut))
        if not self.told and not (has_begun and _begun_mark(held) > 1):
            yield held


def _without_mark(text: str) -> str:
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter that is two in small letters
        return text.replace(MARK, "")
    while (at := lowered.find(MARK)) >= 0:
        text, lowered = text[:at] + text[at + len(MARK) :], lowered[:at] + lowered[at + len(MARK) :]
    return text


def _begun_mark(text: str) -> int:
    """How many characters at the end may be the beginning of a mark."""
    end = text[-len(MARK) :].lower()
    return next((n for n in range(min(len(MARK) - 1, len(end)), 0, -1) if MARK.startswith(end[-n:])), 0)
