"""What the SDKs of OpenAI-compatible services raise, as one line for the journal with what to do about it."""

from __future__ import annotations

from edge.failure_text import one_line, retry_after_s
from edge.ladder import RungError


def as_rung_error(error: Exception, model: str, *, secret: str = "", sent: str = "") -> RungError:
    """
    Args:
        error: from the ``groq`` or ``openai`` SDK, or from the HTTP library below it.
        model: that was asked for.
        secret: the key, which must not show up in the line.
        sent: what was asked, which must not either.
    """
    for raised in (error, error.__cause__):  # some SDKs wrap what is raised below them
        if isinstance(raised, RungError):
            return raised
    status = getattr(error, "status_code", None)
    what = one_line(str(error), secret=secret, sent=sent)
    if status is None:
        return RungError(f"{type(error).__name__}: {what}")
    headers = getattr(getattr(error, "response", None), "headers", {})
    pause_s = retry_after_s(headers.get("retry-after"))
    if status in (401, 403):
        return RungError(f"{status}: the key was refused; check the API key", permanent=True)
    if status == 404:
        return RungError(
            f"404: model {model!r} is not there; set another model in the configuration", permanent=True
        )
    if status == 429:
        return RungError("429: the rate limit is reached", retry_after_s=pause_s)
    return RungError(f"{status}: {what}", retry_after_s=pause_s)
