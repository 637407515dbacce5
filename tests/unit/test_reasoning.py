"""Thoughts are never spoken, in whatever marks, and however the stream is cut into tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.reasoning import _Thoughts, content_of, without_reasoning

HARMONY = (
    "<|channel|>{}<|message|>We need one short joke. <|end|>"
    "<|start|>assistant<|channel|>final<|message|>Слева собака!"
)


async def tokens(text: str, size: int) -> AsyncIterator[str]:
    for i in range(0, len(text), size):
        yield text[i : i + size]


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("<think>hm, a dog</think>Собака!", "Собака!"),
        ("Со<think>x</think>бака", "Собака"),
        ("<think>never ends", ""),
        ("<Reasoning>\na < b\n</Reasoning>Да", "Да"),
        ("2 < 3 и <b>так</b>", "2 < 3 и <b>так</b>"),
        ("a <", "a <"),
        ("a [", "a ["),
        ("<think></think>", ""),
        # gpt-oss' channels, with their control tokens and without
        (HARMONY.format("analysis"), "Слева собака!"),
        (HARMONY.format("commentary"), "Слева собака!"),
        (HARMONY.format("commentary to=functions.x <|constrain|>json"), "Слева собака!"),
        ("<|start|>assistant" + HARMONY.format("analysis") + "<|return|>", "Слева собака!"),
        ("<|channel|>analysis<|message|>It never gets there.", ""),
        ("<|channel|>analysis<|message|>It never gets there.<|end|>", ""),
        ("<|channel|>final<|message|>Собака!", "Собака!"),
        ("analysisWe need a joke.assistantfinalСлева собака!", "Слева собака!"),
        ("commentaryWe need a joke.assistantfinalСлева собака!", "Слева собака!"),
        ("analysisWe need a joke.assistantanalysisMore.assistantfinalДа!", "Да!"),
        ("analysisNothing but thoughts.", ""),
        ("assistantfinalДа!", "Да!"),
        ("analysis of the view: fine.", "analysis of the view: fine."),
        ("analysis", "analysis"),
        ("an", "an"),
        ("assistants work here.", "assistants work here."),
        # others
        ("[THINK]The user wants a joke, be brief.[/THINK]Слева собака!", "Слева собака!"),
        ("[think]hm[/think]Да [и нет].", "Да [и нет]."),
        ("<seed:think>hm</seed:think>Слева собака!", "Слева собака!"),
        ("<thought>hm</thought>Слева собака!", "Слева собака!"),
        ("<think mode='deep'>hm</think>Да!", "Да!"),
        ("<inner_thoughts>hm</inner_thoughts>Да!", "Да!"),
        ("<chain-of-thought>hm</chain-of-thought>Да!", "Да!"),
        ("&lt;think&gt;hm&lt;/think&gt;Да!", "Да!"),
        ("＜think＞hm＜/think＞Да!", "Да!"),
        ("【think】hm【/think】Да!", "Да!"),
        ("[REASONING]hm[/REASONING]Да!", "Да!"),
        ("<think/>Да!", "Да!"),
        ("<|think|>hm<|/think|>Да!", "Да!"),
        ("<|channel>thought\nhm<channel|>Да!", "Да!"),
        ("<unused94>thought\nhm<unused95>Да!", "Да!"),
        ("Tom &amp; Jerry &", "Tom &amp; Jerry &"),
        # one in another; and one that the template and the model both open
        ("<think>a <think>b</think> c</think>Да!", "Да!"),
        ("<thoughts>a<thought>b</thought>c</thoughts>Да!", "Да!"),
        ("<think>\n<think>a</think>Да!", "Да!"),
        ("◁think▷hm◁/think▷Слева собака!", "Слева собака!"),
        ("<think type='deep'>hm</think>Слева собака!", "Слева собака!"),
        ("<seed:think>hm<seed:cot_budget_reflect>2</seed:cot_budget_reflect></seed:think>Да!", "Да!"),
        ("<unused94>thought\nhm<unused95>Слева собака!", "Слева собака!"),
        ("<inner_thoughts>hm</inner_thoughts>Слева собака!", "Слева собака!"),
        ("<|thinking|>hm<|/thinking|>Слева собака!", "Слева собака!"),
        ("<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Да!<|END_RESPONSE|>", "Да!"),
        ("<|begin_of_thought|>hm<|end_of_thought|>Да!", "Да!"),
        ("<|im_start|>assistant\nДа!<|im_end|>\n<|im_start|>user\nЕщё?", "Да!"),
        ("<|start_header_id|>assistant<|end_header_id|>\nДа!<|eot_id|>user", "\nДа!"),
        ("</think>Да!", "Да!"),
    ],
)
async def test_thoughts_are_taken_out(written: str, spoken: str) -> None:
    for size in (1, 2, 3, 7, 100):
        pieces = [piece async for piece in without_reasoning(tokens(written, size))]
        assert "".join(pieces) == spoken, f"{size} characters a token"


async def test_thoughts_that_the_template_has_begun_end_at_their_closing_mark() -> None:
    pieces = [piece async for piece in without_reasoning(tokens("hm</think>Да", 2), thinking=True)]
    assert "".join(pieces) == "Да"


PIECES = st.sampled_from(
    [
        *("<think>", "</think>", "[THINK]", "[/THINK]", "◁think▷", "<|channel|>", "<|message|>", "<|end|>"),
        *(
            "<|start|>",
            "final",
            "analysis",
            "assistant",
            "assistantfinal",
            "<",
            "[",
            "|>",
            "Да. ",
            "a",
            "\n",
            " ",
        ),
        *("<|im_start|>", "<|im_end|>", "commentary", "<seed:", "think>", "◁/"),
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_it_does_not_matter_how_a_reply_is_cut(reply: str, sizes: list[int]) -> None:
    thoughts, content, at, turn = _Thoughts(thinking=False), "", 0, 0
    while at < len(reply):
        size = sizes[turn % len(sizes)]
        content += "".join(thoughts.content_of(reply[at : at + size]))
        at, turn = at + size, turn + 1
    assert content + thoughts.rest() == content_of(reply)
