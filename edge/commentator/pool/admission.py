"""Whether a text that is held, or comes from another guide, may be said by this one today. Pure.

What was written here has passed the gate once. But a pool outlives releases, blocklists and prompts, and an
archive may come from anywhere: so all that is held is judged by the gate of today, whenever a guide starts.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.commentator.forbidden import Forbidden
from edge.commentator.gate import Gate
from edge.commentator.openers import own_texts
from edge.commentator.pool.asking import Asking
from edge.commentator.pool.vetting import LONGEST_CHARS, objection_to_held
from edge.config import Settings
from edge.messages import LANGUAGES, Kind, Language, PoolText


class Admission:
    """Judges whether a pooled text may be said today.

    Args:
        language: of the shuttle.
        prompt: fingerprint of what remarks are written under now.
        gate: of the live way too.
        own_texts: all openers, bridges and endings that come with the guide.
    """

    def __init__(
        self, language: Language, prompt: str, gate: Gate, own_texts: Iterable[PoolText] = ()
    ) -> None:
        self._language = language
        self._prompt = prompt
        self._gate = gate
        self._own = {text.entry_id: text for text in own_texts}

    def objection(self, text: PoolText) -> str | None:
        """Why it may not be said; None: it may."""
        if text.use != "remark":
            own = self._own.get(text.entry_id)
            is_own = own is not None and _as_said(own) == _as_said(text)
            return None if is_own else "not among the guide's texts any more"
        if text.language != self._language:
            return "another language"
        if text.prompt != self._prompt:
            return "another prompt"
        if text.pattern is None:
            return "it has no pattern"
        return objection_to_held(text.text, text.pattern, text.language, self._gate)


def make_admission(settings: Settings, forbidden: Forbidden) -> Admission:
    """Make the admission that these settings ask for.

    Args:
        forbidden: what is never said.

    Raises:
        ConfigError: a prompt of the operator's cannot be read.
    """
    language = settings.shuttle.language
    asking = Asking(language, settings.commentator.prompts_dir)
    return Admission(language, asking.fingerprint, make_gate(asking, forbidden), every_own_text())


def make_gate(asking: Asking, forbidden: Forbidden) -> Gate:
    """The gate for remarks that are made ahead."""
    return Gate(forbidden, prompt=asking.system, max_chars=LONGEST_CHARS)


def every_own_text() -> list[PoolText]:
    """All texts that come with the guide, also those that are switched off now.

    The speaker voices nothing again that it was told to throw away.
    """
    kinds: list[Kind] = ["remark", "answer"]
    return [text for language in LANGUAGES for text in own_texts(language, kinds)]


def _as_said(text: PoolText) -> tuple[object, ...]:
    return (text.use, text.language, text.kind, text.mood, text.text)
