"""What is said for what is written: numbers, units, prices, dates, times, abbreviations, names."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge.messages import Language
from edge.spoken_form import spell
from edge.spoken_form.spell import spoken_form

LANGUAGES: tuple[Language, ...] = ("ru", "en", "id")


@pytest.fixture(scope="module", autouse=True)
def a_rule_that_fails_is_seen() -> Iterator[None]:
    """In the guide a text is then said as it is written."""

    def fail(*_: object) -> None:
        raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spell.log, "exception", fail)
        yield


def said(text: str, language: Language) -> str:
    return spoken_form(text, language).text


RUSSIAN = [
    # the degree sign, № and other signs
    ("Сегодня 31 °C в тени.", "Сегодня тридцать один градус в тени."),
    ("Температура: 5°.", "Температура: пять градусов."),
    ("Автобус №7 едет слева.", "Автобус номер семь едет слева."),
    ("Дом № 12", "Дом номер двенадцать"),
    ("~30", "примерно тридцать"),
    ("При 22 °C вода тёплая.", "При двадцати двух градусах вода тёплая."),
    ("Ночью до −3 °C.", "Ночью до минус трёх градусов."),
    ("Уклон < 5 %.", "Уклон меньше пяти процентов."),
    # a number that stands alone
    ("5. Все они деревянные.", "пять. Все они деревянные."),
    ("Мы едем. 3. Следующая остановка.", "Мы едем. три. Следующая остановка."),
    ("12. декабря открытие.", "двенадцатого декабря открытие."),
    # units
    ("До храма 5 км.", "До храма пять километров."),
    ("Скорость 12 км/ч.", "Скорость двенадцать километров в час."),
    ("Осталось 10 мин.", "Осталось десять минут."),
    ("Площадь 200 м².", "Площадь двести квадратных метров."),
    ("ул. Ленина, д. 5", "улица Ленина, дом пять"),
    ("Вход $5.", "Вход пять долларов."),
    ("~30 тыс. рупий", "примерно тридцать тысяч рупий"),
    ("CO2", "цэ о два"),
    ("2^3 = 8", "два в степени три равно восемь"),
    ("Ubud", "Убуд"),
    ("Пляж в 2 км от отеля.", "Пляж в двух километрах от отеля."),
    ("Около 1 м/с.", "Около одного метра в секунду."),
    ("Участок 21 га.", "Участок двадцать один гектар."),
    # gender, groups, dates, ordinals, Roman numerals
    ("2 остановки", "две остановки"),
    ("1 остановка", "одна остановка"),
    ("21 минута", "двадцать одна минута"),
    ("у 3 остановок", "у трёх остановок"),
    ("50 000 рупий", "пятьдесят тысяч рупий"),
    ("24.12.2024", "двадцать четвёртое декабря две тысячи двадцать четвёртого года"),
    ("5-й этаж", "пятый этаж"),
    ("XIX век", "девятнадцатый век"),
    ("с 9–18", "с девяти до восемнадцати"),
    ("10:30", "десять тридцать"),
    ("3,5 км", "три с половиной километра"),
    ("через 2 минуты", "через две минуты"),
    ("к 9 утра", "к девяти утра"),
    ("до 18:30", "до восемнадцати тридцати"),
    ("с 3 детьми", "с тремя детьми"),
    ("на 5 этаже", "на пятом этаже"),
    ("в 2019 году", "в две тысячи девятнадцатом году"),
    ("при Екатерине II", "при Екатерине второй"),
    ("конец XIX — начало XX века", "конец девятнадцатого — начало двадцатого века"),
    ("1 000 000 рупий", "один миллион рупий"),
    ("2,9 м", "две целых девять десятых метра"),
    ("3 суток", "трое суток"),
    ("10-летний юбилей", "десятилетний юбилей"),
    # addresses, abbreviations, acronyms
    ("на Тверской ул. тихо", "на Тверской улице тихо"),
    ("Б. Никитская ул., 5", "Большая Никитская улица, пять"),
    ("г. Москва, 2020 г.", "город Москва, две тысячи двадцатый год."),
    ("в храме св. Марии", "в храме святой Марии"),
    ("А. С. Пушкин", "а эс Пушкин"),
    ("МЧС и НАТО", "эм чэ эс и НАТО"),
    ("Пн–Пт 9:00–18:00", "С понедельника по пятницу с девяти до восемнадцати часов"),
    ("info@nuanu.com", "инфо собака нуану точка ком"),
    ("8 (800) 555-35-35", "восемь восемьсот пятьсот пятьдесят пять тридцать пять тридцать пять"),
]
ENGLISH = [
    ("It is 31 °C.", "It is thirty-one degrees Celsius."),
    ("Bus #7 is on the left.", "Bus number seven is on the left."),
    ("Take shuttle No. 2 there.", "Take shuttle number two there."),
    ("Oh no. Stop!", "Oh no. Stop!"),
    ("The temple is 5 km away.", "The temple is five kilometers away."),
    ("12 km/h", "twelve kilometers per hour"),
    ("200 m²", "two hundred square meters"),
    (
        "$3.50 for a $20 ticket",
        "three dollars and fifty cents for a $20 ticket".replace("$20", "twenty dollar"),
    ),
    ("Rp 50.000", "fifty thousand rupiah"),
    ("on 24 December 2024", "on the twenty-fourth of December twenty twenty-four"),
    ("July 1, 2019", "July first, twenty nineteen"),
    ("built in 1905", "built in nineteen oh five"),
    ("the 21st stop", "the twenty-first stop"),
    ("the XIX century", "the nineteenth century"),
    ("Louis XIV and World War II", "Louis the Fourteenth and World War Two"),
    ("I am here, V neck, MIX.", "I am here, V neck, MIX."),
    ("9–18 years", "nine to eighteen years"),
    ("10:30 to 17:00", "ten thirty to five p.m."),
    ("5 p.m. today", "five p.m. today"),
    ("St. Mary's Church, Main St.", "Saint Mary's Church, Main Street."),
    ("Mt. Agung, Dr. Smith", "Mount Agung, Doctor Smith"),
    ("e.g. 2½ cups", "for example two and a half cups"),
    ("-6.5", "minus six point five"),
    ("visit nuanu.com/map", "visit nuanu dot com slash map"),
    ("Невский", "Nevsky"),
]
INDONESIAN = [
    ("Suhu 31 °C.", "Suhu tiga puluh satu derajat Celsius."),
    ("Bus No. 7 di kiri.", "Bus Nomor tujuh di kiri."),
    ("Jaraknya 5 km.", "Jaraknya lima kilometer."),
    ("12 km/jam", "dua belas kilometer per jam"),
    ("Luasnya 200 m².", "Luasnya dua ratus meter persegi."),
    ("Tiket Rp50.000,-", "Tiket lima puluh ribu rupiah"),
    ("Rp 2,5 juta", "dua koma lima juta rupiah"),
    ("yang ke-3", "yang ketiga"),
    ("abad XIX", "abad kesembilan belas"),
    ("abad ke-12", "abad kedua belas"),
    ("24-12-2024", "dua puluh empat Desember dua ribu dua puluh empat"),
    ("pukul 07.30", "pukul tujuh lewat tiga puluh menit"),
    ("9–18 orang", "sembilan sampai delapan belas orang"),
    ("Jl. Raya Ubud No. 5", "Jalan Raya Ubud Nomor lima"),
    ("anak2 dan lain2", "anak-anak dan lain-lain"),
    ("BMKG dan UNESCO", "be em ka ge dan UNESCO"),
    ("3,7 persen", "tiga koma tujuh persen"),
    ("−5 °C", "minus lima derajat Celsius"),
    ("½ jam", "setengah jam"),
    ("dll.", "dan lain-lain."),
]


@pytest.mark.parametrize(("written", "spoken"), RUSSIAN, ids=lambda text: text)
def test_russian(written: str, spoken: str) -> None:
    assert said(written, "ru") == spoken


@pytest.mark.parametrize(("written", "spoken"), ENGLISH, ids=lambda text: text)
def test_english(written: str, spoken: str) -> None:
    assert said(written, "en") == spoken


@pytest.mark.parametrize(("written", "spoken"), INDONESIAN, ids=lambda text: text)
def test_indonesian(written: str, spoken: str) -> None:
    assert said(written, "id") == spoken


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Мы в Ubud Palace сейчас.", "Мы в дворце Убуда сейчас."),
        ("UBUD  PALACE", "дворце Убуда"),
        ("Ubud", "Убуд"),
        ("Ubudian", "Убудиан"),
        ("Этаж 5b", "Этаж пятый бэ"),
    ],
)
def test_a_sites_own_words_come_before_the_rules(written: str, spoken: str) -> None:
    aliases = {"Ubud Palace": "дворце Убуда", "5B": "пятый бэ"}
    assert spoken_form(written, "ru", aliases).text == spoken


def test_what_cannot_be_said_apart_shares_its_written_span() -> None:
    form = spoken_form("До храма 5 км/ч, потом 2 остановки.", "ru")
    assert [(word.text, form.written[word.start : word.end]) for word in form.words] == [
        ("До", "До"),
        ("храма", "храма"),
        ("пять", "5 км/ч,"),
        ("километров", "5 км/ч,"),
        ("в", "5 км/ч,"),
        ("час,", "5 км/ч,"),
        ("потом", "потом"),
        ("две", "2"),
        ("остановки.", "остановки."),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "around", ["{}", "{} км", "${}", "{}-й", "5,{}", "{}%", "{}th", "1/{}", "ke-{}", "5 мая {}", "−{}"]
)
def test_more_digits_than_any_number_has_are_said_one_by_one(around: str, language: Language) -> None:
    words = said(around.format("7" * 6000), language)
    assert not set(words) & set(string.digits)
    assert words.count({"ru": "семь", "en": "seven", "id": "tujuh"}[language]) == 6000


@pytest.mark.parametrize("language", LANGUAGES)
def test_half_a_character_is_no_word(language: Language) -> None:
    assert said("\ud800 км, 5 \ud800", language).endswith("\ud800")


PIECES = (
    *(
        "5",
        "21",
        "0",
        "007",
        "1990",
        "50 000",
        "3,5",
        "10:30",
        "9–18",
        "2-й",
        "24.12.2024",
        "XIX",
        "№",
        "#",
        "$",
    ),
    *(
        "°C",
        "км",
        "км/ч",
        "м²",
        "тыс.",
        "г.",
        "ул.",
        "св.",
        "А.",
        "St.",
        "Jl.",
        "Rp",
        "ke-",
        "%",
        "-",
        "−",
        "/",
        ":",
    ),
    *(
        "и",
        "с",
        "в",
        "до",
        "к",
        "остановки",
        "мая",
        "May",
        "Mei",
        "a.m.",
        "www.",
        "nuanu.com",
        "@",
        "½",
        "²",
        "٣",
        "\u0301",
    ),
    *(
        "МЧС",
        "GPS",
        "BMKG",
        "век",
        "II",
        "(",
        ")",
        ".",
        ",",
        "…",
        "\n",
        "\u00a0",
        "\ud800",
        "🚧",
        "x",
        "+62",
        "0361",
    ),
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(PIECES), max_size=14).flatmap(
        lambda pieces: st.sampled_from(("", " ")).map(lambda joint: joint.join(pieces))
    ),
)


@given(TEXTS, st.sampled_from(LANGUAGES))
def test_every_text_has_a_spoken_form_whose_positions_stay_in_order(text: str, language: Language) -> None:
    form = spoken_form(text, language)
    assert form.written == text
    written = [form.written_at(position) for position in range(len(form.text) + 1)]
    assert written == sorted(written)
    assert written[-1] == len(text)
    spoken = [form.spoken_at(position) for position in range(len(text) + 1)]
    assert spoken == sorted(spoken)
    assert all(0 <= word.start < word.end <= len(text) for word in form.words)


@given(TEXTS, st.sampled_from(LANGUAGES))
@example("\U000170000 5", "ru")  # letters that Unicode does not name
def test_no_digit_is_left(text: str, language: Language) -> None:
    assert not any(char.isdecimal() for char in spoken_form(text, language).text)


WORDS = {
    "ru": "слева храм и старый сад за ним поворот к морю вот уже близко мы едем дальше",
    "en": "on the left there is an old temple and a garden behind it we turn to the sea",
    "id": "di sebelah kiri ada pura tua dan taman di belakangnya kita belok ke laut",
}


@given(st.data(), st.sampled_from(LANGUAGES))
def test_plain_words_are_said_as_they_are_written(data: st.DataObject, language: Language) -> None:
    words = data.draw(st.lists(st.sampled_from(WORDS[language].split()), min_size=1, max_size=12))
    marks = data.draw(
        st.lists(st.sampled_from(("", ",", "!", "?", " —", ";")), min_size=len(words), max_size=len(words))
    )
    text = " ".join(word + mark for word, mark in zip(words, marks, strict=True))
    assert said(text, language) == text


@given(st.integers(0, 10**15 - 1), st.sampled_from(LANGUAGES))
def test_every_number_is_said_in_words(number: int, language: Language) -> None:
    words = said(str(number), language)
    assert words
    assert not set(words) & set(string.digits)
