"""Encrypted vectors of real numbers in fixed point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gmpy2
import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

from fateflow_tui.components.paillier.keys import ONE, PrivateKey, PublicKey


def weighted_products(bases: Sequence[mpz], weights: NDArray[np.int64], modulus: mpz) -> list[mpz]:
    """For each column of `weights` (one row per base) the product of all bases, each to the power of its weight.

    Weights may be negative, of less than 2^62. Costs about `rows` products per window of the widest weight and
    column; the squarings are shared by all rows.
    """
    lowest = weights.min(axis=0)
    shifted = weights - lowest
    together = ONE
    for base in bases:
        together = together * base % modulus
    results = []
    for column, low in zip(shifted.T, lowest.tolist(), strict=True):
        # All weights less the lowest are not negative; what was taken off is one power of all bases' product.
        result = _buckets(bases, column, modulus)
        results.append(result * gmpy2.powmod(together, low, modulus) % modulus)
    return results


def _buckets(bases: Sequence[mpz], weights: NDArray[np.int64], modulus: mpz) -> mpz:
    """Pippenger's way: per window the bases with equal digits are multiplied first, then raised together."""
    bits = int(weights.max()).bit_length()
    window = _window(len(bases), bits)
    result = ONE
    for shift in reversed(range(0, bits, window)):
        digits = ((weights >> shift) & ((1 << window) - 1)).tolist()
        buckets = [ONE] * (1 << window)
        for base, digit in zip(bases, digits, strict=True):
            if digit:
                buckets[digit] = buckets[digit] * base % modulus
        raised = running = ONE
        for bucket in reversed(buckets[1:]):
            running = running * bucket % modulus
            raised = raised * running % modulus
        result = gmpy2.powmod(result, 1 << window, modulus) * raised % modulus
    return result


def _window(count: int, bits: int) -> int:
    """The digit width with the fewest products."""
    return min(range(1, 17), key=lambda width: -(-bits // width) * (count + (2 << width)))


FRACTION_BITS = 53
"""Binary places of what is encrypted from floats."""
WEIGHT_LIMIT = 2.0**61
HEADROOM_BITS = 128
"""Kept free in a plaintext, for scale and sums."""

Floats = NDArray[np.float64]


class CipherVector:
    """Ciphertexts under one key. places: binary places of the plaintexts, so each stands for m / 2^places.

    Operations give new vectors and raise ValueError when lengths or places differ. Only `encrypt` and `refreshed`
    give ciphertexts that say nothing about how they came to be; use them before anything is sent.
    """

    def __init__(self, key: PublicKey, ciphertexts: list[mpz], places: int) -> None:
        self.key = key
        self.ciphertexts = ciphertexts
        self.places = places

    def __len__(self) -> int:
        return len(self.ciphertexts)

    @classmethod
    def encrypt(cls, key: PublicKey, values: Floats, places: int = FRACTION_BITS) -> CipherVector:
        """Raises ValueError for values that are not finite or too large for the key."""
        n, square = key.modulus, key.square
        numbers = _fixed_point(key, values, places)
        fresh = key.obfuscators(len(numbers))
        return cls(key, [(1 + m * n) * r % square for m, r in zip(numbers, fresh, strict=True)], places)

    def plus(self, other: CipherVector) -> CipherVector:
        if other.places != self.places:
            raise ValueError(f"cannot add vectors with {self.places} and {other.places} binary places")
        square = self.key.square
        pairs = zip(self.ciphertexts, other.ciphertexts, strict=True)
        return CipherVector(self.key, [a * b % square for a, b in pairs], self.places)

    def plus_plain(self, values: Floats) -> CipherVector:
        n, square = self.key.modulus, self.key.square
        numbers = _fixed_point(self.key, values, self.places)
        pairs = zip(self.ciphertexts, numbers, strict=True)
        return CipherVector(self.key, [c * (1 + m * n) % square for c, m in pairs], self.places)

    def weighted_sums(self, weights: Floats, places: int) -> CipherVector:
        """weights^T times this vector: one sum per column; weights (rows, columns) are rounded to `places` places."""
        scaled = np.rint(weights * 2.0**places)
        if len(scaled) != len(self) or not np.all(np.abs(scaled) < WEIGHT_LIMIT):
            raise ValueError("weights must be finite, below 2^(61 - places), and have one row per ciphertext")
        sums = weighted_products(self.ciphertexts, scaled.astype(np.int64), self.key.square)
        return CipherVector(self.key, sums, self.places + places)

    def refreshed(self) -> CipherVector:
        """The same plaintexts with fresh randomness: nobody can link the two, nor see the steps between."""
        return self.plus(CipherVector(self.key, self.key.obfuscators(len(self)), self.places))

    def message(self) -> dict[str, int | bytes]:
        """For sending: all ciphertexts in one block, each of the key's width, big-endian."""
        width = self.key.width
        return {"places": self.places, "ciphertexts": b"".join(int(c).to_bytes(width, "big") for c in self.ciphertexts)}

    @classmethod
    def from_message(cls, key: PublicKey, message: Mapping[str, Any]) -> CipherVector:
        """Raises ValueError when the block does not hold ciphertexts of this key."""
        block, width = bytes(message["ciphertexts"]), key.width
        ciphertexts = [mpz(int.from_bytes(block[i : i + width], "big")) for i in range(0, len(block), width)]
        places = int(message["places"])
        if len(block) % width or not all(0 < c < key.square for c in ciphertexts) or not 0 <= places < key.bits:
            raise ValueError("the block does not hold ciphertexts of this key")
        return cls(key, ciphertexts, places)


def decrypt(key: PrivateKey, vector: CipherVector) -> Floats:
    """The plaintexts as the nearest floats."""
    unit = 1 << vector.places
    return np.array([key.decrypt(c) / unit for c in vector.ciphertexts], dtype=np.float64)


def _fixed_point(key: PublicKey, values: Floats, places: int) -> list[int]:
    limit = 2.0 ** min(key.bits - HEADROOM_BITS - places, 900)
    if not np.all(np.abs(values) < limit):
        raise ValueError("a value is not finite or too large for the key")
    return [round(value) for value in (np.asarray(values, dtype=np.float64) * 2.0**places).tolist()]
