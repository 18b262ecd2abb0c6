"""Hashes of ids."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable


def encoded(ids: Iterable[str], method: str, salt: str, as_base64: bool) -> list[str]:
    """Each id with the salt behind it, hashed and written as hexadecimal or base64 text; `none`: as it is."""
    if method == "none":
        return list(ids)
    digests = (_digest(method, f"{one}{salt}".encode()) for one in ids)
    return [base64.b64encode(digest).decode() if as_base64 else digest.hex() for digest in digests]


def full_domain(value: str, method: str, salt: str, modulus: int) -> int:
    """A number below `modulus` that looks random: the hash is stretched, so that products of hashes are no hashes."""
    wanted = (modulus.bit_length() + 7) // 8 + 16
    text = f"{value}{salt}".encode()
    stretched = b""
    counter = 0
    while len(stretched) < wanted:
        stretched += _digest(method, counter.to_bytes(4, "big") + text)
        counter += 1
    return int.from_bytes(stretched[:wanted], "big") % modulus


def of_number(number: int, method: str, salt: str) -> bytes:
    """What stands for a signature when it is compared."""
    size = (number.bit_length() + 7) // 8
    return _digest(method, number.to_bytes(size, "big") + salt.encode())


def _digest(method: str, data: bytes) -> bytes:
    if method != "sm3":
        return hashlib.new(method, data, usedforsecurity=False).digest()
    # Python's own OpenSSL need not have it.
    from cryptography.hazmat.primitives import hashes

    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(data)
    return sm3.finalize()
