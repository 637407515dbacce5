"""How much of the measured table is said right: of what was looked at while the rules were written, and of
what was not."""

from __future__ import annotations

import shutil

import pytest

from edge.messages import Language
from tests.support.spoken_form_score import say, score
from tests.support.spoken_form_table import LANGUAGES

pytestmark = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng, which judges spelling, is not installed"
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("held_out", "bound"), [(False, 0.98), (True, 0.93)])
def test_the_table_is_said_right(language: Language, held_out: bool, bound: float) -> None:
    assert score(language, say, held_out=held_out).share >= bound
