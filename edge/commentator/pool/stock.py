"""What the speaker holds and may be said: the void is sorted out, the used is not used again. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from edge.commentator.pool.admission import Admission
from edge.commentator.pool.likely import count_held
from edge.commentator.pool.matching import Hit, Miss, match
from edge.commentator.pool.variety import Spoken, normalised
from edge.messages import Language, Pattern, PoolEntry, PoolHoldings, PoolText, Sighting

JUDGED_AT_ONCE = 200
"""Each takes half a millisecond, on the loop of live turns; the speaker tells of the others again soon."""
LOST_AFTER_S = 900.0
"""A text that was sent to be voiced so long ago, and is not held, is counted on no more."""


class Discard(NamedTuple):
    """Entries that are void."""

    entry_ids: tuple[str, ...]
    reason: str


class Stock:
    """What the speaker holds that may still be said.

    Args:
        language: of the shuttle.
        admission: judges once what is new here.
        own_texts: openers, bridges and endings that shall be held.
    """

    def __init__(self, language: Language, admission: Admission, own_texts: Iterable[PoolText] = ()) -> None:
        self._language = language
        self._admission = admission
        self._own_texts = {text.entry_id: text for text in own_texts}
        self._held: dict[str, PoolEntry] = {}
        self._own: dict[str, PoolEntry] = {}
        self._used: set[str] = set()
        self._discarded: set[str] = set()
        self._sent: dict[str, tuple[PoolText, float]] = {}
        self._instance: str | None = None
        self._judged: dict[str, tuple[PoolText, str | None]] = {}
        self.holdings: PoolHoldings | None = None

    def note(self, holdings: PoolHoldings) -> list[Discard]:
        """News from the speaker; gives what shall be discarded of it."""
        if holdings.instance != self._instance:
            self._instance = holdings.instance
            self._discarded.clear()
            self._sent.clear()  # what the old one had not voiced, the new one does not know
        self.holdings = holdings
        listed = {entry.text.entry_id: entry for entry in holdings.entries}
        self._used &= listed.keys()
        self._discarded &= listed.keys()
        self._judged = {entry_id: self._judged[entry_id] for entry_id in self._judged.keys() & listed.keys()}
        void: dict[str, list[str]] = {}
        self._held, self._own = {}, {}
        unjudged = [entry_id for entry_id, entry in listed.items() if not self._is_judged(entry.text)]
        for entry_id in unjudged[JUDGED_AT_ONCE:]:
            del listed[entry_id]
        for entry_id, entry in listed.items():
            if reason := self._objection(entry, holdings.voice):
                if entry_id not in self._discarded:
                    void.setdefault(reason, []).append(entry_id)
            elif entry.text.use == "remark":
                self._held[entry_id] = entry
            elif entry_id in self._own_texts and entry.voice == holdings.voice:
                self._own[entry_id] = entry
        settled = self._held.keys() | self._own.keys() | set(holdings.refused)
        self._sent = {i: sent for i, sent in self._sent.items() if i not in settled}
        self._discarded.update(entry_id for entry_ids in void.values() for entry_id in entry_ids)
        return [Discard(tuple(entry_ids), reason) for reason, entry_ids in void.items()]

    def take(self, sighting: Sighting, language: Language, spoken: Spoken) -> Hit | Miss:
        """A remark for the sighting; it is used from now on, whether or not it is heard."""
        entries = self._remarks() if language == self._language else []
        found = match(sighting, entries, spoken)
        if isinstance(found, Hit):
            self._used.add(found.entry.text.entry_id)
        return found

    def own(self) -> Mapping[str, PoolEntry]:
        """Openers, bridges and endings that can be played, by id."""
        return self._own

    def sent(self, text: PoolText, now: float) -> None:
        """Note that a text is on its way to be voiced."""
        self._sent[text.entry_id] = (text, now)

    def unvoiced_own_texts(self) -> list[PoolText]:
        """The guide's own texts that are neither held nor on their way, and that the voice does say."""
        refused = self.holdings.refused if self.holdings else ()
        return [
            text
            for entry_id, text in self._own_texts.items()
            if entry_id not in self._own and entry_id not in self._sent and entry_id not in refused
        ]

    def on_their_way(self, now: float) -> int:
        """Texts that were sent and are not held yet."""
        self._sent = {i: sent for i, sent in self._sent.items() if now - sent[1] < LOST_AFTER_S}
        return len(self._sent)

    def held_patterns(self) -> Counter[Pattern]:
        """Pattern → remarks that are held or on their way."""
        return count_held(text.pattern for text in self._all_remarks())

    def texts(self, label: str | None = None) -> list[str]:
        """All remarks that are held, were used just now or are on their way, in any wording."""
        return [
            text.text
            for text in (*self._all_remarks(), *self._used_texts())
            if label is None or (text.pattern and text.pattern.label == label)
        ]

    def known(self) -> list[str]:
        """All those texts, normalised, to be compared with what is new."""
        return [normalised(text) for text in self.texts()]

    def _remarks(self) -> list[PoolEntry]:
        return [entry for entry_id, entry in self._held.items() if entry_id not in self._used]

    def _all_remarks(self) -> list[PoolText]:
        sent = [text for text, _ in self._sent.values() if text.use == "remark"]
        return [*(entry.text for entry in self._remarks()), *sent]

    def _used_texts(self) -> list[PoolText]:
        return [self._held[entry_id].text for entry_id in self._used if entry_id in self._held]

    def _objection(self, entry: PoolEntry, voice: str) -> str | None:
        text = entry.text
        if text.use == "remark" and entry.voice != voice:
            return "another voice"
        if not self._is_judged(text):
            self._judged[text.entry_id] = (text, self._admission.objection(text))
        return self._judged[text.entry_id][1]

    def _is_judged(self, text: PoolText) -> bool:
        return self._judged.get(text.entry_id, (None,))[0] == text
