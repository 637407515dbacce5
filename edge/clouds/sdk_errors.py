"""What services refuse and their SDKs raise, as one line for the journal with what to do about it."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import Any

from edge.certificates import LOGIN_PAGE
from edge.clouds.causes import Asked, cause_of
from edge.error_lines import LONGEST_LOOKED_AT, codes_in, kind_of, reason_of, retry_after_s
from edge.ladder.rung import ABOUT_THE_REQUEST, RequestError, RungError

NOTHING_ASKED = Asked()
REDIRECTED = (
    "it points to another address, which is not followed (the key would go along): correct base_url, "
    f"unless {LOGIN_PAGE} answers in its place"
)


def as_rung_error(error: Exception, model: str, setting: str = "model") -> RungError:
    """What a failed request means for the rung: its cause, and what to do.

    Args:
        error: from the SDK of a service, or from the HTTP library below it.
        model: that was asked for.
        setting: which one names it.
    """
    for raised in (error, error.__cause__):  # some SDKs wrap what is raised below them
        if isinstance(raised, RungError):
            return raised
    status = getattr(error, "status_code", None)
    asked = Asked(model, setting, url_of(error))
    if not isinstance(status, int):
        told = reason_of(error)
        return RungError(f"{asked.url}: {told}" if asked.url else told)
    response = getattr(error, "response", error)
    headers = getattr(response, "headers", None) or {}
    return refusal(str(status), getattr(error, "body", None), asked, status, headers.get("retry-after"))


def refusal(told: str, answer: Any, asked: Asked, status: int | None, retry: str | None = None) -> RungError:
    """What a service refused.

    Args:
        told: what happened, in our words.
        answer: the service's: JSON as Python's objects, or text. Its codes and known phrases are told.
        status: of HTTP; None: it came on an open connection, or in an answer that began well.
        retry: its ``Retry-After`` header.
    """
    if status is not None and 300 <= status < 400:
        return RungError(f"{told}: {REDIRECTED}")
    cause = cause_of(status, answer, asked)
    codes = codes_in(answer)
    pauses_s = [retry_after_s(retry), cause.pause_s if cause else None]
    is_permanent = cause is not None and cause.permanent
    about_request = status in ABOUT_THE_REQUEST and not is_permanent
    kind = RequestError if about_request or (cause and cause.about_request) else RungError
    if cause:
        line = f"{told}: {cause.advice}" + (f" ({codes})" if codes else "")
    else:
        line = f"{told}: {codes or 'it gives no code that is known'}"
    return kind(
        line,
        retry_after_s=max((pause_s for pause_s in pauses_s if pause_s is not None), default=None),
        permanent=is_permanent,
    )


def answer_in(body: bytes) -> Any:
    """What a service answered, for ``refusal``: its JSON as Python's objects, or its text."""
    text = body[:LONGEST_LOOKED_AT].decode("utf-8-sig", "replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def unexpected(expected: str, body: bytes) -> RungError:
    """Something else came, with a good status, than was asked for: a web page, an error, or another thing."""
    told = f"expected {expected}, came {kind_of(body.removeprefix(codecs.BOM_UTF8))}"
    answer = answer_in(body)
    if cause_of(None, answer, NOTHING_ASKED) or codes_in(answer):
        return refusal(told, answer, NOTHING_ASKED, None)
    return RungError(told)


def without_result(told: str, answer: Mapping[str, Any], asked: Asked) -> RungError:
    """JSON came, with a good status, that lacks what was asked for; an error in it says why."""
    error = {name: answer[name] for name in ("error", "detail") if answer.get(name)}
    return refusal(told, error, asked, None) if error else RungError(told)


def url_of(error: Any) -> str:
    """Host, port and path that were asked; empty: it is not known.

    Args:
        error: or the response.
    """
    try:
        url = getattr(error, "request").url  # noqa: B009 (a property that raises where there is none)
        return f"{url.netloc.decode('ascii')}{url.path}"
    except (AttributeError, RuntimeError, UnicodeDecodeError):
        return ""
