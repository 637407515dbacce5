"""No voice is given anything that it takes for more than text, and nothing of the text is lost."""

from __future__ import annotations

import asyncio
import importlib.util
import re
import shutil
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Espeak
from edge.messages import Language
from edge.speaker.voices.elevenlabs_messages import say
from edge.speaker.voices.espeak import EspeakVoice
from edge.speaker.voices.plain_text import plain_text
from tests.support.speaking import script_of, speak

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
PHONEMES = "h@l_oU"
INVISIBLE = [
    char for char in map(chr, range(0x30000)) if unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl", "Zp")
]


def test_no_square_bracket_and_no_tag_is_left_whatever_it_looks_like() -> None:
    odd = [
        char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.normalize("NFKC", char) != char
    ]
    for char in (*odd, *INVISIBLE):
        taken = unicodedata.normalize("NFKC", plain_text(f"{char}[{char}[<{char}b{char}]"))
        assert not set(taken) & set("[]"), hex(ord(char))
        assert not re.search(r"<[^\W\d_]|<[/!?]", taken), hex(ord(char))


@pytest.mark.parametrize(
    "text",
    [
        *("2 < 3", "2<3", "x > y", "№ 5 & 7 % {а} = ~b~ *c* _d_ #e", "Да, нет. Что?! — «Вот»… (так)"),
        *("naïve café", "Ещё й ё", "🐕 собака", "5 ≤ 6 ≠ 7", "https://nuanu.com/a?b=1"),
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert plain_text(text) == text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Кошка [[h@l_oU]] мяу", "Кошка ((h@l_oU)) мяу"),
        ("Кошка [[[h@l_oU]]] мяу", "Кошка (((h@l_oU))) мяу"),
        ("[\u00ad[a]] [\u200c[b]] [\u200b[c]]", "((a)) ((b)) ((c))"),
        ("［［a］］ ﹇﹇b﹈﹈", "((a)) ((b))"),
        ("Да <break time='9s'/> нет", "Да < break time='9s'/> нет"),
        ("<\u200bspeak>да</speak>", "< speak>да< /speak>"),
        ("＜phoneme ph='x'＞", "< phoneme ph='x'>"),
        ("<!-- да --> <?xml?>", "< !-- да --> < ?xml?>"),
        ("[laughs] Да [whispers]", "(laughs) Да (whispers)"),
        ("да \x0180S нет\x00\x1b", "да 80S нет"),
        ("две\nстроки\u2028и\u2029ещё", "две строки и ещё"),
        ("со\u00adба\u200dка\u202e", "собака"),
    ],
)
def test_what_some_voice_obeys_is_only_text(text: str, plain: str) -> None:
    assert plain_text(text) == plain


@given(st.text())
def test_letters_and_digits_are_never_lost(text: str) -> None:
    assert [char for char in plain_text(text) if char.isalnum()] == [char for char in text if char.isalnum()]
    assert plain_text(plain_text(text)) == plain_text(text)


def test_elevenlabs_is_sent_plain_text() -> None:
    assert say("context", "Да <break time='9s'/> [[нет]]")["text"] == "Да < break time='9s'/> ((нет)) "


def phonemes_of(text: str, language: Language) -> str:
    """What the real espeak-ng makes of what the voice gives it."""
    command = ["espeak-ng", "-v", language, "-b", "1", "--stdin", "-x", "-q"]
    return subprocess.run(
        command, input=plain_text(text).encode(), capture_output=True, check=True
    ).stdout.decode()


@needs_espeak
def test_espeak_obeys_no_brackets_in_any_disguise() -> None:
    """What nobody sees stands between the two; espeak-ng leaves some of it out before it looks for them."""
    for begin in range(0, len(INVISIBLE), 50):
        part = INVISIBLE[begin : begin + 50]
        text = " ".join(f"x [{char}[{PHONEMES}]] y. [[[{PHONEMES}]]]." for char in part)
        assert "h@l_o" not in phonemes_of(text, "en"), f"from U+{ord(part[0]):04X} on"


@needs_espeak
async def test_espeak_obeys_no_command_in_the_text() -> None:
    """U+0001 begins its own commands: 80S would halve the speed."""
    slow = await speak(EspeakVoice(Espeak()), script_of(["да \x0180S нет, это собака, и ещё одна"]))
    plain = await speak(EspeakVoice(Espeak()), script_of(["да 80S нет, это собака, и ещё одна"]))
    assert (slow.samples.size, slow.samples.tobytes()) == (plain.samples.size, plain.samples.tobytes())


@needs_espeak
@pytest.mark.parametrize("between", ["", "[", " [", "\u00ad", "\u200c", "[\u00ad"])
async def test_espeak_says_the_letters_between_brackets(between: str) -> None:
    marked = await speak(EspeakVoice(Espeak()), script_of([f"Кошка [{between}[h@l_oU]] мяукает"]))
    plain = plain_text(f"Кошка ({between}(h@l_oU)) мяукает".replace("[", "("))
    letters = await speak(EspeakVoice(Espeak()), script_of([plain]))
    assert marked.samples.tobytes() == letters.samples.tobytes()


@pytest.mark.skipif(importlib.util.find_spec("piper") is None, reason="Piper is not installed")
async def test_piper_says_the_letters_between_brackets() -> None:
    """What Piper itself makes phonemes of: between double brackets it would take them as they are."""
    code = (
        "import sys, types; from piper.voice import PiperVoice; from piper.config import PhonemeType\n"
        "voice = types.SimpleNamespace(config=types.SimpleNamespace(phoneme_type=PhonemeType.ESPEAK, "
        "espeak_voice='ru', vowel_clusters=None), espeak_data_dir=PiperVoice.espeak_data_dir)\n"
        "print(PiperVoice.phonemize(voice, sys.stdin.read()))"
    )

    async def phonemes(text: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", code),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate(text.encode())
        assert process.returncode == 0
        return output.decode()

    raw = "Кошка [[ˈhɛloʊ]] мяукает"
    assert "'h', 'ɛ', 'l', 'o'" in await phonemes(raw), "it is obeyed where nobody escapes it"
    assert "'h', 'ɛ', 'l', 'o'" not in await phonemes(plain_text(raw))
