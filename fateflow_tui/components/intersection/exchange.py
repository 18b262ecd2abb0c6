"""Values exchanged between the parties: hashed ids, and validation of received values."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party


def encoded(ids: Iterable[str], method: str, salt: str, as_base64: bool) -> list[str]:
    """Return the hash of id + salt for each id, as hexadecimal or base64 text. method `none`: the ids themselves."""
    if method == "none":
        return list(ids)
    digests = (_digest(method, f"{one}{salt}".encode()) for one in ids)
    return [base64.b64encode(digest).decode() if as_base64 else digest.hex() for digest in digests]


def full_domain(value: str, method: str, salt: str, modulus: int) -> int:
    """Full-domain hash: a pseudorandom number below `modulus`, so that products of hashes are not hashes themselves."""
    wanted = (modulus.bit_length() + 7) // 8 + 16
    text = f"{value}{salt}".encode()
    stretched = b""
    counter = 0
    while len(stretched) < wanted:
        stretched += _digest(method, counter.to_bytes(4, "big") + text)
        counter += 1
    return int.from_bytes(stretched[:wanted], "big") % modulus


def of_number(number: int, method: str, salt: str) -> bytes:
    """Hash a signature for comparison."""
    size = (number.bit_length() + 7) // 8
    return _digest(method, number.to_bytes(size, "big") + salt.encode())


def _digest(method: str, data: bytes) -> bytes:
    if method != "sm3":
        return hashlib.new(method, data, usedforsecurity=False).digest()
    # not available in every OpenSSL that Python is built with
    from cryptography.hazmat.primitives import hashes

    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(data)
    return sm3.finalize()


def texts(value: Any, name: str, source: Party) -> list[str]:
    """Validate a list of ids."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ComponentFailed(f"{name} from {source} is not a list of strings")
    return value


def numbers(value: Any, name: str, source: Party, modulus: int, count: int) -> list[int]:
    """Validate a list of `count` integers from 1 up to, but not including, the modulus."""
    good = isinstance(value, list) and len(value) == count
    if not good or not all(isinstance(one, int) and 0 < one < modulus for one in value):
        raise ComponentFailed(f"{name} from {source} is not a list of {count} numbers below the modulus")
    return list(value)


def pieces(value: Any, name: str, source: Party, size: int, count: int | None = None) -> list[bytes]:
    """Split a received block into byte strings of equal size. count: the number expected, if known."""
    try:
        data = bytes(value)
    except TypeError as error:
        raise ComponentFailed(f"{name} from {source} is not bytes") from error
    if len(data) % size or (count is not None and len(data) != size * count):
        raise ComponentFailed(f"{name} from {source} has {len(data)} bytes, not the expected multiple of {size}")
    return [data[start : start + size] for start in range(0, len(data), size)]


def positions(value: Any, name: str, source: Party, count: int) -> list[int]:
    """Validate positions in a list of `count` values that was sent before."""
    if not isinstance(value, list) or not all(isinstance(one, int) and 0 <= one < count for one in value):
        raise ComponentFailed(f"{name} from {source} is not a list of positions below {count}")
    return value
