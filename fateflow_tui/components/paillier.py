"""Paillier's additively homomorphic encryption of vectors of real numbers.

Primes come from OpenSSL, randomness from the operating system, long integers from GMP. Fresh ciphertexts are cheap
thanks to the generator of Damgård, Jurik and Nielsen: a public key is a modulus n = p q and h^n mod n² for a generator
h of the numbers mod n with Jacobi symbol 1. A ciphertext of m is (1 + m n) (h^n)^r mod n² with a random r of half the
modulus' length: exponents of that length cannot be distinguished from full ones without factoring n (Goldreich and
Rosen), and a fixed base makes them cheap. Vectors are encrypted in fixed point.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import gmpy2
import numpy as np
from cryptography.hazmat.primitives.asymmetric import rsa
from gmpy2 import mpz
from numpy.typing import NDArray

MINIMUM_BITS = 1024


class PublicKey:
    """What may be known to everybody: enough to encrypt and to compute on ciphertexts.

    modulus: n. square: n². base: h^n mod n². Raises ValueError for a key that is too short or makes no sense.
    """

    def __init__(self, modulus: int, base: int) -> None:
        self.modulus = mpz(modulus)
        self.square = self.modulus**2
        self.base = mpz(base)
        if self.bits < MINIMUM_BITS or self.modulus % 2 == 0:
            raise ValueError(f"a Paillier modulus has at least {MINIMUM_BITS} bits and is odd; this has {self.bits}")
        if not 1 < self.base < self.square or gmpy2.gcd(self.base, self.modulus) != 1:
            raise ValueError("the generator of a Paillier key is outside its group")
        self._obfuscators: FixedBase | None = None

    @property
    def bits(self) -> int:
        return int(self.modulus.bit_length())

    @property
    def width(self) -> int:
        """Bytes of one ciphertext."""
        return (int(self.square.bit_length()) + 7) // 8

    def obfuscators(self, count: int) -> list[mpz]:
        """Fresh random encryptions of zero."""
        if self._obfuscators is None:
            self._obfuscators = FixedBase(self.base, self.square, (self.bits // 2 + 7) // 8)
        powers = self._obfuscators
        return [powers.power(secrets.token_bytes(powers.length)) for _ in range(count)]

    def message(self) -> dict[str, bytes]:
        """The key as it is sent to other parties."""
        return {"modulus": _octets(self.modulus), "base": _octets(self.base)}

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> PublicKey:
        return cls(int.from_bytes(message["modulus"], "big"), int.from_bytes(message["base"], "big"))


class PrivateKey:
    """The two primes; never leaves the process that made it."""

    def __init__(self, p: int, q: int) -> None:
        self._p, self._q = mpz(p), mpz(q)
        modulus = self._p * self._q
        self._halves = (_Half(self._p, modulus), _Half(self._q, modulus))
        self._p_inverse = gmpy2.invert(self._p, self._q)
        generator = -(mpz(secrets.randbelow(int(modulus) - 2) + 2) ** 2) % modulus
        self.public = PublicKey(int(modulus), int(gmpy2.powmod(generator, modulus, modulus**2)))

    def decrypt(self, ciphertext: mpz) -> int:
        """The plaintext as a signed number of at most half the modulus."""
        mod_p, mod_q = (half.decrypt(ciphertext) for half in self._halves)
        plain = mod_p + self._p * ((mod_q - mod_p) * self._p_inverse % self._q)
        return int(plain if 2 * plain < self.public.modulus else plain - self.public.modulus)


class _Half:
    """Decryption modulo one of the primes."""

    def __init__(self, prime: mpz, modulus: mpz) -> None:
        self.prime, self.square = prime, prime**2
        self.factor = gmpy2.invert(self._logarithm(1 + modulus), prime)

    def _logarithm(self, value: mpz) -> mpz:
        return (gmpy2.powmod(value, self.prime - 1, self.square) - 1) // self.prime

    def decrypt(self, ciphertext: mpz) -> mpz:
        return self._logarithm(ciphertext) * self.factor % self.prime


def generate(bits: int) -> PrivateKey:
    """A new key whose modulus has exactly `bits` bits; raises ValueError below `MINIMUM_BITS`."""
    if bits < MINIMUM_BITS:
        raise ValueError(f"a Paillier key needs at least {MINIMUM_BITS} bits, not {bits}")
    while True:
        primes = rsa.generate_private_key(public_exponent=65537, key_size=bits).private_numbers()
        p, q = primes.p, primes.q
        # -x² generates all of Jacobi symbol 1 only for such primes; about one pair in six is.
        if p % 4 == 3 and q % 4 == 3 and gmpy2.gcd(p - 1, q - 1) == 2:
            return PrivateKey(p, q)


def _octets(number: mpz) -> bytes:
    return int(number).to_bytes((int(number.bit_length()) + 7) // 8, "big")


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


ONE = mpz(1)


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
