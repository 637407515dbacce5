"""Which certificates and keys a broker is not given, by the role's own filter in Ansible's Python."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-deploy" / "bin" / "python"
FILTER = ROOT / "deploy/ansible/roles/mosquitto/filter_plugins/certificates.py"
CALL = """
import datetime, json, runpy, sys
refuse = runpy.run_path(sys.argv[1])["FilterModule"]().filters()["certificate_refusal"]
tls, now = json.load(sys.stdin)
print(refuse(tls, datetime.datetime.fromisoformat(now)))
"""
Make = Callable[..., dict[str, str]]


def refusal(tls: object, now: datetime | None = None) -> str:
    at = (now or datetime.now(UTC)).replace(tzinfo=None).isoformat()
    ended = subprocess.run(
        [str(PYTHON), "-c", CALL, str(FILTER)], input=json.dumps([tls, at]), capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a certificate of 30 days with its key, of RSA or an elliptic curve."""
    if not PYTHON.exists() or shutil.which("openssl") is None:
        pytest.skip("needs openssl, and Ansible in .venv-deploy (make setup)")

    def of(kind: str = "ec -pkeyopt ec_paramgen_curve:prime256v1", *protection: str) -> dict[str, str]:
        new = f"openssl req -x509 -newkey {kind} -days 30 -subj /CN=shuttle".split()
        files = ("-out", str(tmp_path / "crt"), "-keyout", str(tmp_path / "key"))
        subprocess.run([*new, *files, *(protection or ("-nodes",))], check=True, capture_output=True)
        return {"certificate": (tmp_path / "crt").read_text(), "key": (tmp_path / "key").read_text()}

    return of


@pytest.mark.parametrize("kind", ["ec -pkeyopt ec_paramgen_curve:prime256v1", "rsa:2048", "ed25519"])
def test_what_belongs_together_and_is_valid_is_taken(make: Make, kind: str) -> None:
    tls = make(kind)
    assert refusal(tls) == ""
    authority = make()["certificate"]
    assert refusal({**tls, "certificate": tls["certificate"] + authority}) == ""
    assert refusal({}) == "", "no TLS"


def test_what_would_keep_everybody_out_is_refused_in_one_line(make: Make) -> None:
    tls, other = make(), make("rsa:2048")
    wrong_order = other["certificate"] + tls["certificate"]
    secret = make("rsa:2048", "-passout", "pass:secret")
    now = datetime.now(UTC)
    for given, at, told in (
        ({**tls, "key": other["key"]}, now, "the key does not belong to the certificate"),
        ({**tls, "certificate": wrong_order}, now, "the broker's own certificate comes first"),
        (tls, now + timedelta(days=31), "the certificate was valid until 20"),
        (tls, now - timedelta(days=1), "the certificate is not valid before 20"),
        ({"certificate": tls["certificate"]}, now, "certificate and key (PEM), or empty; it has certificate"),
        ({**tls, "key": ""}, now, "expected certificate and key (PEM)"),
        ({**tls, "certificate": "vault_broker_certificate"}, now, "as PEM without a password"),
        (secret, now, "as PEM without a password; they cannot be read (TypeError)"),
    ):  # fmt: skip
        refused = refusal(given, at)
        assert told in refused
        assert "\n" not in refused
        assert "PRIVATE" not in refused


def test_what_openssl_does_not_load_is_refused_though_it_can_be_read(make: Make) -> None:
    tls, weak = make(), make("rsa:1024")
    spoiled = tls["certificate"].replace("A", "B", 5)
    for refused in (
        {**tls, "certificate": tls["certificate"].replace("\n", " ")},
        {**tls, "certificate": tls["certificate"] + spoiled},
        weak,
    ):
        assert re.search("OpenSSL does not load them|cannot be read", refusal(refused))


@pytest.mark.parametrize(
    "tls", ["text", ["certificate"], {"certificate": 1, "key": 2}, {"certificate": [], "key": "k"}]
)
def test_what_is_no_certificate_at_all_is_one_line(make: Make, tls: object) -> None:
    del make
    assert refusal(tls).startswith("expected certificate and key (PEM), or empty; it ")
