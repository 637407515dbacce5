"""Why a service refused: the true cause of its answer, and what somebody can do about it. Pure.

The same code means the same whoever sends it, and one status means many things: 403 is a key, a country, an
address or a model; 404 a model or a path; 429 too fast or no money. So the service's own codes decide, then
its first words, then the status alone. What it says is compared and never told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from edge.certificates import LOGIN_PAGE
from edge.foreign_numbers import whole_number

CauseName = Literal[
    "account",
    "address",
    "capacity",
    "content",
    "key",
    "length",
    "loading",
    "model",
    "page",
    "path",
    "plan",
    "proxy",
    "rate",
    "region",
    "voice",
]
ACCOUNT_PAUSE_S = 900.0
"""A used-up account is not filled by asking: each probe of it would be one more request that is refused."""
LONGEST_SENTENCE = 300
"""Characters of a service's sentence."""
MOST_CODES = 16
LONGEST_CODE = 64
DEEPEST = 5
_CODE_FIELDS = ("code", "status", "reason", "type", "param", "error", "detail", "details")
_SENTENCE_FIELDS = ("message", "msg")
"""Other fields may quote anybody."""


class Asked(NamedTuple):
    """What was asked for, as far as an advice names it."""

    model: str = ""
    setting: str = "model"
    """Which key of the service's settings says so: ``model``, ``speech_model``, …"""
    url: str = ""
    """Host, port and path; no user, no parameters."""


class Cause(NamedTuple):
    """Why it was refused."""

    name: CauseName
    advice: str
    permanent: bool = False
    """Asking again does not help until somebody changes something."""
    about_request: bool = False
    """The service is well, and does not take this request."""
    pause_s: float | None = None


class _Rule(NamedTuple):
    cause: CauseName
    codes: tuple[str, ...] = ()
    """Parts of the service's own codes, in small letters."""
    begins: tuple[str, ...] = ()
    """How its sentence begins, in small letters. Behind its beginning it may quote anybody."""
    statuses: tuple[int, ...] = ()
    """With this status alone, where no code and no sentence says more."""


_RULES = (
    _Rule("proxy", statuses=(407,)),
    _Rule("page", statuses=(511,)),  # a network asks for a login (RFC 6585)
    _Rule(
        "region",
        ("unsupported_country",),
        ("country, region, or territory not supported", "user location is not supported"),
        (451,),
    ),
    _Rule(
        "address",
        ("ip_not_authorized", "ip_address_not"),
        (
            *("your ip is not authorized", "access denied. please check your network settings"),
            "error code: 10",  # Cloudflare's refusals, for clients that are no browsers
        ),
    ),
    _Rule(
        "plan",
        (
            *("paid_plan_required", "unusual_activity", "organization_restricted", "terms_required"),
            *("mismatched_organization", "mismatched_project", "account_deactivated", "access_terminated"),
            *("organization_membership", "invalid_organization", "subscription_required"),
        ),
        ("your organization must be verified", "you must be a member of an organization"),
    ),
    _Rule(
        "account",
        (
            *("insufficient_quota", "quota_exceeded", "credit_balance", "insufficient_balance", "billing_"),
            *("blocked_api_access", "spend_", "credits", "payment_required", "insufficient_credits"),
        ),
        (
            *("insufficient balance", "insufficient credits", "your credit balance is too low"),
            *("you exceeded your current quota", "this request exceeds your quota", "you have 0 credits"),
            "your team has either used all",
        ),
        (402,),
    ),
    _Rule(
        "voice", ("voice_not_found", "voice_id", "invalid_voice", "voice_does_not_exist"), ("a voice with ",)
    ),
    _Rule(
        "model",
        (
            *("model_not_found", "model_decommissioned", "model_not_active", "model_permission"),
            *("model_id", "unsupported_model", "model_deprecated", "invalid_model"),
        ),
        ("invalid model name", "is not a valid model id", "a model with "),
    ),
    _Rule(
        "path",
        ("unknown_url",),
        (
            *("unknown request url", "invalid url", "404 page not found", "file not found", "not found"),
            *("no route", "cannot post", "cannot get", "the requested url", "method not allowed"),
            "client sent an http request to an https",
        ),
        (405, 421, 426),
    ),
    _Rule(
        "length",
        ("context_length", "character_limit", "string_above_max", "request_too_large"),
        ("this model's maximum context length",),
    ),
    _Rule("content", ("content_filter", "content_policy", "responsibleai", "invalid_prompt", "moderation")),
    _Rule("loading", (), ("loading model", "model is loading", "model is currently loading")),
    _Rule("capacity", ("overloaded", "over_capacity", "capacity_exceeded", "slow_down", "system_busy")),
    _Rule(
        "rate",
        ("concurren", "rate_limit", "too_many", "resource_exhausted", "context_limit", "max_active"),
        ("maximum simultaneous contexts",),
        (429,),
    ),
    _Rule(
        "key",
        ("api_key", "authentication", "authorization", "unauthorized", "permission"),
        ("api key not valid", "incorrect api key", "invalid api key", "unauthorized", "no auth credentials"),
        (401, 403),
    ),
    _Rule("capacity", statuses=(408, 498, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530)),
)
"""The first that fits by a code; where none does, by a sentence; then by the status."""

_ADVICE: dict[CauseName, str] = {
    "account": "the account's quota or balance is used up; top it up, or raise its limit",
    "address": "the service refuses this network address or its region; use another network or service",
    "capacity": "the service is overloaded or away",
    "content": "the service refuses this content",
    "key": "the key was refused, or may not do this; check its API key",
    "length": "the request is longer than the service takes",
    "loading": "it is still loading its model",
    "model": "model {model} is not there, or not for this account; check its {setting}",
    "page": f"{LOGIN_PAGE} answers in its place, or base_url is wrong",
    "path": "no such service is at {url}; check its base_url",
    "plan": "the account may not do this; see its plan, terms and organization at the service",
    "proxy": "the proxy asks for a login; correct its address (https_proxy)",
    "rate": "too many requests: the rate limit is reached",
    "region": "the service is not offered in this country or region; use another service",
    "voice": "this account has no such voice; check its voice",
}
_MODEL_BEGINS = ("the model ", "model ", "models/")
"""How a 404 tells of a model; other statuses tell so of one that is there, too."""
_PERMANENT = frozenset({"account", "address", "key", "model", "path", "plan", "proxy", "region", "voice"})
_ABOUT_REQUEST = frozenset({"content", "length"})


def cause_of(status: int | None, answer: Any, asked: Asked) -> Cause | None:
    """The cause of an answer that tells an error; None: nothing in it is known.

    Args:
        status: of HTTP; None: it came on an open connection.
        answer: its JSON as Python's objects, or its text.
    """
    if _is_web_page(answer):
        return _of_web_page(status, asked)
    if status is None or status < 400:
        status = _status_in(answer)
    codes = list(_codes(answer))[:MOST_CODES]
    sentences = [_without(asked.model, text).strip().lower() for text in _sentences(answer)]
    for rule in _RULES:
        if any(mark in code for code in codes for mark in rule.codes):
            return _cause(rule.cause, asked)
    is_broken = status is not None and status >= 500  # then its words are of what goes on inside
    for rule in _RULES:
        if is_broken and rule.cause in _PERMANENT:
            continue
        if any(text.startswith(rule.begins) for text in sentences if rule.begins):
            return _cause(rule.cause, asked)
    if status == 404:
        is_model = any(text.startswith(_MODEL_BEGINS) for text in sentences)
        return _cause("model", asked) if is_model else _of_unknown_404(asked)
    return next((_cause(rule.cause, asked) for rule in _RULES if status in rule.statuses), None)


def _of_web_page(status: int | None, asked: Asked) -> Cause | None:
    """A page for people comes from what stands before a service, or from something else at its address."""
    if status is None or status < 400:
        return _cause("page", asked)
    match status:
        case 401 | 407 | 429 | 451 | 511:
            return cause_of(status, None, asked)
        case 403:
            return _cause("address", asked)
        case _ if status < 500:
            return _cause("path", asked)
    return _cause("capacity", asked)


def _of_unknown_404(asked: Asked) -> Cause:
    if not asked.model:
        return _cause("path", asked)
    told = "neither {url} nor model {model} is surely there; check its base_url and its {setting}"
    return Cause("path", _filled(told, asked), permanent=True)


def _cause(name: CauseName, asked: Asked) -> Cause:
    advice = _filled(_ADVICE[name], asked) + (_hint(asked.url) if name == "path" else "")
    pause_s = ACCOUNT_PAUSE_S if name == "account" else None
    return Cause(name, advice, name in _PERMANENT, name in _ABOUT_REQUEST, pause_s)


def _filled(advice: str, asked: Asked) -> str:
    model = repr(asked.model) if asked.model else "of this name"
    return advice.format(model=model, setting=asked.setting, url=asked.url or "its address")


def _hint(url: str) -> str:
    """The usual mistakes of an address: the version is missing, or stands there twice."""
    versions = sum(part.startswith(("v1", "v2", "v3", "v4")) for part in url.split("/"))
    if not url or versions == 1:
        return ""
    return " (is /v1 missing?)" if versions == 0 else " (its version stands twice)"


def _without(model: str, sentence: str) -> str:
    """Some sentences begin with the model's name."""
    return sentence.removeprefix(f"{model} ")


def _status_in(answer: Any, depth: int = 0) -> int | None:
    """The status of HTTP that an answer tells itself, where it came with another one, or on its own."""
    number = whole_number(answer) if isinstance(answer, str) else answer
    if number is None or isinstance(number, int):
        return number if number and 400 <= number < 600 else None
    parts = _parts(answer, depth, ("error", "code", "status", "status_code"))
    return next((status for part in parts if (status := _status_in(part, depth + 1))), None)


def _is_web_page(answer: Any) -> bool:
    return isinstance(answer, str) and answer[:64].lstrip("\ufeff \t\r\n").startswith("<")


def _codes(answer: Any, depth: int = 0) -> Iterator[str]:
    """Words in small letters that stand where codes do."""
    if isinstance(answer, str):
        if 0 < len(answer) <= LONGEST_CODE and not _has_space(answer):
            yield answer.lower()
    else:
        for part in _parts(answer, depth, _CODE_FIELDS):
            yield from _codes(part, depth + 1)


def _sentences(answer: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(answer, str):
        if _has_space(answer[:LONGEST_SENTENCE].strip()):
            yield answer[:LONGEST_SENTENCE]
    else:
        for part in _parts(answer, depth, (*_CODE_FIELDS, *_SENTENCE_FIELDS)):
            yield from _sentences(part, depth + 1)


def _parts(answer: Any, depth: int, fields: tuple[str, ...]) -> Iterator[Any]:
    if depth >= DEEPEST:
        return
    if isinstance(answer, list):
        yield from answer[:4]
    elif isinstance(answer, Mapping):
        yield from (answer[name] for name in fields if name in answer)


def _has_space(text: str) -> bool:
    return any(char.isspace() for char in text)
