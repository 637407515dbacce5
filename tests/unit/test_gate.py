"""The output gate: what a model writes is spoken only when it is speech."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.clauses import LONGEST_CLAUSE_CHARS
from edge.commentator.forbidden import load_blocklists
from edge.commentator.gate import Gate, Stopped
from edge.commentator.prompts import load_prompt
from edge.config import ConfigError

BLOCKED = load_blocklists()
PROMPT = "Ты остроумный гид в шаттле по Нуану на Бали. Скажи одну короткую фразу."


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Собака 🐶 бежит 🏃‍♂️!", "Собака бежит!"),
        ("Смотрите https://example.com/x собака", "Смотрите собака"),
        ("Смотрите [сюда](http://a.b/c).", "Смотрите сюда."),
        ("Гид: собака.", "собака."),
        ("«Собака» справа", "Собака справа"),
        (".. две собаки,", "две собаки,"),
        ("!!!", ""),
        ("🐶", ""),
        ("", ""),
        ("До храма 3,5 км — пешком.", "До храма 3,5 км — пешком."),
        ("-5 градусов, бр-р.", "-5 градусов, бр-р."),
        ("Пишите на me.you@x.co.uk, ждём.", "Пишите на, ждём."),
        ("Пишите (me@x.com) нам", "Пишите нам"),
        ("Пишите [нам](mailto:me@x.com)!", "Пишите нам!"),
        ("See [it](http://a.b/c_(d)) there", "See it) there"),
        ("Почём 5@кг? Дорого.", "Почём 5@кг? Дорого."),
        ("(Примерно триста метров.)", "Примерно триста метров."),
    ],
)
def test_only_speech_is_left(written: str, spoken: str) -> None:
    assert Gate(BLOCKED).clean(written) == spoken


def test_an_address_of_the_page_may_be_told() -> None:
    page = "Пишите на info@nuanu.com, сайт https://nuanu.com/park."
    gate = Gate(BLOCKED, facts=page)
    for answer in ("Пишите на info@nuanu.com, там ответят.", "Сайт (https://nuanu.com/park)."):
        assert gate.clean(answer) == answer
    assert gate.clean("Пишите на info@nuanu.ru, там.") == "Пишите на, там."


@pytest.mark.parametrize(
    "secret", ["sk-abcdefgh12345678", "gsk_abcdEFGH12345678", "A1b2C3d4E5f6G7h8I9j0K1l2"]
)
def test_keys_are_stopped(secret: str) -> None:
    with pytest.raises(Stopped, match="key"):
        Gate(BLOCKED).clean(f"Ключ {secret} вот")


def test_the_prompt_does_not_leak_also_across_clauses() -> None:
    gate = Gate(BLOCKED, prompt=PROMPT)
    with pytest.raises(Stopped, match="prompt"):
        gate.clean("Я остроумный гид в шаттле по Нуану на Бали")
    with pytest.raises(Stopped, match="prompt"):
        gate.clean("в шаттле по Нуану", "остроумный гид")
    assert gate.clean("гид в шаттле рад вам") == "гид в шаттле рад вам"


def test_blocked_words_are_stopped_in_any_case_and_the_operator_can_add_some(tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        Gate(BLOCKED).clean("What the FUCK is that")
    assert Gate(BLOCKED).clean("A dog in Scunthorpe") == "A dog in Scunthorpe"
    (tmp_path / "en.txt").write_text("cucumber # not here\n", "utf-8")
    with pytest.raises(Stopped):
        Gate(load_blocklists(str(tmp_path))).clean("A cucumber!")


def test_a_blocklist_that_cannot_be_read_stops_the_start_and_not_every_remark(tmp_path: Path) -> None:
    (tmp_path / "ru.txt").write_bytes("дурак".encode("cp1251"))
    with pytest.raises(ConfigError, match=r"blocklist_dir.*ru\.txt"):
        load_blocklists(str(tmp_path))


def test_a_folder_of_the_operators_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    for load, key in ((load_blocklists, "blocklist_dir"), (partial(load_prompt, "ru"), "prompts_dir")):
        with pytest.raises(ConfigError, match=rf"{key} = .*nowhere"):
            load(str(tmp_path / "nowhere"))


def test_a_reply_has_a_length() -> None:
    gate = Gate(BLOCKED, max_chars=50)
    assert gate.clean("слово " * 5, "")
    with pytest.raises(Stopped, match="50"):
        gate.clean("слово " * 5, "x" * 30)


@pytest.mark.parametrize("endless", ["a@", "a", "(", "www.a", "𝟙", "слово "])
def test_what_has_no_end_is_stopped_before_it_is_read(endless: str) -> None:
    with pytest.raises(Stopped, match="no end"):
        Gate(BLOCKED).clean((endless * LONGEST_CLAUSE_CHARS)[:LONGEST_CLAUSE_CHARS])


@given(st.text(max_size=200))
def test_whatever_comes_in_what_goes_out_is_one_clean_line(text: str) -> None:
    try:
        clean = Gate(BLOCKED).clean(text)
    except Stopped:
        return
    assert clean == clean.strip()
    assert not set(clean) & set("_`{}[]|\n\r\t")
    assert clean == "" or any(c.isalnum() for c in clean)
