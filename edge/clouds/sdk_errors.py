"""What the SDKs of OpenAI-compatible services raise, as one line for the journal with what to do about it."""

from __future__ import annotations

from edge.certificates import LOGIN_PAGE
from edge.error_lines import codes_in, reason_of, retry_after_s
from edge.ladder.rung import ABOUT_THE_REQUEST, RequestError, RungError

REDIRECTED = (
    "it points to another address, which is not followed (the key would go along): correct base_url, "
    f"unless {LOGIN_PAGE} answers in its place"
)

NETWORK_LOGIN = 511
"""The status with which a network asks for a login (RFC 6585)."""


def as_rung_error(error: Exception, model: str) -> RungError:
    """
    Args:
        error: from the ``groq`` or ``openai`` SDK, or from the HTTP library below it.
        model: that was asked for.
    """
    for raised in (error, error.__cause__):  # some SDKs wrap what is raised below them
        if isinstance(raised, RungError):
            return raised
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return RungError(reason_of(error))
    headers = getattr(getattr(error, "response", None), "headers", {})
    pause_s = retry_after_s(headers.get("retry-after"))
    if 300 <= status < 400:
        return RungError(f"{status}: {REDIRECTED}")
    if status == NETWORK_LOGIN:
        return RungError(f"{status}: {LOGIN_PAGE} answers in its place")
    if status in (401, 403):
        return RungError(f"{status}: the key was refused; check the API key", permanent=True)
    if status == 404:
        return RungError(
            f"404: model {model!r} is not there; set another model in the configuration", permanent=True
        )
    if status == 429:
        return RungError("429: the rate limit is reached", retry_after_s=pause_s)
    what = codes_in(getattr(error, "body", None)) or "it gives no code that is known"
    kind = RequestError if status in ABOUT_THE_REQUEST else RungError
    return kind(f"{status}: {what}", retry_after_s=pause_s)
