"""A site's key pair (Ed25519) and the text forms of public keys."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import os
import secrets
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from fateflow_tui.core.errors import BadRequest, DamagedFile

_PREFIX = "ed25519:"


class SiteKey:
    """The private key of a site. public: its public half as text, ``ed25519:<base64>``."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = _PREFIX + base64.b64encode(raw).decode()

    @classmethod
    def generate(cls) -> Self:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load_or_create(cls, path: Path) -> Self:
        """The key at `path`, made there (mode 0600) if there is none.

        Processes that start at the same time all get the key of the first one. Raises DamagedFile if the file is not
        an Ed25519 key, or is readable by other users.
        """
        if not path.exists():
            _write_new(path, cls.generate())
        return cls.load(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises DamagedFile, FileNotFoundError."""
        if path.stat().st_mode & 0o077:
            raise DamagedFile(f"the private key {path} is readable by other users", hint=f"chmod 600 {path}")
        try:
            private = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError) as error:
            raise DamagedFile(f"{path} is not a private key: {error}", hint="restore it from a backup") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise DamagedFile(f"{path} is not an Ed25519 key", hint="restore it from a backup")
        return cls(private)

    def sign(self, text: bytes) -> bytes:
        return self._private.sign(text)

    def to_pem(self) -> bytes:
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write_new(path: Path, key: SiteKey) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.to_pem())
            file.flush()
            os.fsync(file.fileno())
        # Linking fails if the file exists: a second process must not replace a key already in use.
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()


def fingerprint(public: str) -> str:
    """The fingerprint that people compare: ``SHA256:`` and 43 characters. Raises BadRequest for an invalid key."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(_raw(public)).digest()).decode().rstrip("=")


def holds(public: str, signature: bytes, text: bytes) -> bool:
    """Whether the signature of this text was made with the private key of this public key."""
    try:
        _verifier(public).verify(signature, text)
    except InvalidSignature:
        return False
    return True


def checked_public(public: str) -> str:
    """Return `public` if it is a public key. Raises BadRequest."""
    _raw(public)
    return public


@functools.lru_cache(maxsize=256)
def _verifier(public: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(_raw(public))


def _raw(public: str) -> bytes:
    try:
        raw = base64.b64decode(public.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not public.startswith(_PREFIX) or len(raw) != 32:
        raise BadRequest(f"invalid public key {public!r}", hint="write it as ed25519:<44 characters of base64>")
    return raw
