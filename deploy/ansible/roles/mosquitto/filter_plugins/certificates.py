"""Ansible filter for the broker's certificate: whether it can serve."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)


def certificate_refusal(tls: Mapping[str, Any], now: datetime) -> str:
    """Why a broker could not be reached with these; empty when it could, or when it needs none.

    Args:
        tls: ``certificate`` (PEM, the broker's own first) and ``key``; empty where there is no TLS.
        now: in UTC, without a zone.
    """
    if not tls:
        return ""
    if not isinstance(tls, Mapping):
        return f"expected certificate and key (PEM), or empty; it is a {type(tls).__name__}"
    if not all(isinstance(tls.get(part), str) and tls[part] for part in ("certificate", "key")):
        return f"expected certificate and key (PEM), or empty; it has {', '.join(map(str, tls))}"
    try:
        certificate = x509.load_pem_x509_certificate(tls["certificate"].encode())
        key = load_pem_private_key(tls["key"].encode(), password=None)
    except (ValueError, TypeError) as error:
        # Not the library's words: they could quote the key.
        cause = type(error).__name__
        return f"expected certificate and key as PEM without a password; they cannot be read ({cause})"
    raw = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*raw) != certificate.public_key().public_bytes(*raw):
        return "the key does not belong to the certificate (the broker's own certificate comes first)"
    first = certificate.not_valid_before_utc.replace(tzinfo=None)
    last = certificate.not_valid_after_utc.replace(tzinfo=None)
    if now < first:
        return f"the certificate is not valid before {first} UTC, and it is {now:%Y-%m-%d %H:%M:%S} here"
    if now > last:
        return f"the certificate was valid until {last} UTC; make a new one"
    if not _is_loaded(tls):
        return (
            "OpenSSL does not load them, so the broker would not either: expected each certificate of the "
            "chain as it was issued, line by line (in YAML with |), and a key that is strong enough"
        )
    return ""


def _is_loaded(tls: Mapping[str, str]) -> bool:
    """By the library that the broker uses. It reads files only: these are in memory."""
    files = [os.memfd_create(part) for part in ("certificate", "key")]
    try:
        for file, part in zip(files, ("certificate", "key"), strict=True):
            os.write(file, tls[part].encode())
            os.lseek(file, 0, os.SEEK_SET)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*(f"/proc/self/fd/{file}" for file in files))
    except (OSError, ssl.SSLError):
        return False
    finally:
        for file in files:
            os.close(file)
    return True


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"certificate_refusal": certificate_refusal}
