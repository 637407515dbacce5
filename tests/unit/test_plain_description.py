"""The phrasebook quotes plain descriptions, and nothing that somebody wants announced."""

from __future__ import annotations

import functools
import itertools
import random
import time
import tomllib

import msgspec
import pytest

from bench.own_environment import REPOSITORY
from edge.commentator.forbidden import Forbidden, load_blocklists
from edge.commentator.models.phrasebook_rung import PhrasebookRung
from edge.commentator.models.request import ModelRequest
from edge.commentator.phrasebook import ANY_TEXT, load_remarks
from edge.commentator.template import Thing, said_words
from edge.config import Settings
from edge.ingest.native import NativeDialect
from edge.lexicon.plain_description import LONGEST, _grammar, is_plain_description
from edge.lexicon.words import words_of
from edge.messages import LANGUAGES, Language, Sighting, Trigger

TEXTS = tomllib.loads((REPOSITORY / "tests/data/plain_descriptions.toml").read_text("utf-8"))
HOSTILE = [text for table in TEXTS.values() for text in table["hostile"]]
dialect = NativeDialect(Settings())


@functools.cache
def rung() -> PhrasebookRung:
    return PhrasebookRung(load_blocklists())


def seen(**event: object) -> Sighting | None:
    """What ingest makes of an event; None: it is refused."""
    parsed = dialect.parse(
        "shuttle/demo/event",
        msgspec.json.encode(event),
        retain=False,
        received_mono=time.monotonic(),
        received_at=time.time(),
    )
    return parsed.sighting if isinstance(parsed, Trigger) else None


async def said_of(sighting: Sighting | None, language: Language, user: str = "") -> str:
    """What the last rung says."""
    request = ModelRequest(language=language, system="", user=user, sighting=sighting)
    return " ".join([clause.text async for clause in rung().open(request)])


def remarks_on_something(language: Language) -> set[tuple[str, ...]]:
    """What the phrasebook says where it may not quote, as words."""
    thing = Thing(text=said_words(language)["something"])
    return {tuple(words_of(template.render(thing))) for template in load_remarks(language)[ANY_TEXT]}


@pytest.mark.parametrize("name", TEXTS)
def test_nine_in_ten_plain_descriptions_are_quoted(name: str) -> None:
    harmless = TEXTS[name]["harmless"]
    assert len(harmless) >= 60
    missed = [text for text in harmless if not is_plain_description(text)]
    assert len(missed) <= len(harmless) / 10, missed


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_that_somebody_wants_announced_is_quoted(name: str) -> None:
    assert len(TEXTS[name]["hostile"]) >= 60
    assert [text for text in TEXTS[name]["hostile"] if is_plain_description(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_last_rung_says_of_a_hostile_event_what_it_says_of_nothing(language: Language) -> None:
    remarks = remarks_on_something(language)
    for text in HOSTILE:
        for event in ({"text": text}, {"label": text}, {"label": "hand_truck", "text": text}):
            sighting = seen(**event, language=language)
            if sighting is None or sighting.label is not None:
                continue  # refused, or said in the guide's own words for that label
            assert tuple(words_of(await said_of(sighting, language))) in remarks, event


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_has_no_sighting_is_not_read_out_either(language: Language) -> None:
    remarks = remarks_on_something(language)
    for text in HOSTILE:
        assert tuple(words_of(await said_of(None, language, user=text))) in remarks, text


async def test_the_sunset_over_the_rice_field_stays() -> None:
    text = "закат над рисовым полем"
    assert text in (await said_of(Sighting(text=text), "ru")).lower()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_blocked_word_of_any_language_is_not_quoted(language: Language) -> None:
    strict = PhrasebookRung(Forbidden(words=["boats"]))
    request = ModelRequest(language=language, system="", user="", sighting=Sighting(text="white boats"))
    assert "boats" not in " ".join([clause.text async for clause in strict.open(request)]).lower()
    assert "boats" in (await said_of(Sighting(text="white boats"), language)).lower()


@pytest.mark.parametrize(
    "disguise",
    [
        *("{}!", "{}?", "{}: {}", "{} — {}", "{}; {}", "({})", "«{}»", "{}…", "{}.. {}", "{}\n{}"),
        *("{}\u200b", "\u202e{}", "{} 112", "{} 0812", "{} @bali", "{}/x", "{} a.b", "{} http", "{} & {}"),
        *("{} 🚤", "{} ①", "{} x", "#{}", "*{}*"),
    ],
)
def test_signs_that_no_description_needs_make_it_none(disguise: str, subtests: pytest.Subtests) -> None:
    for text in ("белая лодка", "a white boat", "perahu putih"):
        with subtests.test(text):
            assert is_plain_description(text)
            assert not is_plain_description(disguise.format(text, text))


@pytest.mark.parametrize("text", ["белая лодка", "a white boat", "perahu putih"])
def test_shouting_foreign_letters_and_spaced_out_words_are_none(text: str) -> None:
    twins = str.maketrans("аеорсухa", "aeopcyxа")
    for changed in {text.upper(), text.translate(twins), " ".join(text), text.replace("a", "á")} - {text}:
        assert not is_plain_description(changed), changed
    assert is_plain_description(text.capitalize())


def test_words_of_two_languages_are_none() -> None:
    plain = ["белая лодка", "white boat", "perahu putih"]
    for one, other in itertools.permutations(plain, 2):
        assert not is_plain_description(f"{one} {other}")


def test_a_description_is_short() -> None:
    assert is_plain_description("белая лодка и белая лодка и белая лодка")
    assert not is_plain_description(" и ".join(["белая лодка"] * 8))
    assert LONGEST == 80


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_order_is_made_of_the_words_that_may_be_quoted(language: Language) -> None:
    """Words that are also an order begin no description, in front of whatever stands."""
    grammar = _grammar(language)
    rng = random.Random(1)
    phrases = list(grammar.roles)
    for order in grammar.orders:
        for _ in range(200):
            words = (order, *itertools.chain.from_iterable(rng.choices(phrases, k=rng.randint(0, 3))))
            assert not grammar.is_description(words), words
