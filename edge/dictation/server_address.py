"""Where a recognizer server is, of what a person writes. Pure but for the files of certificates."""

from __future__ import annotations

import re
import secrets
import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

from edge.config import DeskSettings
from edge.config.addresses import is_on_this_machine, shows_key
from edge.error_lines import reason_of
from edge.operator_error import OperatorError

DATA_PORT = 8012
HOST = re.compile(r"(\[[\da-fA-F:.]+\]|[^\s/:?#\\@\[\]]+)(:\d{1,5})?\Z")


class ServerAccess(NamedTuple):
    """How to reach a recognizer server."""

    address: str
    """The data socket's."""
    control_address: str
    """The control socket's, with this client's name."""
    client: str
    """By this name the server knows that the two connections are one client's."""
    headers: dict[str, str]
    """With the token, where there is one."""
    tls: ssl.SSLContext | None
    """Whose certificates count; None: no TLS."""
    language: str = ""
    """What will be spoken, from the first word on; "": as the server finds."""

    @property
    def data_address(self) -> str:
        """The data socket's address, with this client's name and its language."""
        language = f"&language={self.language}" if self.language else ""
        return f"{self.address}/?client={self.client}{language}"


def data_address(written: str) -> str:
    """The address of the data socket.

    Args:
        written: ``HOST``, ``HOST:PORT``, ``ws://HOST…`` or ``wss://HOST…``.

    Raises:
        OperatorError: it is none of these.
    """
    scheme, separator, rest = written.strip().partition("://")
    host = (rest if separator else scheme).removesuffix("/")
    if not HOST.match(host) or (separator and scheme.lower() not in ("ws", "wss")):
        wanted = "HOST, HOST:PORT, wss://HOST or ws://HOST"
        raise OperatorError(f"expected the recognizer server as {wanted}, got {written!r}")
    if not separator:
        scheme = "ws" if is_on_this_machine(f"ws://{host}") else "wss"
    address = f"{scheme.lower()}://{host}"
    try:
        port = urlsplit(address).port
    except ValueError:
        raise OperatorError(f"{written}: expected a port from 1 to 65535") from None
    return address if port is not None else f"{address}:{DATA_PORT}"


def access_of(settings: DeskSettings, server: str | None = None, language: str = "") -> ServerAccess:
    """Where the server is, and what it is shown.

    Args:
        server: instead of the one in the settings.
        language: what will be spoken; "": as the server finds.

    Raises:
        OperatorError: the address is none, a token would go there unencrypted, or the file cannot be used.
    """
    address = data_address(server or settings.server)
    token = settings.token
    if shows_key(address, has_key=token is not None):
        wanted = "expected wss://, or no desk.token"
        raise OperatorError(f"{address}: the token would go there unencrypted; {wanted}")
    control_port = settings.control_port or _port_of(address) - 1
    client = f"desk-{secrets.token_hex(4)}"
    control = f"{address.rpartition(':')[0]}:{control_port}/?client={client}"
    headers = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
    try:
        tls = None if address.startswith("ws://") else ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError too
        told = f"desk.ca_file = {settings.ca_file!r} cannot be used: {reason_of(error)}"
        raise OperatorError(told) from error
    return ServerAccess(address, control, client, headers, tls, language)


def _port_of(address: str) -> int:
    """The port in an address."""
    port = urlsplit(address).port
    assert port is not None
    return port
