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
    """The public key: enough to encrypt and to compute on ciphertexts.

    modulus: n. square: n². base: h^n mod n². Raises ValueError for a key that is too short or invalid.
    """

    def __init__(self, modulus: int, base: int) -> None:
        self.modulus = mpz(modulus)
        self.square = self.modulus**2
        self.base = mpz(base)
        if self.bits < MINIMUM_BITS or self.modulus % 2 == 0:
            raise ValueError(f"a Paillier modulus must be odd and have at least {MINIMUM_BITS} bits, not {self.bits}")
        if not 1 < self.base < self.square or gmpy2.gcd(self.base, self.modulus) != 1:
            raise ValueError("the generator of a Paillier key is outside its group")
        self._obfuscators: FixedBase | None = None

    @property
    def bits(self) -> int:
        return int(self.modulus.bit_length())

    @property
    def width(self) -> int:
        """Size of one ciphertext in bytes."""
        return (int(self.square.bit_length()) + 7) // 8

    def obfuscators(self, count: int) -> list[mpz]:
        """Return fresh random encryptions of zero."""
        if self._obfuscators is None:
            self._obfuscators = FixedBase(self.base, self.square, (self.bits // 2 + 7) // 8)
        powers = self._obfuscators
        return [powers.power(secrets.token_bytes(powers.length)) for _ in range(count)]

    def message(self) -> dict[str, bytes]:
        """Return the key in the form that is sent to other parties."""
        return {"modulus": _to_bytes(self.modulus), "base": _to_bytes(self.base)}

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> PublicKey:
        return cls(int.from_bytes(message["modulus"], "big"), int.from_bytes(message["base"], "big"))


class PrivateKey:
    """The two primes. Never leaves the process that generated it."""

    def __init__(self, p: int, q: int) -> None:
        self._p, self._q = mpz(p), mpz(q)
        modulus = self._p * self._q
        self._halves = (_Half(self._p, modulus), _Half(self._q, modulus))
        self._p_inverse = gmpy2.invert(self._p, self._q)
        generator = -(mpz(secrets.randbelow(int(modulus) - 2) + 2) ** 2) % modulus
        self.public = PublicKey(int(modulus), int(gmpy2.powmod(generator, modulus, modulus**2)))

    def decrypt(self, ciphertext: mpz) -> int:
        """Return the plaintext as a signed integer of at most half the modulus."""
        mod_p, mod_q = (half.decrypt(ciphertext) for half in self._halves)
        plain = mod_p + self._p * ((mod_q - mod_p) * self._p_inverse % self._q)
        return int(plain if 2 * plain < self.public.modulus else plain - self.public.modulus)


class _Half:
    """Decryption modulo one of the primes; the Chinese remainder theorem combines both."""

    def __init__(self, prime: mpz, modulus: mpz) -> None:
        self.prime, self.square = prime, prime**2
        self.factor = gmpy2.invert(self._logarithm(1 + modulus), prime)

    def _logarithm(self, value: mpz) -> mpz:
        return (gmpy2.powmod(value, self.prime - 1, self.square) - 1) // self.prime

    def decrypt(self, ciphertext: mpz) -> mpz:
        return self._logarithm(ciphertext) * self.factor % self.prime


def generate(bits: int) -> PrivateKey:
    """Generate a key pair with a modulus of exactly `bits` bits. Raises ValueError below `MINIMUM_BITS`."""
    if bits < MINIMUM_BITS:
        raise ValueError(f"a Paillier key needs at least {MINIMUM_BITS} bits, not {bits}")
    while True:
        primes = rsa.generate_private_key(public_exponent=65537, key_size=bits).private_numbers()
        p, q = primes.p, primes.q
        # Only for such primes does -x² generate all numbers with Jacobi symbol 1; about one pair in six qualifies.
        if p % 4 == 3 and q % 4 == 3 and gmpy2.gcd(p - 1, q - 1) == 2:
            return PrivateKey(p, q)


def _to_bytes(number: mpz) -> bytes:
    return int(number).to_bytes((int(number.bit_length()) + 7) // 8, "big")


class FixedBase:
    """Powers of a fixed base from a table: one product per byte of the exponent, no squarings.

    length: size of an exponent in bytes.
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
        """Return base^exponent. exponent: little-endian, exactly `length` bytes."""
        modulus = self.modulus
        result = ONE
        for row, digit in zip(self._rows, exponent, strict=True):
            result = result * row[digit] % modulus
        return result


ONE = mpz(1)


def weighted_products(bases: Sequence[mpz], weights: NDArray[np.int64], modulus: mpz) -> list[mpz]:
    """Return, for each column of `weights` (one row per base), the product of all bases to the power of their weights.

    Weights may be negative; absolute values must be below 2^62. A column costs about one product per row and window of
    its widest weight; all rows share the squarings.
    """
    lowest = weights.min(axis=0)
    shifted = weights - lowest
    product = ONE
    for base in bases:
        product = product * base % modulus
    results = []
    for column, lowest_weight in zip(shifted.T, lowest.tolist(), strict=True):
        # Subtracting the lowest weight makes all weights non-negative; a power of the product of all bases adds it
        # back.
        result = _buckets(bases, column, modulus)
        results.append(result * gmpy2.powmod(product, lowest_weight, modulus) % modulus)
    return results


def _buckets(bases: Sequence[mpz], weights: NDArray[np.int64], modulus: mpz) -> mpz:
    """Pippenger's algorithm: in each window, bases with equal digits are multiplied first and raised together."""
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
    """Return the window width that needs the fewest products."""
    return min(range(1, 17), key=lambda width: -(-bits // width) * (count + (2 << width)))


FRACTION_BITS = 53
"""Default fractional bits of encrypted floats."""
WEIGHT_LIMIT = 2.0**61
HEADROOM_BITS = 128
"""Bits of a plaintext reserved for scaling and sums."""

Floats = NDArray[np.float64]


class CipherVector:
    """Ciphertexts under one key. fraction_bits: a plaintext m stands for m / 2^fraction_bits.

    Operations return new vectors and raise ValueError if lengths or fractional bits differ. Only the results of
    `encrypt` and `refreshed` reveal nothing about how they were computed: send nothing else.
    """

    def __init__(self, key: PublicKey, ciphertexts: list[mpz], fraction_bits: int) -> None:
        self.key = key
        self.ciphertexts = ciphertexts
        self.fraction_bits = fraction_bits

    def __len__(self) -> int:
        return len(self.ciphertexts)

    @classmethod
    def encrypt(cls, key: PublicKey, values: Floats, fraction_bits: int = FRACTION_BITS) -> CipherVector:
        """Raises ValueError for values that are not finite or too large for the key."""
        n, square = key.modulus, key.square
        numbers = _fixed_point(key, values, fraction_bits)
        fresh = key.obfuscators(len(numbers))
        return cls(key, [(1 + m * n) * r % square for m, r in zip(numbers, fresh, strict=True)], fraction_bits)

    def plus(self, other: CipherVector) -> CipherVector:
        if other.fraction_bits != self.fraction_bits:
            raise ValueError(f"cannot add vectors with {self.fraction_bits} and {other.fraction_bits} fractional bits")
        square = self.key.square
        pairs = zip(self.ciphertexts, other.ciphertexts, strict=True)
        return CipherVector(self.key, [a * b % square for a, b in pairs], self.fraction_bits)

    def plus_plain(self, values: Floats) -> CipherVector:
        n, square = self.key.modulus, self.key.square
        numbers = _fixed_point(self.key, values, self.fraction_bits)
        pairs = zip(self.ciphertexts, numbers, strict=True)
        return CipherVector(self.key, [c * (1 + m * n) % square for c, m in pairs], self.fraction_bits)

    def weighted_sums(self, weights: Floats, fraction_bits: int) -> CipherVector:
        """Return weights^T times this vector. Weights (rows, columns) are rounded to `fraction_bits` fractional
        bits.
        """
        scaled = np.rint(weights * 2.0**fraction_bits)
        if len(scaled) != len(self) or not np.all(np.abs(scaled) < WEIGHT_LIMIT):
            raise ValueError("weights must be finite, below 2^(61 - fraction_bits), and have one row per ciphertext")
        sums = weighted_products(self.ciphertexts, scaled.astype(np.int64), self.key.square)
        return CipherVector(self.key, sums, self.fraction_bits + fraction_bits)

    def refreshed(self) -> CipherVector:
        """Return the same plaintexts re-randomized, so that they cannot be linked to these ciphertexts."""
        return self.plus(CipherVector(self.key, self.key.obfuscators(len(self)), self.fraction_bits))

    def message(self) -> dict[str, int | bytes]:
        """Return the form that is sent: all ciphertexts in one block, each of the key's width, big-endian."""
        width = self.key.width
        return {
            "places": self.fraction_bits,
            "ciphertexts": b"".join(int(c).to_bytes(width, "big") for c in self.ciphertexts),
        }

    @classmethod
    def from_message(cls, key: PublicKey, message: Mapping[str, Any]) -> CipherVector:
        """Raises ValueError when the block does not hold ciphertexts of this key."""
        block, width = bytes(message["ciphertexts"]), key.width
        ciphertexts = [mpz(int.from_bytes(block[i : i + width], "big")) for i in range(0, len(block), width)]
        fraction_bits = int(message["places"])
        if len(block) % width or not all(0 < c < key.square for c in ciphertexts) or not 0 <= fraction_bits < key.bits:
            raise ValueError("the block does not hold ciphertexts of this key")
        return cls(key, ciphertexts, fraction_bits)


def decrypt(key: PrivateKey, vector: CipherVector) -> Floats:
    """Return the plaintexts as the nearest floats."""
    unit = 1 << vector.fraction_bits
    return np.array([key.decrypt(c) / unit for c in vector.ciphertexts], dtype=np.float64)


def _fixed_point(key: PublicKey, values: Floats, fraction_bits: int) -> list[int]:
    limit = 2.0 ** min(key.bits - HEADROOM_BITS - fraction_bits, 900)
    if not np.all(np.abs(values) < limit):
        raise ValueError("a value is not finite or too large for the key")
    return [round(value) for value in (np.asarray(values, dtype=np.float64) * 2.0**fraction_bits).tolist()]
