"""Key pairs, with the generator of Damgård, Jurik and Nielsen for cheap fresh ciphertexts.

A public key is a modulus n = p q and h^n mod n² for a generator h of the numbers mod n with Jacobi symbol 1. A
ciphertext of m is (1 + m n) (h^n)^r mod n² with a random r of half the modulus' length: short exponents of that
length cannot be told from full ones without factoring n (Goldreich and Rosen), and a fixed base makes them cheap.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import gmpy2
from cryptography.hazmat.primitives.asymmetric import rsa
from gmpy2 import mpz

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
