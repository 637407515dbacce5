"""Settings of the recognizer server, which is no part of a shuttle."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from edge.config.kinds import Port, Section
from edge.config.secret import Secret

DictationLanguage = Literal["ru", "en", "id", "de", "fr"]
"""What the server understands: the guide's languages and those of further dispatchers."""


class RecognizerServerSettings(Section, frozen=True):
    """``shuttle-guide run recognizer-server``: recognition for clients elsewhere (docs/recognizer_server.md).
    Recognizers, detector and endpointing are those of ``listener``."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """Where it is served. Elsewhere than on this machine it takes a token (credential
    ``recognizer_server_token``)."""
    control_port: Port = 8011
    """Commands of clients, ``/v1/audio/transcriptions``, ``/health`` and ``/load``."""
    data_port: Port = 8012
    """Sound in, text out."""
    token: Secret | None = None
    cert_file: str | None = None
    """Certificate (PEM, with its chain) by which all of it is encrypted."""
    key_file: str | None = None
    hosts: tuple[str, ...] = ()
    """Names of this server beside the machine's own; an address is always taken."""
    origins: tuple[str, ...] = ()
    """Web pages that may connect, such as ``https://desk.example``."""
    languages: Annotated[tuple[DictationLanguage, ...], Meta(min_length=1)] = ("ru", "en", "id", "de", "fr")
    """What clients may speak; one alone need not be found out."""
    max_clients: Annotated[int, Meta(ge=1, le=256)] = 16
    """Clients that send sound at the same time; a depot with a faster GPU turns it up."""
    clients_per_address: Annotated[int, Meta(ge=1, le=256)] = 8
    """Clients from one address; a depot whose desks come by one proxy turns it up."""
    min_length_s: Annotated[float, Meta(ge=0, le=10)] = 0.0
    """No silence ends an utterance before it is so long. Who dictates where doors bang turns it up."""
