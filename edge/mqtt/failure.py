"""Why a connection did not come about or ended, in one line for people."""

from __future__ import annotations

import os
import socket
import ssl
from typing import Literal, NamedTuple

from paho.mqtt.reasoncodes import ReasonCode

from edge.certificates import objection_to
from edge.error_lines import reason_of

UNSUPPORTED_PROTOCOL_VERSION = 132
CLIENT_IDENTIFIER_NOT_VALID = 133
BAD_USER_NAME_OR_PASSWORD = 134
NOT_AUTHORIZED = 135
BANNED = 138
BAD_AUTHENTICATION_METHOD = 140
SESSION_TAKEN_OVER = 142

NEEDS_A_PERSON = (
    CLIENT_IDENTIFIER_NOT_VALID,
    BAD_USER_NAME_OR_PASSWORD,
    NOT_AUTHORIZED,
    BANNED,
    BAD_AUTHENTICATION_METHOD,
)
"""Reason codes of MQTT 5 after which trying again soon is of no use."""

BROKERS_TROUBLE = (128, 131)
"""Reason codes for a subscription (unspecified, implementation specific): a cluster lacks its majority."""


class Failure(NamedTuple):
    """The end of an attempt or of a connection."""

    kind: Literal["unreachable", "version", "hung_up", "refused", "lost", "sent_off", "taken_over"]
    """``version``: this protocol version is refused; ``hung_up``: closed before it answered; ``refused``:
    only a person can help; ``lost``: the broker had accepted us; ``sent_off``: it had, and says what it
    has against us; ``taken_over``: it had, and says that another client came with our id."""
    text: str


def from_connack(code: ReasonCode, version: str, username: str | None, section: str = "mqtt") -> Failure:
    """A CONNACK that refuses (3.1.1's codes come already translated to MQTT 5's)."""
    if code.value == UNSUPPORTED_PROTOCOL_VERSION:
        return Failure("version", f"refused: the broker does not speak MQTT {version} ({section}.protocol)")
    if code.value in (BAD_USER_NAME_OR_PASSWORD, NOT_AUTHORIZED):
        # Mosquitto says "not authorized" for a wrong password too.
        account = f"of the account {username!r}" if username else f"(there is no {section}.username)"
        return Failure("refused", f"refused: bad user name or password {account}")
    return Failure("refused" if code.value in NEEDS_A_PERSON else "unreachable", f"refused: {_plain(code)}")


def from_suback(topic: str, code: ReasonCode, version: str) -> Failure:
    """A subscription that was not granted; only MQTT 5 says whether it is the broker's trouble."""
    if version == "5" and code.value in BROKERS_TROUBLE:
        return Failure("unreachable", f"the broker cannot grant {topic} now: {_plain(code)}")
    return Failure("refused", f"refused: subscription to {topic}: {_plain(code)} (the broker's access list)")


def from_error(error: Exception, address: str, section: str = "mqtt") -> Failure:
    """Something raised before the broker accepted us."""
    match error:
        case socket.gaierror():
            return Failure("unreachable", f"cannot resolve the host name in {address}: {error.strerror}")
        case ssl.SSLCertVerificationError():
            return Failure("unreachable", f"no TLS with {address}: {objection_to(error)} ({section}.ca_file)")
        case ssl.SSLError():
            return Failure("unreachable", f"no TLS with {address}: {error.reason or 'it broke off'}")
        case TimeoutError():
            return Failure("unreachable", f"no answer from {address}")
        case OSError():
            return Failure("unreachable", f"no broker at {address}: {_strerror(error)}")
        case _:  # paho cannot make sense of what came
            return Failure("hung_up", f"{address} does not answer like an MQTT broker: {reason_of(error)}")


def from_end(accepted: bool, code: ReasonCode | None, address: str, certificate: str = "") -> Failure:
    """The connection ended by itself, after (``accepted``) or before an accepting CONNACK.

    Args:
        certificate: ours, where we show one: over TLS 1.3 who does not take it closes without a word.
    """
    why = f": {_plain(code)}" if code is not None and code.getName() != "Unspecified error" else ""
    if accepted:
        lost = f"lost the broker at {address}{why}"
        if code is not None and code.value == SESSION_TAKEN_OVER:
            return Failure("taken_over", lost)
        return Failure("sent_off" if why else "lost", lost)
    doubt = f" (does it take {certificate}?)" if certificate and not why else ""
    return Failure("hung_up", f"{address} closed the connection before it answered{why}{doubt}")


def _strerror(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else reason_of(error)


def _plain(code: ReasonCode) -> str:
    return str(code).lower()
