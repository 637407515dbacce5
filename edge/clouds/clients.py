"""Clients of Groq and of OpenAI-compatible services. Their SDKs are imported when one is made."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cache
from typing import Any

from edge.clouds.bounded_answers import LARGEST_ANSWER_BYTES, PLAIN, bounded_answers
from edge.config import Service
from edge.config.addresses import is_on_this_machine

NO_KEY = "none"
"""The SDK insists on one; a server of one's own does not."""
REQUEST_TIMEOUT_S = 30.0
"""Beyond all budgets of the ladder; it only ends what everybody has given up."""
CONNECT_TIMEOUT_S = 3.0
CONNECTIONS: dict[str, Any] = {"max_connections": 8, "keepalive_expiry": None}
"""Kept until the other side closes them (by default they are let go after 5 s)."""
RETRIES = 0
"""A retry inside the SDK would be dead air that the ladder cannot see."""


def client_of(service: Service, **bounds: Any) -> Any:
    """The client of a service that is OpenAI-compatible or Groq. An absent key: the server wants none."""
    key = service.api_key.reveal() if service.api_key else ""
    make = groq_client if service.kind == "groq" else openai_client
    return make(key, service.address, **bounds)


def groq_client(key: str, base_url: str, **bounds: Any) -> Any:
    """A ``groq.AsyncGroq``."""
    import groq
    import httpx

    return _client(groq.AsyncGroq, groq, httpx, key, base_url, **bounds)


def openai_client(key: str, base_url: str, **bounds: Any) -> Any:
    """An ``openai.AsyncOpenAI``. An empty key: the server wants none."""
    import httpx2
    import openai

    return _client(openai.AsyncOpenAI, openai, httpx2, key or NO_KEY, base_url, **bounds)


def _client(
    make: Callable[..., Any],
    sdk: Any,
    library: Any,
    key: str,
    base_url: str,
    *,
    timeout_s: float = REQUEST_TIMEOUT_S,
    largest_answer_bytes: int = LARGEST_ANSWER_BYTES,
) -> Any:
    """What ``make`` of an SDK makes, with a client of its own HTTP library."""
    return make(
        api_key=key,
        base_url=base_url,
        max_retries=RETRIES,
        timeout=sdk.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
        http_client=sdk.DefaultAsyncHttpxClient(
            limits=library.Limits(**CONNECTIONS),
            headers=PLAIN,
            event_hooks=bounded_answers(library, largest_answer_bytes),
            **straight(base_url, library),
        ),
    )


def straight(base_url: str, library: Any) -> dict[str, Any]:
    """Options of an HTTP client of ``library`` with a key: it goes to ``base_url`` and nowhere else.

    No redirect is followed: libraries take ``Authorization`` off on the way to another host, but neither
    other headers nor the question. No proxy of the environment is asked for an address on this machine: it
    would read a plain request.
    """
    trust_env = not is_on_this_machine(base_url)
    return {"follow_redirects": False, "trust_env": trust_env, "verify": trusted(library, trust_env)}


@cache
def trusted(library: Any, trust_env: bool) -> ssl.SSLContext:
    """Whose certificates are accepted. To read them takes 30 ms, so all clients of a process share them."""
    context: ssl.SSLContext = library.create_ssl_context(trust_env=trust_env)
    return context
