"""Models that their services have retired, or will.

Sources are the vendors' pages, or copies of them, as they were in November 2026:
console.groq.com/docs/deprecations, developers.openai.com/api/docs/deprecations,
inference-docs.cerebras.ai/support/deprecation, ai.google.dev/gemini-api/docs/deprecations.
Listed is what somebody may have set here; it counts at the vendor's own address, since others may serve a
model for longer.
"""

from __future__ import annotations

from datetime import date

from edge.config.services import BUILT_IN, Service

_GROQ = {"llama-3.1-8b-instant": date(2026, 8, 16), "llama-3.3-70b-versatile": date(2026, 8, 16)}
_OPENAI = {
    **dict.fromkeys(("gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4.1-nano"), date(2026, 10, 23)),
    **dict.fromkeys(("o1", "o3-mini", "o4-mini"), date(2026, 10, 23)),
    **dict.fromkeys(("gpt-5", "gpt-5-mini", "gpt-5-nano"), date(2026, 12, 11)),
    **dict.fromkeys(("tts-1", "tts-1-hd", "gpt-4o-mini-tts"), date(2027, 1, 6)),
    **dict.fromkeys(("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"), date(2027, 1, 14)),
    **dict.fromkeys(("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"), date(2027, 2, 26)),
}
_CEREBRAS = {
    **dict.fromkeys(("qwen-3-32b", "llama-3.3-70b"), date(2026, 2, 16)),
    **dict.fromkeys(("llama3.1-8b", "qwen-3-235b-a22b-instruct-2507"), date(2026, 5, 27)),
}
_GEMINI = {
    **dict.fromkeys(("gemini-2.0-flash", "gemini-2.0-flash-lite"), date(2026, 6, 1)),
    **dict.fromkeys(("gemini-2.5-flash", "gemini-2.5-pro"), date(2026, 12, 1)),
}
_BY_ADDRESS = {
    BUILT_IN[name].address: dates
    for name, dates in (("groq", _GROQ), ("openai", _OPENAI), ("cerebras", _CEREBRAS), ("gemini", _GEMINI))
}


def retirement(service: Service, model: str, today: date) -> str:
    """What the vendor has announced of a model, for people; empty: nothing that is known here."""
    end = _BY_ADDRESS.get(service.address.rstrip("/"), {}).get(model)
    return f"{'was' if end <= today else 'will be'} retired by its service on {end}" if end else ""
