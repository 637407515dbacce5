"""The phrasebook always has a remark, and does not repeat itself until it must."""

from __future__ import annotations

import functools
import itertools
import random
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import package_tables
from edge.commentator.phrasebook import Phrasebook, PhrasebookError, load_remarks
from edge.commentator.template import Template, TemplateError, Thing
from edge.lexicon.labels import known_labels
from edge.messages import Language, Sighting

LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")


@functools.cache
def _book(language: Language) -> Phrasebook:
    return Phrasebook(language, rng=random.Random(1))


def _render(source: str, language: Language = "ru", **thing: object) -> str:
    return Template.parse(source, language, about="np").render(Thing(label="dog", **thing))


class TestTemplate:
    def test_the_noun_phrase_carries_its_number_and_case(self) -> None:
        assert _render("Привет [тебе|вам], {np}!", count=1) == "Привет тебе, собака!"
        assert _render("Привет [тебе|вам], {np}!", count=5) == "Привет вам, пять собак!"
        assert _render("Помашем {np:dat}.", count="several") == "Помашем многим собакам."

    def test_the_verb_agrees_even_where_one_is_plural_or_twenty_one_is_singular(self) -> None:
        template = Template.parse("{np} [едет|едут].", "ru", about="np")
        assert template.render(Thing(label="skis")) == "Лыжи едут."
        assert template.render(Thing(label="dog", count=21)) == "Больше двадцати собак едут."
        assert template.render(Thing(label="skis", count=31)) == "Больше тридцати пар лыж едут."

    def test_a_slot_that_begins_a_sentence_is_capitalised(self) -> None:
        assert (
            _render("{np} [ждёт|ждут]. {side} тихо.", count=2, side="left") == "Две собаки ждут. Слева тихо."
        )

    def test_an_unknown_side_leaves_no_trace(self) -> None:
        assert _render("Смотрите, {np} {side}.") == "Смотрите, собака."
        assert _render("{side} {np}.") == "Собака."
        assert _render("{np} {side}: дела.") == "Собака: дела."

    def test_a_sentence_that_begins_with_the_side_says_nearby_when_it_is_unknown(self) -> None:
        assert _render("{Side} {np}.") == "Рядом собака."
        assert _render("{Side} {np}.", "en", side="right") == "On the right a dog."

    @pytest.mark.parametrize(
        "source",
        [
            "Привет.",
            "{np} и {np}",
            "{np} {side} {Side}",
            "{np:abc}",
            "{nq} {np}",
            "{np} [ждёт]",
            "{np} {text}",
        ],
    )
    def test_a_malformed_template_is_refused(self, source: str) -> None:
        with pytest.raises(TemplateError, match="expected"):
            Template.parse(source, "ru", about="np")

    def test_only_russian_has_cases(self) -> None:
        with pytest.raises(TemplateError, match="case"):
            Template.parse("See {np:acc}", "en", about="np")


def test_a_bad_remark_is_named_with_its_file_and_label(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "phrases"
    folder.mkdir()
    (folder / "en.toml").write_text('[dog]\nremarks = ["Look, {np"]\n')
    monkeypatch.setattr(package_tables, "files", lambda _: tmp_path)
    load_remarks.cache_clear()
    with pytest.raises(PhrasebookError, match=r"phrases/en.toml: \[dog\]: 'Look, \{np': expected"):
        load_remarks("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_remark_is_repeated_before_all_were_said_and_never_twice_in_a_row(language: Language) -> None:
    book = Phrasebook(language, rng=random.Random(7))
    available = len(load_remarks(language)["dog"])
    said = [book.remark(Sighting(label="dog")) for _ in range(3 * available)]
    assert len(set(said[:available])) == available
    assert all(now != before for before, now in itertools.pairwise(said))


def test_labels_that_share_remarks_do_not_repeat_each_other() -> None:
    book = Phrasebook("en", rng=random.Random(3))
    templates = load_remarks("en")["person"]
    for sighting in [Sighting(label="surfer"), Sighting(label="musician")] * (len(templates) // 2):
        book.remark(sighting)
    assert len(set(book._said["person"])) == len(book._said["person"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_known_label_wins_over_text_and_an_unknown_one_loses_to_it(language: Language) -> None:
    text = "дракон над храмом"
    book = _book(language)
    assert text not in book.remark(Sighting(label="Dog", text=text))
    assert text in book.remark(Sighting(label="cls_17", text=text)).lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_label_is_spoken_only_if_it_is_words(language: Language) -> None:
    assert "lotus pond" in _book(language).remark(Sighting(label="lotus_pond")).lower()
    assert "cls" not in _book(language).remark(Sighting(label="cls_17"))


@given(
    language=st.sampled_from(LANGUAGES),
    label=st.one_of(st.none(), st.sampled_from(known_labels()), st.text(min_size=1, max_size=64)),
    count=st.one_of(st.integers(1, 1000), st.just("several")),
    side=st.sampled_from(["left", "right", "ahead", "behind", None]),
    text=st.one_of(st.none(), st.text(min_size=1, max_size=500)),
)
def test_there_is_a_remark_for_every_valid_sighting(
    language: Language, label: str | None, count: int | str, side: str | None, text: str | None
) -> None:
    fields = {"label": label, "count": count, "side": side, "text": text}
    remark = _book(language).remark(msgspec.convert(fields, Sighting))
    assert remark.strip()
    assert len(remark) <= 260
