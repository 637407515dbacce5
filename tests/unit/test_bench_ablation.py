"""What is reckoned about the streaming way, without clouds."""

from __future__ import annotations

import pytest

from bench.ablation import WHOLE, Ablation, Row
from bench.cloud_log import MODELS, VOICES, CloudBill, CloudLog, Given
from bench.streaming_way import SoundArrival, by_sentence, longest_silence_ms


@pytest.mark.parametrize(
    ("arrivals", "silence_ms"),
    [
        ([], 0),
        ([(10.0, 1.0)], 0),
        ([(10.0, 1.0), (10.5, 1.0)], 0),  # was here before it was needed
        ([(10.0, 1.0), (11.2, 1.0)], 200),
        ([(10.0, 1.0), (10.1, 1.0), (12.3, 0.1), (13.0, 1.0)], 600),
    ],
)
def test_silence_inside_is_what_a_listener_would_wait_for(
    arrivals: list[tuple[float, float]], silence_ms: float
) -> None:
    assert longest_silence_ms([SoundArrival(*each) for each in arrivals]) == pytest.approx(silence_ms)


def test_sentences_are_spoken_whole() -> None:
    assert not by_sentence("А вот и велосипедист:")
    assert by_sentence("А вот и велосипедист: обгоняет нас!")


def test_a_part_costs_what_comes_later_without_it() -> None:
    found = Ablation("seed", {WHOLE: Row([10.0, 12.0, 11.0]), "less": Row([130.0, 131.0, 140.0])})
    assert found.costs_ms("less", lambda summary: summary.median) == 120
    assert Ablation("seed", {WHOLE: Row(), "less": Row()}).costs_ms("less", lambda s: s.median) is None


def record(service: str, *outputs: tuple[str, float, float | None], prompt: str = "") -> dict[str, object]:
    return {
        "service": service,
        "body": {"messages": [{"content": prompt}]},
        "outputs": [
            {"text": text, "requested_mono": asked, "first_mono": first} for text, asked, first in outputs
        ],
    }


LOG = CloudLog(
    [
        record("elevenlabs", ("Ой.", 12.0, 12.1), ("Две.", 11.0, 11.1), ("Раньше.", 5.0, 5.1)),
        record("groq", ("Ой. Две.", 10.5, 10.9), prompt="собака"),
        record("openai", ("Не дождались.", 10.8, None), prompt="собака"),
    ]
)


def test_the_log_tells_what_was_given_out_between_two_moments() -> None:
    assert LOG.given(VOICES, 10.0, 13.0) == [Given("Две.", 11.0, 11.1), Given("Ой.", 12.0, 12.1)]
    assert [given.text for given in LOG.given(MODELS, 10.0, 13.0)] == ["Ой. Две."]


def test_the_log_tells_what_was_spent_also_in_vain() -> None:
    # "соба", "ка" twice; "Ой", ".", " Две", "."; "Не", " дожд", "алис", "ь", "."
    assert LOG.spent(10.0, 13.0) == CloudBill(tokens=2 + 4 + 2 + 5, characters=7)
