"""A signature counts for what was signed, by its signer and for its use. By the real ``ssh-keygen``."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.signature import SignatureError, check_signature, sign
from tests.support.signing import allow, make_key

POOL, BUNDLE = "shuttle-guide-pool", "shuttle-guide-bundle"
MANIFEST = '{"entries": ["две собаки"]}\n'.encode()


def test_what_an_allowed_signer_signed_counts(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    check_signature(
        MANIFEST, sign(MANIFEST, key, POOL), POOL, allow(tmp_path, make_key(tmp_path, "old"), key)
    )


@pytest.mark.parametrize("namespace", [POOL, BUNDLE])
def test_what_is_changed_signed_by_another_or_for_another_use_does_not(
    tmp_path: Path, namespace: str
) -> None:
    key, stranger = make_key(tmp_path), make_key(tmp_path, "stranger")
    signers = allow(tmp_path, key)
    other = BUNDLE if namespace == POOL else POOL
    for content, signature in (
        (MANIFEST + b" ", sign(MANIFEST, key, namespace)),
        (MANIFEST, sign(MANIFEST, stranger, namespace)),
        (MANIFEST, sign(MANIFEST, key, other)),
        (MANIFEST, b"no signature"),
        (MANIFEST, b""),
    ):
        with pytest.raises(SignatureError, match="could not find an allowed signer of it") as caught:
            check_signature(content, signature, namespace, signers)
        assert "\n" not in str(caught.value)


def test_where_nobody_is_allowed_to_sign_nothing_counts(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    with pytest.raises(
        SignatureError, match=r"nobody's signature counts here: there is no .*allowed_signers"
    ):
        check_signature(MANIFEST, sign(MANIFEST, key, POOL), POOL, tmp_path / "allowed_signers")


def test_a_key_that_cannot_be_used_and_a_tool_that_is_not_there_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SignatureError, match=r"could not sign with .*absent"):
        sign(MANIFEST, tmp_path / "absent", POOL)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SignatureError, match="apt-get install openssh-client"):
        sign(MANIFEST, tmp_path / "absent", POOL)
