"""What the emulated models say to a request for remarks ahead: enough for a guide to fill its pool with."""

from __future__ import annotations

import pytest

from bench.clouds.replies import REMARKS_AHEAD, scripted_remarks
from edge.commentator.pool.asking import Asking
from edge.commentator.pool.reply import remarks_of
from edge.commentator.pool.variety import is_near_duplicate, normalised
from edge.messages import Language, Pattern


@pytest.mark.parametrize("language", ["ru", "en", "id"])
def test_remarks_ahead_are_a_list_in_which_none_resembles_another(language: Language) -> None:
    reply = scripted_remarks()
    asking = Asking(language, None)
    request = {
        "messages": [
            {"role": "system", "content": asking.system},
            {"role": "user", "content": asking.user(Pattern(label="dog"), 5, ())},
        ]
    }
    known: list[str] = []
    for _ in range(30):
        answer = reply(request)
        assert isinstance(answer, str)
        remarks = remarks_of(answer)
        assert len(remarks) == REMARKS_AHEAD
        for remark in remarks:
            assert not is_near_duplicate(remark, known)
            known.append(normalised(remark))


def test_a_live_request_is_given_one_remark() -> None:
    answer = scripted_remarks()({"messages": [{"role": "user", "content": "две собаки справа"}]})
    assert answer == "Ой, смотрите! Две собаки справа обсуждают, кто сегодня вожак."
