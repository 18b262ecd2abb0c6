"""Many modular powers at once: of one fixed base, and products of powers of many bases."""

from __future__ import annotations

from collections.abc import Sequence

import gmpy2
import numpy as np
from gmpy2 import mpz
from numpy.typing import NDArray

ONE = mpz(1)


class FixedBase:
    """Powers of one base by table: one product per byte of the exponent, no squarings.

    length: bytes of an exponent.
    """

    def __init__(self, base: mpz, modulus: mpz, length: int) -> None:
        self.modulus = modulus
        self.length = length
        self._rows: list[list[mpz]] = []
        for _ in range(length):
            row = [ONE]
            for _ in range(256):
                row.append(row[-1] * base % modulus)
            base = row.pop()
            self._rows.append(row)

    def power(self, exponent: bytes) -> mpz:
        """exponent: little-endian, exactly `length` bytes."""
        modulus = self.modulus
        result = ONE
        for row, digit in zip(self._rows, exponent, strict=True):
            result = result * row[digit] % modulus
        return result


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
