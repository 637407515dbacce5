"""Certificates as other machines show them: good ones, and those that nobody should accept."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

DATES = {"good": ("20200101000000Z", "20990101000000Z")}
DATES |= {"not_yet_valid": ("20900101000000Z", "20990101000000Z")}
DATES |= {"expired": ("20200101000000Z", "20210101000000Z")}
KEY_OPTIONS = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """An authority of one's own that signs certificates for 127.0.0.1.

    Args:
        folder: an empty one, for its files.
    """

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("no openssl on this machine to make certificates with")
        self._folder = folder
        self.file = folder / "ca.crt"
        """Whoever trusts this trusts what it signs."""
        (folder / "index.txt").touch()
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\n"
            "default_md=sha256\npolicy=any\nunique_subject=no\nx509_extensions=host\ncopy_extensions=copy\n"
            "[any]\ncommonName=supplied\n[host]\nbasicConstraints=CA:FALSE\n"
        )
        self._openssl(
            "req", "-x509", *KEY_OPTIONS, "-subj", "/CN=test", "-keyout", "ca.key", "-out", "ca.crt"
        )

    def files(self, kind: str) -> tuple[Path, Path]:
        """Certificate and key of a kind (see ``show``), for a server that reads them itself."""
        self.certificate(kind)
        return self._folder / f"{kind}.crt", self._folder / f"{kind}.key"

    def certificate(self, kind: str) -> ssl.SSLContext:
        """What a server shows, by its kind (see ``show``)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.show(context, kind)
        return context

    def show(self, context: ssl.SSLContext, kind: str) -> None:
        """Have the server show this one from now on.

        Args:
            kind: ``good``, ``not_yet_valid``, ``expired``, ``self_signed`` or ``another_host``.
        """
        name = f"/CN={kind}"
        host = "DNS:login.example" if kind == "another_host" else "IP:127.0.0.1"
        key = f"{kind}.key"
        crt = f"{kind}.crt"
        if kind == "self_signed":
            self._openssl("req", "-x509", *KEY_OPTIONS, "-subj", name, "-keyout", key, "-out", crt)
        else:
            asked = ("-subj", name, "-addext", f"subjectAltName={host}")
            self._openssl("req", "-new", *KEY_OPTIONS, *asked, "-keyout", key, "-out", "asked.csr")
            begin, end = DATES.get(kind, DATES["good"])
            by = ("-config", "ca.cnf", "-cert", "ca.crt", "-keyfile", "ca.key", "-batch", "-notext")
            times = ("-startdate", begin, "-enddate", end)
            self._openssl("ca", *by, *times, "-in", "asked.csr", "-out", crt)
        context.load_cert_chain(self._folder / crt, self._folder / key)

    def _openssl(self, *command: str) -> None:
        subprocess.run(["openssl", *command], cwd=self._folder, check=True, capture_output=True)
