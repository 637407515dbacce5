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
    # what is numbered from one to another, school years, classes with a letter
    ("Со 2 по 4 этаж.", "Со второго по четвёртый этаж."),
    ("С 8 до 22 часов.", "С восьми до двадцати двух часов."),
    ("С 3 по 7 остановку.", "С третьей по седьмую остановку."),
    ("В 2023/24 учебном году.", "В две тысячи двадцать третьем — двадцать четвёртом учебном году."),
    ("В 3 «А» классе.", "В третьем «А» классе."),
    ("Дом на 2 линии.", "Дом на второй линии."),
    ("Поделили на 5 линий.", "Поделили на пять линий."),
    ("Вокруг 7 островов и 2 озёр.", "Вокруг семи островов и двух озёр."),
    ("2 × 2 = 4", "два умножить на два равно четыре"),
    ("Это ул. 26 Бакинских Комиссаров.", "Это улица двадцати шести Бакинских Комиссаров."),
]


ENGLISH = [
    # one half of the day for both ends, and two
    ("Open 5:00–7:00 pm.", "Open five to seven p.m."),
    ("Open 9:00–5:00 pm.", "Open nine a.m. to five p.m."),
    ("John Paul II's visit.", "John Paul the Second's visit."),
    ("The 1st–3rd floors.", "The first to third floors."),
    ("It is 3/4 mile away.", "It is three quarters of a mile away."),
    ("Wait 1/2 hour.", "Wait half an hour."),
    ("Walk 2 1/4 miles.", "Walk two and a quarter miles."),
    ("Tiny is .25 here.", "Tiny is point two five here."),
    ("He is 5'10\" tall.", "He is five foot ten tall."),
    ("5M views.", "five million views."),
    ("5 - 3 = 2", "five minus three equals two"),
    ("3 × 4 = 12, but 3 × 4 m", "three times four equals twelve, but three by four meters"),
    ("Version 2.0.1 is here.", "Version two dot zero dot one is here."),
]
INDONESIAN = [
    ("Jaraknya 0,5 km.", "Jaraknya setengah kilometer."),
    ("Tahun 1990-an.", "Tahun seribu sembilan ratus sembilan puluhan."),
    ("Anak2 dan Bpk2.", "Anak-anak dan Bapak-bapak."),
    ("Skor 3-2.", "Skor tiga dua."),
    ("Tunggu 3-5 menit.", "Tunggu tiga sampai lima menit."),
    ("Kav. 51 Lt. 3.", "Kaveling lima puluh satu Lantai tiga."),
    ("Gedung 3 lt.", "Gedung tiga lantai."),
    ("Harga USD 5 atau 25K.", "Harga lima dolar Amerika atau dua puluh lima ribu."),
    ("Minum 2x sehari.", "Minum dua kali sehari."),
    ("Kelas X, XI dan XII.", "Kelas sepuluh, sebelas dan dua belas."),
    ("Abad ke-2 SM.", "Abad kedua sebelum Masehi."),
    ("Ke P. Bali dan D. Batur.", "Ke Pulau Bali dan Danau Batur."),
    ("5 - 3 = 2", "lima dikurangi tiga sama dengan dua"),
    (
        "Alamat 192.168.1.1",
        "Alamat seratus sembilan puluh dua titik seratus enam puluh delapan titik satu titik satu",
    ),
    ("Harga 1.250.000", "Harga satu juta dua ratus lima puluh ribu"),
]


@pytest.mark.parametrize(("written", "spoken"), RUSSIAN)
def test_russian(written: str, spoken: str) -> None:
    assert _said(written, "ru") == spoken


@pytest.mark.parametrize(("written", "spoken"), ENGLISH)
def test_english(written: str, spoken: str) -> None:
    assert _said(written, "en") == spoken


@pytest.mark.parametrize(("written", "spoken"), INDONESIAN)
def test_indonesian(written: str, spoken: str) -> None:
    assert _said(written, "id") == spoken


def _said(text: str, language: Language) -> str:
    return spoken_form(text, language).text
