"""A recognizer server on this machine, where one runs: what it recognises with, and for how many."""

from __future__ import annotations

import json
import ssl
from typing import Any

import httpx

from edge.config import Settings
from edge.doctor.check import Check
from edge.error_lines import reason_of

WITHIN_S = 2.0
NAME = "recognizer server"
LOOPBACK = "127.0.0.1"


async def check_recognizer_server(settings: Settings) -> list[Check]:
    """Nothing where none runs, as on every shuttle."""
    ours = settings.recognizer_server
    own = ours.host not in ("0.0.0.0", "::")
    address = f"{ours.host if own else LOOPBACK}:{ours.control_port}"
    headers = {"Authorization": f"Bearer {ours.token.reveal()}"} if ours.token else {}
    # Its own certificate names it for others; here the address is this machine's.
    trust: ssl.SSLContext | bool = ssl._create_unverified_context() if ours.cert_file else False
    scheme = "https" if ours.cert_file else "http"
    try:
        async with httpx.AsyncClient(timeout=WITHIN_S, verify=trust, trust_env=False) as client:
            answer = await client.get(f"{scheme}://{address}/load", headers=headers)
        state: Any = json.loads(answer.content[:65536]) if answer.status_code == 200 else None
    except httpx.ConnectError:
        return []
    except (httpx.HTTPError, ValueError) as error:
        return [Check(NAME, "missing", "ready", f"something else answers at {address} ({reason_of(error)})")]
    if not isinstance(state, dict) or "information" not in state:
        return [Check(NAME, "absent", "", f"answers at {address} with {answer.status_code}", "run as root")]
    clients = f"{state.get('clients')} of {state.get('max_clients')} clients"
    told = f"{clients}; {' · '.join(str(state['information']).split(chr(10)))}"
    ready = state.get("ready") is True
    return [Check(NAME, "ok" if ready else "missing", "ready", " ".join(told.split()))]
