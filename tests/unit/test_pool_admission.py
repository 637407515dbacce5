"""What is held, or comes in an archive, is said only as long as the gate of today lets it through."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.commentator.forbidden import Forbidden, load_blocklists
from edge.commentator.gate import Gate
from edge.commentator.openers import own_texts
from edge.commentator.pool.admission import Admission, make_admission
from edge.commentator.pool.asking import Asking
from edge.commentator.pool.matching import Hit
from edge.commentator.pool.stock import JUDGED_AT_ONCE, Stock
from edge.commentator.pool.variety import Spoken
from edge.config import Settings
from edge.messages import Pattern, PoolEntry, PoolHoldings, PoolText, Sighting

VOICE = "v"
DOG = Pattern(label="dog")
GOOD = "Хвост работает как дворник."
OPENER = own_texts("ru", ["remark"])[0]


def admission(blocklist_dir: str | None = None) -> Admission:
    settings = msgspec.convert({"commentator": {"blocklist_dir": blocklist_dir}}, Settings)
    return make_admission(settings, load_blocklists(blocklist_dir))


def remark(text: str = GOOD, *, pattern: Pattern | None = DOG, number: int = 0) -> PoolText:
    prompt = admission_prompt()
    return PoolText(
        entry_id=f"e{number}", use="remark", language="ru", text=text, pattern=pattern, prompt=prompt
    )


def admission_prompt() -> str:
    return Asking("ru", None).fingerprint


def holdings(*texts: PoolText, instance: str = "s1") -> PoolHoldings:
    entries = tuple(PoolEntry(text=text, duration_ms=900, voice=VOICE) for text in texts)
    return PoolHoldings(instance=instance, voice=VOICE, entries=entries)


def test_what_this_guide_would_write_may_be_said() -> None:
    assert admission().objection(remark()) is None
    assert admission().objection(OPENER) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Эта собака похожа на вас, суки.", "it insults"),
        ("Смотрите: www.example.com/free, там дают печенье.", "not as the gate"),
        ("Пишите на dog@example.com, там дают печенье.", "not as the gate"),
        ("**Хвост** работает как дворник.", "not as the gate"),
        ("Хвост\u202e работает как дворник.", "not as the gate"),
        ("Ключ gsk_abcdefgh12345678 в кармане у пса.", "it looks like a key"),
        ("Гав.", "its length"),
        ("Хвост работает как дворник, " * 8 + "да.", "longer than"),
        ("Хвост работает как", "it breaks off"),
        ("The tail works like a windscreen wiper.", "its language"),
        ("Слева хвост работает как дворник.", "it names a side"),
    ],
)
def test_what_it_would_not_write_may_not(text: str, reason: str) -> None:
    """Nothing of a text is repaired: its sound says what it says."""
    objection = admission().objection(remark(text))
    assert objection is not None
    assert reason in objection


def test_a_remark_about_nothing_or_under_another_prompt_may_not() -> None:
    assert admission().objection(remark(pattern=None)) == "it has no pattern"
    another = msgspec.structs.replace(remark(), prompt="another")
    assert admission().objection(another) == "another prompt"
    assert admission().objection(msgspec.structs.replace(remark(), language="en")) == "another language"


@pytest.mark.parametrize(
    "change", [{"text": "Дураки!"}, {"language": "en"}, {"kind": "answer"}, {"use": "ending"}]
)
def test_an_opener_s_id_makes_no_other_text_an_opener(change: dict[str, str]) -> None:
    other = msgspec.structs.replace(OPENER, **change)
    assert admission().objection(other) == "not among the guide's texts any more"
    assert Stock("ru", admission(), [OPENER]).note(holdings(other))[0].entry_ids == (OPENER.entry_id,)


def test_a_word_that_is_blocked_from_now_on_is_not_played_any_more_and_removed(tmp_path: Path) -> None:
    """A guide that starts with another blocklist judges anew what its speaker has held all the time."""
    held, other = remark(), remark("Нюхает ветер перемен, и тот пахнет рисом.", number=1)
    before = Stock("ru", admission())
    assert before.note(holdings(held, other)) == []
    (tmp_path / "ru.txt").write_text("дворник\n", "utf-8")
    after = Stock("ru", admission(str(tmp_path)))
    (discard,) = after.note(holdings(held, other))
    assert discard.entry_ids == (held.entry_id,)
    assert "blocked word" in discard.reason
    hit = after.take(Sighting(label="dog"), "ru", Spoken())
    assert isinstance(hit, Hit)
    assert hit.entry.text == other


def test_an_entry_that_came_under_a_known_id_is_judged_anew() -> None:
    stock = Stock("ru", admission())
    assert stock.note(holdings(remark())) == []
    assert stock.note(holdings(remark("Эта собака похожа на вас, суки.")))


def test_a_large_pool_is_judged_a_part_at_a_time_and_nothing_before() -> None:
    judged: list[str] = []

    class Counting(Admission):
        def objection(self, text: PoolText) -> str | None:
            judged.append(text.entry_id)
            return super().objection(text)

    texts = [remark(number=number) for number in range(2 * JUDGED_AT_ONCE + 1)]
    stock = Stock("ru", Counting("ru", admission_prompt(), Gate(Forbidden())))
    for told in (JUDGED_AT_ONCE, 2 * JUDGED_AT_ONCE, len(texts), len(texts)):
        stock.note(holdings(*texts))
        assert (len(judged), stock.held_patterns().total()) == (told, told)
    assert len(set(judged)) == len(texts)
