"""Why the certificate of another machine is not accepted, and what to do about it.

None of these causes is the key's or the settings' alone: a clock is set after a start, a login page goes
away. So all of them are faults that pass.
"""

from __future__ import annotations

import ssl
import time

ROUND_TRIPS = 4
"""More than a handshake takes."""
LOGIN_PAGE = "a login page of the network (captive portal)"
# Numbers of OpenSSL's x509_vfy.h.
_NOT_YET_VALID, _EXPIRED = 9, 10
_SIGNED_BY_NOBODY_KNOWN = (18, 19, 20, 21)
_OF_ANOTHER_HOST = (62, 64)


def objection_to(error: ssl.SSLCertVerificationError) -> str:
    """What is wrong with the certificate, in one line; whose fault that may be."""
    # Without hours and minutes the line stays the same, and is told once.
    clock = time.strftime("this machine's clock says %Y-%m-%d", time.gmtime())
    code = error.verify_code
    if code == _NOT_YET_VALID:
        return f"the certificate is not yet valid: {clock}; see that a time server sets it"
    if code == _EXPIRED:
        return f"the certificate has expired, or the clock is wrong: {clock}"
    if code in _SIGNED_BY_NOBODY_KNOWN:
        suspects = f"{LOGIN_PAGE}, a proxy that reads along, or an authority that is not installed"
        return f"the certificate is signed by nobody whom this machine trusts: {suspects}"
    if code in _OF_ANOTHER_HOST:
        return f"the certificate is another host's: {LOGIN_PAGE}, or the address is wrong"
    return f"the certificate is not accepted ({error.verify_message})"


def own_objection(server: ssl.SSLContext, certificate: str) -> str:
    """Why nobody will accept the certificate that a server of ours shows; empty: its dates are right.

    Args:
        server: has loaded it.
        certificate: its file, in PEM form.

    Raises:
        OSError: the file cannot be read (``ssl.SSLError`` too).
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False  # by which names it is reached nobody knows here
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # nor who signed it
    client.load_verify_locations(certificate)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True))
    for _ in range(ROUND_TRIPS):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError as error:
                return objection_to(error)
    return ""
