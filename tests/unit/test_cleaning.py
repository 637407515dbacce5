"""Cleaning takes mark-up and noise out of a text, and never its meaning."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.commentator.cleaning import is_manner, without_markup, without_noise
from edge.commentator.list_marks import ListMarks
from edge.commentator.wording import GivenWords


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**Две** собаки _справа_!", "Две собаки справа!"),
        ("|- пункт|", "пункт"),
        ("**- пункт**", "пункт"),
        ("# Заголовок", "Заголовок"),
        ("- собака", "собака"),
        ("> цитата", "цитата"),
        ("`code`", "code"),
        ("```python", ""),
        ("| храм | 5 км |", "храм 5 км"),
        ("|---|---|", ""),
        ("<b>Собака</b>", "Собака"),
        ("с<b>о</b>бака", "собака"),
        ("раз<br/>два", "раз два"),
        ("<!-- тайна -->Собака", "Собака"),
        ("<|im_end|>Собака", "Собака"),
        ("Кафе &laquo;У моря&raquo; &amp; бар&nbsp;слева", "Кафе «У моря» & бар слева"),
        ("&lt;b&gt;Собака&lt;/b&gt; &lt; 5", "Собака < 5"),
        ("&#1055;ляж &#x2116; 3", "Пляж № 3"),
        ("AT&T; R&D", "AT&T; R&D"),
        ("Собака :dog: бежит в 10:30:15", "Собака бежит в 10:30:15"),
        ("2**3 = 8, **это** 2 * 4", "2^3 = 8, это 2 × 4"),
        ("Собака 🐶 бежит 🏃‍♂️ 🇮🇩!", "Собака бежит!"),
        ("Смотрите [сюда](http://a.b/c).", "Смотрите сюда."),
        ("Картинка ![храм](x.png)", "Картинка храм"),
    ],
)
def test_markup_and_emoji_go(written: str, said: str) -> None:
    assert without_noise(written) == said
    assert without_markup(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "Сегодня 31 °C в тени.",
        "Температура: 5°.",
        "Автобус №7 едет слева.",
        "Дом № 12",
        "Вода 28 ℃.",
        "Место #5",
        "~30 человек",
        "a = b",
        "a < b, c > d",
        "< 5 минут",
        "> 30 градусов",
        "5 ≥ 3 ± 1",
        "-5 градусов",
        "−5 градусов",
        "x<y",
        "½ часа",
        "200 м²",
        "2 × 3",
        "50 %",
        "Вход (50 000 рупий) слева.",
        "Башня (построена в 2024) слева.",
        "Tower (built in 2024) ahead.",
        "2019",
        "5. Все они деревянные.",
        "12. декабря открытие.",
        "AT&T",
        "5 > 3",
        "R&D; B&B",
        "Отель 5* у моря.",
        "a<b and c>d",
        "Курс C# и C++",
        "&notathing; остаётся",
        "1. января закрыто",
    ],
)
def test_what_means_something_stays(text: str) -> None:
    assert without_noise(text) == text
    assert without_markup(text) == text


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("(смеётся) Собака.", "Собака."),
        ("*машет рукой* Собака.", "Собака."),
        ("[laughs softly] A dog.", "A dog."),
        ("*tertawa* Anjing.", "Anjing."),
        ("**(подмигивает)** Да", "Да"),
        ("(с улыбкой) Да", "Да"),
        ("(весело и громко) Да", "Да"),
        ("{whispers} Yes", "Yes"),
        ("Ну *очень* вкусно", "Ну очень вкусно"),
        ("*a* **b** * c *", "a b c"),
        ("(Примерно триста метров.)", "Примерно триста метров."),
        ("(смеётся над нами весь пляж) Да", "(смеётся над нами весь пляж) Да"),
        ("Храм [закрыт] слева", "Храм (закрыт) слева"),
        ("(never closed, [nor this", "(never closed, (nor this"),
        ("(смеётся)", ""),
    ],
)
def test_a_stage_direction_goes_and_facts_in_brackets_stay(written: str, said: str) -> None:
    assert without_noise(written) == said


def test_manners_are_known_in_each_language() -> None:
    assert all(map(is_manner, ("смеётся", "laughs", "tertawa", "Указывает рукой налево", "waves his hand")))
    assert not any(map(is_manner, ("построена в 2024", "рукой", "closed", "", "kiri", "50 000")))


@pytest.mark.parametrize(
    ("written", "clauses"),
    [
        ("🚧 Осторожно, двери закрываются", ["Осторожно, двери закрываются"]),
        ("**Внимание!** Остановка", ["Внимание!", "Остановка"]),
        ('<speak>Осторожно<break time="1s"/></speak>', ["Осторожно"]),
        ("(смеётся) «Гид»: sk-abcdefgh12345678", ["(смеётся) «Гид»:", "sk-abcdefgh12345678"]),
        ("Пожар! Выходите!", ["Пожар!", "Выходите!"]),
        ("1. Пляж\n2. Храм\n", ["Пляж", "Храм"]),
        ("1. Maret libur\nBuka lagi 2 Maret", ["1.", "Maret libur", "Buka lagi 2 Maret"]),
        ("Пишите: <info@nuanu.com>, <https://nuanu.com/a>", ["Пишите: info@nuanu.com, https://nuanu.com/a"]),
        ("📢📢", []),
    ],
)
async def test_dispatchs_words_are_cleaned_of_markup_and_of_nothing_else(
    written: str, clauses: list[str]
) -> None:
    assert [words.text async for words in GivenWords(written).clauses()] == clauses


def listed(text: str, size: int = 1) -> str:
    marks = ListMarks()
    return "".join(marks.feed(text[at : at + size]) for at in range(0, len(text), size)) + marks.rest()


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1. Раз\n2. Два\n3) Три", "Раз\nДва\nТри"),
        ("2019. Тогда башню и открыли.", "2019. Тогда башню и открыли."),
        ("5. Все они деревянные.", "5. Все они деревянные."),
        ("Мы едем. 3. Следующая остановка.", "Мы едем. 3. Следующая остановка."),
        ("12. декабря открытие.", "12. декабря открытие."),
        ("1. Раз\n5. Пять\n2. Два", "Раз\n5. Пять\nДва"),
        ("Цены:\n 1. Кофе\n 2. Чай", "Цены:\nКофе\nЧай"),
        ("1.5 км", "1.5 км"),
        ("1", "1"),
        ("", ""),
    ],
)
def test_a_lists_mark_is_one_only_in_sequence_where_a_line_begins(written: str, said: str, size: int) -> None:
    assert listed(written, size) == said


@given(st.text(alphabet="12. )\nаб", max_size=60), st.integers(1, 7))
def test_how_a_text_is_cut_does_not_matter_for_its_lists(text: str, size: int) -> None:
    assert listed(text, size) == listed(text)


@given(st.text(alphabet="аб1 .,()[]*_<>#&;-|`~ab\n°№", max_size=60) | st.text(max_size=100))
def test_letters_and_digits_outside_markup_stay_and_nothing_raises(text: str) -> None:
    said = without_markup(text)
    # A list's mark may have stood behind other mark-up: there it was none.
    hidden = set(text) & set("<&[") or any(mark in said for mark in ("1.", "1)"))
    assert without_markup(said) == said or hidden
    if not set(text) & set("<>&[]"):
        kept = [c for c in said if c.isalnum()]
        assert kept == [c for c in kept if c in text or not c.isascii()]


def test_nothing_to_say_ends_at_once() -> None:
    async def clauses() -> list[str]:
        return [words.text async for words in GivenWords("*** 🚧").clauses()]

    assert asyncio.run(clauses()) == []
