"""What services refuse and their SDKs raise, as one line for the journal with what to do about it."""

from __future__ import annotations

from typing import Any

from edge.certificates import LOGIN_PAGE
from edge.clouds.causes import Asked, cause_of
from edge.error_lines import codes_in, reason_of, retry_after_s
from edge.ladder.rung import ABOUT_THE_REQUEST, RequestError, RungError

REDIRECTED = (
    "it points to another address, which is not followed (the key would go along): correct base_url, "
    f"unless {LOGIN_PAGE} answers in its place"
)

NETWORK_LOGIN = 511
"""The status with which a network asks for a login (RFC 6585)."""


def as_rung_error(error: Exception, model: str, setting: str = "model") -> RungError:
    """
    Args:
        error: from the SDK of a service, or from the HTTP library below it.
        model: that was asked for.
        setting: which one names it.
    """
    for raised in (error, error.__cause__):  # some SDKs wrap what is raised below them
        if isinstance(raised, RungError):
            return raised
    status = getattr(error, "status_code", None)
    asked = Asked(model, setting, _url_of(error))
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
        status: of HTTP; None: it came on an open connection.
        retry: its ``Retry-After`` header.
    """
    if status is not None and 300 <= status < 400:
        return RungError(f"{told}: {REDIRECTED}")
    if status == NETWORK_LOGIN:
        return RungError(f"{told}: {LOGIN_PAGE} answers in its place")
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


def _url_of(error: Exception) -> str:
    """Host, port and path that were asked; empty: it is not known."""
    try:
        url = getattr(error, "request").url  # noqa: B009 (a property that raises where there is none)
        return f"{url.netloc.decode('ascii')}{url.path}"
    except (AttributeError, RuntimeError, UnicodeDecodeError):
        return ""
