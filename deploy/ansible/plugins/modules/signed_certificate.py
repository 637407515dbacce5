#!/usr/bin/python
"""Ansible module: key and certificate of a broker or a client of it, signed by the site's own authority.

It runs on the engineer's machine. The authority is made where there is none, and never written again. The
certificate is made anew where it does not fit any more: another name, key or authority, or it ends soon.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes as PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes as PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DOCUMENTATION = r"""
module: signed_certificate
short_description: A certificate of a broker or of one of its clients, signed by the site's own authority
options:
  folder:
    description: Folder of secrets, with ca.key, ca.crt, and NAME/KIND.key, NAME/KIND.crt.
    type: path
    required: true
  authority:
    description: Name of an authority that is made.
    type: str
    default: Shuttle guide brokers
  name:
    description: Common name, such as the id of a shuttle.
    type: str
    required: true
  kind:
    description: What it is for.
    type: str
    choices: [broker, client]
    default: broker
  names:
    description: Names and addresses at which a broker is reached.
    type: list
    elements: str
    required: true
  new_key:
    description: Whether a certificate that is made anew gets a new key too.
    type: bool
    default: false
  days:
    description: How long a new certificate holds.
    type: int
    default: 730
  renew_days:
    description: One that ends within so many days is made anew.
    type: int
    default: 90
"""

CURVE = ec.SECP256R1()
"""What every TLS library knows."""
USED_FOR = {
    "broker": [ExtendedKeyUsageOID.SERVER_AUTH],
    "client": [ExtendedKeyUsageOID.CLIENT_AUTH],
}
AUTHORITY_DAYS = 3650
SKEW = datetime.timedelta(days=1)
"""A board's clock may be behind when it first serves."""


class RefusedError(Exception):
    """What was expected, what came, and what to do, in one line."""


def read_authority(folder: Path, kind: str) -> tuple[x509.Certificate, PrivateKey] | None:
    """The site's own; None where it is to be made.

    Raises:
        RefusedError: half of it is there, or its halves do not belong together.
    """
    key_path, certificate_path = folder / "ca.key", folder / "ca.crt"
    if not key_path.exists() and not (certificate_path.exists() and _has_signed(folder, kind)):
        return None
    try:
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    except (OSError, ValueError, TypeError) as error:
        raise RefusedError(
            f"Expected the site's authority in {key_path} and {certificate_path}, PEM, the key without a "
            f"passphrase: {error}. Bring back the copy; a new authority would be unknown to everybody."
        ) from None
    if certificate.public_key() != key.public_key():
        raise RefusedError(
            f"{certificate_path} is not the certificate of {key_path}. Bring back the copy of both."
        )
    return certificate, key


def _has_signed(folder: Path, kind: str) -> bool:
    """Somebody's certificate is there."""
    return any(folder.glob(f"*/{kind}.crt"))


def make_authority(called: str) -> tuple[x509.Certificate, PrivateKey]:
    key = ec.generate_private_key(CURVE)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    builder = _begin(name, name, key.public_key(), AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256()), key


def make_certificate(
    authority: tuple[x509.Certificate, PrivateKey],
    key: PrivateKey,
    common_name: str,
    kind: str,
    names: Sequence[str],
    days: int,
) -> x509.Certificate:
    issuer, issuer_key = authority
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = _begin(subject, issuer.subject, key.public_key(), days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(USED_FOR[kind]), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(general_names(names)), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
    )
    return builder.sign(issuer_key, hashes.SHA256())


def general_names(names: Sequence[str]) -> list[x509.GeneralName]:
    """Each once, addresses as addresses."""
    return [_general_name(name) for name in dict.fromkeys(names)]


def why_not(
    certificate: x509.Certificate,
    key: PrivateKey,
    authority: x509.Certificate,
    names: Sequence[str],
    renew_days: int,
) -> str:
    """Why the certificate has to be made anew; empty while it serves."""
    if certificate.public_key() != key.public_key():
        return "it is of another key"
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return "another authority signed it"
    if _stated(certificate) != set(general_names(names)):
        return "its names are others"
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return "" if left > datetime.timedelta(days=renew_days) else "it ends soon"


def _stated(certificate: x509.Certificate) -> set[x509.GeneralName]:
    try:
        return set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return set()


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _begin(
    subject: x509.Name, issuer: x509.Name, public_key: PublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=public_key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - SKEW).not_valid_after(now + datetime.timedelta(days=days))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def read_own(folder: Path, kind: str) -> tuple[x509.Certificate, PrivateKey] | None:
    """A certificate and its key; None where one is missing or cannot be read."""
    try:
        key = serialization.load_pem_private_key((folder / f"{kind}.key").read_bytes(), password=None)
        return x509.load_pem_x509_certificate((folder / f"{kind}.crt").read_bytes()), key
    except (OSError, ValueError, TypeError):
        return None


def write(path: Path, certificate: x509.Certificate | None, key: PrivateKey) -> None:
    """Whole or not at all: the key (mode 0600), or the certificate where there is one."""
    if certificate is None:
        plain = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    else:
        pem = certificate.public_bytes(serialization.Encoding.PEM)
    # Made readable to nobody else, and stays so for a key.
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".provision.", delete=False) as unfinished:
        unfinished.write(pem)
        unfinished.flush()
        os.fsync(unfinished.fileno())
    Path(unfinished.name).chmod(0o600 if certificate is None else 0o644)
    Path(unfinished.name).replace(path)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "authority": {"type": "str", "default": "Shuttle guide brokers"},
            "name": {"type": "str", "required": True},
            "kind": {"type": "str", "choices": sorted(USED_FOR), "default": "broker"},
            "new_key": {"type": "bool", "default": False},
            "names": {"type": "list", "elements": "str", "required": True},
            "days": {"type": "int", "default": 730},
            "renew_days": {"type": "int", "default": 90},
        },
        supports_check_mode=True,
    )
    folder, name, kind = Path(module.params["folder"]), module.params["name"], module.params["kind"]
    names = module.params["names"]
    try:
        authority = read_authority(folder, kind)
    except RefusedError as refused:
        module.fail_json(msg=str(refused))
    there = read_own(folder / name, kind)
    why = "there was none"
    if authority and there:
        certificate, key = there
        why = why_not(certificate, key, authority[0], names, module.params["renew_days"])
    if why and not module.check_mode:
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        if authority is None:
            authority = make_authority(module.params["authority"])
            # The key last: without it nothing was signed, and the authority is made anew.
            write(folder / "ca.crt", *authority)
            write(folder / "ca.key", None, authority[1])
        kept = there is not None and not module.params["new_key"]
        key = there[1] if there and kept else ec.generate_private_key(CURVE)
        certificate = make_certificate(authority, key, name, kind, names, module.params["days"])
        write(folder / name / f"{kind}.key", None, key)
        write(folder / name / f"{kind}.crt", certificate, key)
    module.exit_json(changed=bool(why), why=why)


if __name__ == "__main__":
    main()
