"""A ceiling in money needs the prices of all that may be asked; the others need none."""

from __future__ import annotations

import pytest

from edge.config import ConfigError, Settings, load
from edge.config.orders import paid_services_of

KEYS = {"GROQ_API_KEY": "a-key", "ELEVENLABS_API_KEY": "another-key"}
MONEY = {"SHUTTLE_GUIDE_COST__MONEY_PER_DAY": "2.5"}
TOKENS = {
    "SHUTTLE_GUIDE_SERVICES__GROQ__PRICES__PER_MILLION_TOKENS_IN": "0.1",
    "SHUTTLE_GUIDE_SERVICES__GROQ__PRICES__PER_MILLION_TOKENS_OUT": "0.5",
}
CHARACTERS = {"SHUTTLE_GUIDE_SERVICES__ELEVENLABS__PRICES__PER_MILLION_CHARACTERS": "50"}
HEARS = {"SHUTTLE_GUIDE_LISTENER__RECOGNIZER__CLOUD_ALLOWED": "true"}
AUDIO = {"SHUTTLE_GUIDE_SERVICES__GROQ__PRICES__PER_HOUR_OF_AUDIO": "0.04"}


def loaded(*environments: dict[str, str]) -> Settings:
    together = {name: value for each in environments for name, value in each.items()}
    return load(together, dotenv=None)


@pytest.mark.parametrize(
    ("environments", "missing"),
    [
        ((KEYS,), "services.groq.prices.per_million_tokens_in"),
        ((KEYS, CHARACTERS), "services.groq.prices.per_million_tokens_in"),
        ((KEYS, TOKENS), "services.elevenlabs.prices.per_million_characters"),
        ((KEYS, TOKENS, CHARACTERS, HEARS), "services.groq.prices.per_hour_of_audio"),
    ],
)
def test_a_ceiling_in_money_is_refused_in_one_line_that_names_service_and_price(
    environments: tuple[dict[str, str], ...], missing: str
) -> None:
    loaded(*environments)
    with pytest.raises(ConfigError) as error:
        loaded(*environments, MONEY)
    service = missing.split(".")[1]
    assert str(error.value) == (
        f"config: cost.money_per_day = 2.5: what {service} costs is not known; expected {missing} beside it "
        "(from SHUTTLE_GUIDE_COST__MONEY_PER_DAY)"
    )


@pytest.mark.parametrize(
    "environments", [(), (KEYS, TOKENS, CHARACTERS), (KEYS, TOKENS, CHARACTERS, HEARS, AUDIO)]
)
def test_with_all_prices_it_is_taken_and_services_that_are_not_used_need_none(
    environments: tuple[dict[str, str], ...],
) -> None:
    assert loaded(*environments, MONEY).cost.money_per_day == 2.5


def test_a_price_of_nothing_is_a_price() -> None:
    free = {name: "0" for name in (*TOKENS, *CHARACTERS)}
    assert loaded(KEYS, free, MONEY).cost.money_per_day == 2.5


def test_ceilings_in_tokens_and_characters_need_no_prices() -> None:
    ceilings = {"SHUTTLE_GUIDE_COST__TOKENS_PER_DAY": "1000", "SHUTTLE_GUIDE_COST__CHARACTERS_PER_DAY": "0"}
    cost = loaded(KEYS, ceilings).cost
    assert (cost.money_per_day, cost.tokens_per_day, cost.characters_per_day) == (None, 1000, 0)


@pytest.mark.parametrize("value", ["-1", "much", "1e12"])
def test_a_ceiling_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match=r"cost\.money_per_day"):
        loaded({"SHUTTLE_GUIDE_COST__MONEY_PER_DAY": value})


def test_a_process_may_ask_the_paid_services_whose_keys_it_has() -> None:
    settings = loaded(KEYS, {"SHUTTLE_GUIDE_SERVICES__LOCAL__BASE_URL": "http://127.0.0.1:8080/v1"})
    assert paid_services_of(settings, "commentator") == ["groq"]
    assert paid_services_of(settings, "speaker") == ["elevenlabs"]
    assert paid_services_of(settings, "listener") == []
    assert paid_services_of(loaded(KEYS, HEARS), "listener") == ["groq"]
