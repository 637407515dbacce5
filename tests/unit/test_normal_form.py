"""Normal forms are Unicode's, without marks in a number that no letter has."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.lexicon.normal_form import MAX_MARKS, normal_form

FORMS = ("NFC", "NFKC")


@given(st.text("aйиé\u0301\u0327\u0306\u0345ﬁﷺ가 \u1100\u1161", max_size=MAX_MARKS))
def test_it_is_unicodes(text: str) -> None:
    for form in FORMS:
        assert normal_form(form, text) == unicodedata.normalize(form, text)


@pytest.mark.parametrize("form", FORMS)
def test_no_letter_has_more_marks(form: str) -> None:
    assert normal_form(form, "a" + "\u0345\u0327" * 5000 + "b\u0306") == normal_form(
        form, "a" + "\u0345\u0327" * (MAX_MARKS // 2) + "b\u0306"
    )
