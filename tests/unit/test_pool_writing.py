"""What a model is asked for the pool, and who is asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge.clouds.causes import ACCOUNT_PAUSE_S
from edge.commentator.models.clients import ChatService
from edge.commentator.pool.asking import Asking
from edge.commentator.pool.reply import MAX_REMARKS, remarks_of
from edge.commentator.pool.writer import LONGEST_REPLY, Writer
from edge.commentator.prompts import load_prompt
from edge.ladder import RungError
from edge.messages import LANGUAGES, Language, Pattern


class Client:
    """A chat SDK that answers with its name, or fails."""

    def __init__(self, name: Any, *, fails: bool = False, usage: bool = True) -> None:
        self._name, self._usage = name, usage
        self.fails = fails
        self.error: Any = None
        self.asked: list[dict[str, Any]] = []
        raw = SimpleNamespace(create=self._create)
        self.chat = SimpleNamespace(completions=SimpleNamespace(with_raw_response=raw))

    async def _create(self, **request: Any) -> Any:
        self.asked.append(request)
        await asyncio.sleep(0)
        if self.fails:
            raise ConnectionError("down")
        usage = {"prompt_tokens": 11, "completion_tokens": 7} if self._usage else None
        choice = {"message": {"content": self._name}}
        body = {"error": self.error} if self.error else {"choices": [choice], "usage": usage}
        return SimpleNamespace(http_response=SimpleNamespace(content=json.dumps(body).encode()))


def service(client: Client, name: str) -> ChatService:
    return ChatService(name, client, {"model": "m", "temperature": 0.0, "max_tokens": 180}, "max_tokens")


# --- the request ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_request_says_what_may_be_said_and_nothing_that_may_not(language: Language) -> None:
    asking = Asking(language, None)
    assert load_prompt(language, None) in asking.system
    assert "JSON" in asking.system
    several = asking.user(Pattern(label="dog", count="several"), 5, ["Хвост трубой."])
    assert "5" in several
    assert "«Хвост трубой.»" in several
    assert asking.user(Pattern(label="dog", side="left"), 5, []) != asking.user(Pattern(label="dog"), 5, [])
    assert "my own thing" in asking.user(Pattern(label="my own thing"), 5, [])


def test_another_prompt_or_language_has_another_fingerprint(tmp_path: Path) -> None:
    ours = Asking("ru", None).fingerprint
    assert Asking("ru", None).fingerprint == ours
    assert Asking("en", None).fingerprint != ours
    (tmp_path / "ru.txt").write_text("Ты пират.", "utf-8")
    assert Asking("ru", str(tmp_path)).fingerprint != ours


# --- who is asked ---


async def test_the_first_service_is_asked_with_its_options_and_more_freedom() -> None:
    first, second = Client("first"), Client("second")
    reply = await Writer([service(first, "groq"), service(second, "openai")]).write("s", "u")
    assert (reply.text, reply.model, reply.tokens_in, reply.tokens_out) == ("first", "groq m", 11, 7)
    assert second.asked == []
    assert first.asked[0]["model"] == "m"
    assert first.asked[0]["temperature"] > 0.5
    insists = service(first, "mine")
    await Writer([insists._replace(options=insists.options | {"temperature": 1.0})]).write("s", "u")
    assert first.asked[-1]["temperature"] == 1.0, "a model may refuse any other"
    assert first.asked[0]["max_tokens"] > 180


async def test_a_service_that_fails_rests_while_another_does_the_work() -> None:
    first, second = Client("first", fails=True), Client("second")
    writer = Writer([service(first, "groq"), service(second, "openai")])
    for _ in range(3):
        assert (await writer.write("s", "u")).text == "second"
    assert len(first.asked) == 1
    first.fails = False
    writer.wake_all()
    assert (await writer.write("s", "u")).text == "first"


async def test_the_only_service_is_asked_again_and_its_failure_is_told() -> None:
    only = Client("only", fails=True)
    writer = Writer([service(only, "groq")])
    for _ in range(2):
        with pytest.raises(RungError, match="ConnectionError"):
            await writer.write("s", "u")
    assert len(only.asked) == 2


async def test_an_error_in_a_200_is_told_by_its_cause_and_rests_as_long_as_that_needs() -> None:
    client = Client("groq")
    client.error = {"code": "insufficient_quota", "message": "You exceeded your current quota"}
    with pytest.raises(RungError, match="got none: the account's quota or balance is used up") as raised:
        await Writer([service(client, "groq")]).write("s", "u")
    assert raised.value.retry_after_s == ACCOUNT_PAUSE_S
    client.error = {"status": "starting"}
    with pytest.raises(RungError, match="got none"):
        await Writer([service(client, "groq")]).write("s", "u")


async def test_tokens_that_nobody_counts_are_estimated() -> None:
    reply = await Writer([service(Client("a" * 30, usage=False), "local")]).write("s" * 30, "u" * 30)
    assert (reply.tokens_in, reply.tokens_out) == (20, 10)


async def test_what_a_request_has_used_is_noted_by_service_and_a_local_one_costs_nothing() -> None:
    noted: list[tuple[str, str, dict[str, float]]] = []
    for name, local in (("groq", False), ("local", True)):
        asked = service(Client("first"), name)._replace(local=local)
        await Writer([asked], note=lambda *note: noted.append(note)).write("s", "u")  # type: ignore[arg-type]
    assert noted == [("groq", "ahead", {"tokens_in": 11, "tokens_out": 7})]


def test_without_services_nothing_can_be_written() -> None:
    assert not Writer([]).can_write


# --- a reply that is none ---


@pytest.mark.parametrize("length", [LONGEST_REPLY + 1, 200_000])
async def test_a_reply_without_an_end_is_none(length: int) -> None:
    with pytest.raises(RungError, match=r"does not end|at most"):
        await Writer([service(Client("<think>" * (length // 7 + 1)), "groq")]).write("s", "u")


async def test_half_a_character_is_none() -> None:
    reply = await Writer([service(Client("Хвост \ud83d трубой."), "groq")]).write("s", "u")
    assert reply.text == "Хвост ? трубой."


def test_of_a_reply_with_very_many_remarks_the_first_are_taken() -> None:
    assert len(remarks_of("- Хвост трубой.\n" * 500)) == MAX_REMARKS
    assert len(remarks_of(json.dumps(["Хвост трубой."] * 500))) == MAX_REMARKS


@pytest.mark.parametrize("reply", ['<think>["Хвост трубой."]', '["Хвост', "<think>1. Хвост трубой."])
def test_thoughts_and_texts_that_never_end_are_no_remarks(reply: str) -> None:
    assert remarks_of(reply) == []


async def test_content_in_parts_is_written_without_its_thoughts() -> None:
    parts = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Хвост трубой."}]
    reply = await Writer([service(Client(parts), "groq")]).write("s", "u")
    assert reply.text == "Хвост трубой."
