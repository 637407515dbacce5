"""What a recognizer makes up when nobody spoke is not believed; what somebody said is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clouds.json_answer import json_answer
from edge.ladder import RungError
from edge.listener.recognizers import guards
from edge.listener.recognizers.cloud import EXPECTED, _pieces
from edge.listener.recognizers.guards import (
    MAX_CHARS,
    MAX_COMPRESSION_RATIO,
    DecodedText,
    compression_ratio,
    is_doubtful,
    may_be_prompted,
    to_transcript,
)
from edge.listener.recognizers.loops import without_loops
from edge.listener.recognizers.subtitles import without_boilerplate

SEGMENT_KEYS = st.sampled_from(["text", "avg_logprob", "no_speech_prob", "id"])


@pytest.mark.parametrize(
    "text",
    [
        "Субтитры сделал DimaTorzok",
        "Субтитры создавал DimaTorzok.",
        "Субтитры добавил DimaTorzok",
        "Спасибо за субтитры Алексею Дубровскому!",
        "Смотрите продолжение в следующей части",
        "СПОКОЙНАЯ МУЗЫКА",
        "Девушки отдыхают... (Смех)",
        "Игорь Негода",
        "Подписывайтесь на канал и ставьте лайки!",
        "Спасибо за просмотр и до новых встреч!",
        "Thank you for watching, see you next time.",
        "Don't forget to subscribe!",
        "Transcription by CastingWords",
        "Terima kasih sudah menonton, sampai jumpa!",
        "Jangan lupa like, share, dan subscribe",
        "ご視聴ありがとうございました",
        "MBC 뉴스 이덕영입니다.",
        "Редактор субтитров А.Семкин Корректор А.Егорова",
        "Продолжение следует...",
        "Спасибо за просмотр!",
        "Подписывайтесь на канал",
        "Thanks for watching!",
        "Thank you for watching.",
        "Subtitles by the Amara.org community",
        "Субтитры сделаны сообществом Amara.org",
        "Субтитры: А. Иванов",
        "Субтитры DimaTorzok",
        "Subtitles made by the Amara.org community",
        "Перевод и субтитры: Анна Петрова",
        "Субтитры подготовлены студией «Кино»",
        "Sous-titrage Société Radio-Canada",
        "Sous-titres réalisés par la communauté d'Amara.org",
        "Untertitel der Amara.org-Community",
        "Untertitel im Auftrag des ZDF für funk, 2017",
        "Subtítulos por la comunidad de Amara.org",
        "Teks oleh Budi Santoso",
        "字幕由Amara.org社区提供",
        "感谢观看 Thanks",
        "ИГРАЕТ МУЗЫКА",
        "ПЕСНЯ",
        "ЗВОНОК В ДВЕРЬ",
        "ТИШИНА",
        "СОБАКА ЛАЕТ",
        "ГРОМКИЙ СМЕХ",
        "Играет спокойная музыка",
        "SOFT MUSIC PLAYING",
        "PHONE RINGING",
        "Подписывайся на канал!",
        "Не забудь подписаться на канал",
        "Не забывайте ставить лайки и подписываться на наш канал, друзья!",
        "Всем пока!",
        "Всем спасибо за просмотр, до новых встреч!",
        "Bye.",
        "Thanks for watching and don't forget to like and subscribe!",
        "you",
        "Terima kasih telah menonton!",
        "Озвучено студией Кубик в Кубе",
        "Sottotitoli creati dalla comunità Amara.org",
        "Субтитри створені спільнотою Amara.org",
        "Phụ đề được thực hiện bởi cộng đồng Amara.org",
        "Transcribed by https://otter.ai",
        "WIND HOWLING",
        "Конец фильма",
        "[Музыка]",
        "♪ ♪ ♪",
        "(laughs)",
        "♪ ♪",
        " . . . ",
        "",
    ],
)
def test_what_subtitles_left_in_the_model_is_not_heard(text: str) -> None:
    assert without_boilerplate(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Стоп!",
        "Субтитры можно включить?",
        "Включите субтитры, пожалуйста.",
        "А кто делал субтитры к этому фильму?",
        "Это канал для воды.",
        "Там играет музыка, слышишь, гид?",
        "Гид, выключи музыку.",
        "Собака лает на нас.",
        "Подпиши мне открытку.",
        "Мне понравилось видео про храм.",
        "I like this channel of water.",
        "We are watching the monkeys.",
        "Пока!",
        "Гид, а что это за здание?",
        "Спасибо!",
        "Спасибо за просмотр достопримечательностей, было интересно.",
        "Продолжение следует за этим поворотом?",
        "Thank you.",
        "Are you watching the road?",
        "Terima kasih.",
        "Спасибо, до новых встреч!",
        "Play some music!",
        "Sampai jumpa!",
        "Музыка?",
        "Это музыка играет?",
        "Где Café Lotus?",
        "Berapa lama lagi?",
        "КТО ЭТО ПОЁТ",
        "ГДЕ ИГРАЕТ МУЗЫКА",
        "WHAT IS THAT KNOCKING",
    ],
)
def test_what_passengers_say_stays_as_it_is(text: str) -> None:
    assert without_boilerplate(text) == text


def test_only_the_made_up_sentence_is_cut_off() -> None:
    assert without_boilerplate("Где мы едем? Субтитры сделал DimaTorzok") == "Где мы едем?"
    assert without_boilerplate("♪ ♪ ♪ Где мы едем? ♪ ♪ ♪") == "Где мы едем?"
    assert without_boilerplate("[Music] Where are we? Thanks for watching.") == "Where are we?"


def test_noise_that_the_engine_itself_doubts_is_not_heard() -> None:
    doubted = DecodedText("Ну что, поехали?", avg_logprob=-1.4, no_speech_prob=0.9)
    assert not to_transcript([doubted], "ru").text


@pytest.mark.parametrize(("avg_logprob", "no_speech_prob"), [(-0.3, 0.9), (-1.4, 0.2)])
def test_one_doubt_alone_does_not_lose_what_was_said(avg_logprob: float, no_speech_prob: float) -> None:
    heard = to_transcript([DecodedText("Где мы?", avg_logprob, no_speech_prob)], "ru")
    assert heard.text == "Где мы?"


def test_a_phrase_over_and_over_again_is_not_heard() -> None:
    assert not to_transcript([DecodedText("Да, да, я знаю. " * 20, avg_logprob=-0.1)], "ru").text
    assert not to_transcript([DecodedText("ah" * 200)], "en").text
    assert to_transcript([DecodedText("Нет-нет-нет, не туда!")], "ru").text


@pytest.mark.parametrize("times", [5, 10, 20, 60])
@pytest.mark.parametrize(
    "unit", ["ну, ", "так вот, ", "я не знаю, ", "и мы едем дальше, ", "yes yes no no maybe. ", "Ну. Да. "]
)
def test_a_question_before_or_behind_a_loop_is_heard(unit: str, times: int) -> None:
    question = "Гид, сколько стоит кофе в кафе у моря?"
    loop = (unit * times).strip()
    for text in (f"{question} {loop}", f"{loop} {question}", f"{question} {loop} {unit.split()[0]}"):
        assert to_transcript([DecodedText(text)], "ru").text == question


def test_several_loops_are_cut() -> None:
    assert without_loops("да да да да да да Где мы? нет нет нет нет нет нет") == "Где мы?"


@pytest.mark.parametrize(
    "text",
    [
        "Нет, нет, нет, нет!",
        "Очень-очень-очень далеко?",
        "Гид! Гид! Гид!",
        "Сто двадцать, сто двадцать, сто тридцать?",
        "Bye bye bye!",
    ],
)
def test_who_repeats_himself_is_heard(text: str) -> None:
    assert without_loops(text) == text


def test_a_short_loop_alone_is_said_once_since_somebody_may_call() -> None:
    assert without_loops("стоп, стоп, стоп, стоп, стоп!") == "стоп"
    assert without_loops("Стоп! " * 20) == ""


@given(st.lists(st.sampled_from(["ну", "да", "и", "мы", "где", "?"]), max_size=60))
def test_cutting_loops_invents_nothing_and_ends(words: list[str]) -> None:
    text = " ".join(words)
    cut = without_loops(text)
    assert len(cut) <= len(text)
    assert set(cut.split()) <= set(text.split())


@pytest.mark.parametrize("text", ["Где мы?", "Скажите, пожалуйста, когда мы приедем на пляж?", "Apa itu?"])
def test_an_ordinary_question_is_far_from_the_repetition_limit(text: str) -> None:
    assert compression_ratio(text) < MAX_COMPRESSION_RATIO / 1.5


def test_what_nobody_can_have_said_in_so_short_a_time_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "MAX_COMPRESSION_RATIO", 100)
    text = " ".join(f"{number}" for number in range(100_000))
    assert to_transcript([DecodedText(text)] * 3, "en").text == text[:MAX_CHARS]


@pytest.mark.parametrize(
    ("text", "believed"),
    [
        ("Гид, эй гид, нуану, guide.", False),
        ("эй гид нуану guide hey guide nuanu", False),
        ("Гид! Эй, гид!", True),
        ("The Green School of Bali?", True),
        ("Гид, эй гид, нуану красивый?", True),
    ],
)
def test_the_hint_that_comes_back_was_not_said(text: str, believed: bool) -> None:
    hint = "The Green School of Bali, гид, эй гид, нуану, guide, hey guide, nuanu, pemandu"
    assert bool(to_transcript([DecodedText(text)], "ru", hint).text) is believed


@pytest.mark.parametrize(
    ("text", "avg_logprob", "doubted"),
    [
        ("Nuanu,", -1.6, True),
        ("and guide.", -1.3, True),
        ("Hey guide, hey guide", -1.4, True),
        ("Hey guide,", -1.1, False),
        ("Guide, stop!", -0.3, False),
        ("Guide", None, False),
        ("Guide, where are we?", -1.6, False),
        ("ha ha ha", -1.6, False),
        ("", -1.6, False),
    ],
)
def test_a_name_out_of_little_is_heard_again_by_who_was_not_told_it(
    text: str, avg_logprob: float | None, doubted: bool
) -> None:
    assert may_be_prompted(DecodedText(text, avg_logprob), "Guide, hey guide, Nuanu") is doubted
    assert not may_be_prompted(DecodedText(text, avg_logprob), "")


def test_each_window_is_judged_by_itself() -> None:
    pieces = [
        DecodedText("Где мы?", -0.2, 0.1),
        DecodedText("Ага", -2.0, 0.95),
        DecodedText("Это пляж?", -0.4, 0.1),
    ]
    heard = to_transcript(pieces, "ru")
    assert heard.text == "Где мы? Это пляж?"
    assert heard.language == "ru"
    assert heard.confidence == pytest.approx(0.741, abs=0.001)


@pytest.mark.parametrize(
    ("text", "avg_logprob", "doubtful"),
    [
        ("Гид, где мы сейчас едем?", -0.2, False),
        ("Гид, где мы сейчас едем?", -0.6, True),
        ("Гид, где мы сейчас едем?", None, False),
        ("Ты взяла крем от солнца Ты взяла крем от солнца", -0.1, True),
        ("How do you do, how do you do", -0.1, True),
        ("Стоп, стоп, стоп!", -0.1, False),
        ("", -0.1, False),
    ],
)
def test_what_is_worth_a_second_look(text: str, avg_logprob: float | None, doubtful: bool) -> None:
    assert is_doubtful(DecodedText(text, avg_logprob)) is doubtful


def test_an_engine_that_tells_no_doubts_gives_no_confidence() -> None:
    assert to_transcript([DecodedText("Where are we?")], "en").confidence is None


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SEGMENT_KEYS, inner, max_size=4),
    max_leaves=10,
)


@given(st.text(max_size=40), ANYTHING)
def test_whatever_a_service_answers_beside_its_text_is_a_transcript(text: str, segments: object) -> None:
    transcript = to_transcript(_pieces({"text": text, "segments": segments}, "m"), "ru")
    assert isinstance(transcript.text, str)
    assert transcript.confidence is None or 0 <= transcript.confidence <= 1


def test_a_segment_whose_text_is_no_text_says_nothing() -> None:
    answer = {"text": "Где мы?", "segments": [{"text": ["Стоп"]}, {"text": {"a": 1}}, {"text": 7}]}
    assert [piece.text for piece in _pieces(answer, "m")] == ["Где мы?"]


@pytest.mark.parametrize(
    "body", ["<html>стоп", "null", '"стоп"', '{"text": null}', '{"text": ["стоп"]}', "[" * 100_000, "\x00"]
)
def test_what_is_no_transcript_is_refused_and_not_quoted(body: str) -> None:
    with pytest.raises(RungError, match="expected a transcript, came") as refusal:
        _pieces(json_answer(body.encode(), EXPECTED), "m")
    assert "стоп" not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "« Où est la navette ? »",
        "Il a dit : « Stop ! »",
        "« Stop ! » Merci.",
        "Wir fahren z. B. nach Ubud, d. h. morgen.",
        "Wir treffen uns am 3. Mai um 8.30 Uhr.",
        "„Wo hält der Bus?“ Am Markt.",
        "M. Dupont arrive à 8 h 30.",
        "L'œuf, c'est bon… n'est-ce pas ?",
        "Die Straße ist gesperrt. Vielen Dank.",
        "Das Video läuft im Bus.",
        "Merci de votre attention.",
    ],
)
def test_german_and_french_keep_their_punctuation(text: str) -> None:
    assert without_boilerplate(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Vielen Dank fürs Zuschauen!",
        "Untertitel der Amara.org-Community",
        "Bitte abonniert den Kanal.",
        "Merci d'avoir regardé cette vidéo !",
        "Sous-titrage Société Radio-Canada",
        "Abonnez-vous à la chaîne !",
    ],
)
def test_german_and_french_subtitles_are_not_heard(text: str) -> None:
    assert without_boilerplate(text) == ""
