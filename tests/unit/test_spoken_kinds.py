"""Sentences of the kinds that the table of tests/spoken_form has, and that do not stand in it."""

from __future__ import annotations

import pytest

from edge.messages import Language
from edge.spoken_form.spell import spoken_form

RUSSIAN = [
    # halves: from five on the whole number governs, and a noun behind a decimal number shows that it is one
    ("Высота башни 47,5 м.", "Высота башни сорок семь с половиной метров."),
    ("Около 7,5 минут.", "Около семи с половиной минут."),
    ("Глубина 5,5 метра.", "Глубина пять целых пять десятых метра."),
    ("Пробег 21,5 км.", "Пробег двадцать одна целая пять десятых километра."),
    ("Ждать 1,5 часа.", "Ждать полтора часа."),
    # a monarch's number before another noun, and what is numbered behind a name
    ("При Петре I город вырос.", "При Петре первом город вырос."),
    ("Орден Анны II степени.", "Орден Анны второй степени."),
    # a letter behind a number is a unit or part of a name
    ("Автобус 15А, дом 12В.", "Автобус пятнадцать а, дом двенадцать вэ."),
    ("Напряжение 220В, ток 10А.", "Напряжение двести двадцать вольт, ток десять ампер."),
    # a year that numbers no noun behind it
    ("В 1812 Наполеон вошёл в Москву.", "В тысяча восемьсот двенадцатом Наполеон вошёл в Москву."),
    ("В 2021 музей закрыли.", "В две тысячи двадцать первом музей закрыли."),
    ("В 2000 домах нет света.", "В двух тысячах домах нет света."),
    # grams and years
    ("Весит 70 кг 500 г.", "Весит семьдесят килограммов пятьсот грамм."),
    ("Порция 250 г.", "Порция двести пятьдесят грамм."),
    ("В 988 г. крестили Русь.", "В девятьсот восемьдесят восьмом году крестили Русь."),
    # numbered units, ranges with one ending, heights, rivers, streets
    ("Кафе на 5-м км трассы.", "Кафе на пятом километре трассы."),
    ("В 50–60-х годах.", "В пятидесятых — шестидесятых годах."),
    ("На высоте 300 м над ур. м.", "На высоте трёхсот метров над уровнем моря."),
    ("Гуляем по наб. р. Фонтанки.", "Гуляем по набережной реки Фонтанки."),
    ("Это ул. 26 Бакинских Комиссаров.", "Это улица двадцати шести Бакинских Комиссаров."),
]


@pytest.mark.parametrize(("written", "spoken"), RUSSIAN)
def test_russian(written: str, spoken: str) -> None:
    assert _said(written, "ru") == spoken


def _said(text: str, language: Language) -> str:
    return spoken_form(text, language).text
