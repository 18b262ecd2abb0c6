"""Paillier: decryption gives the computed results, and ciphertexts do not reveal how they were computed."""

from __future__ import annotations

import gmpy2
import numpy as np
import pytest
from gmpy2 import mpz
from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.components.paillier import (
    FRACTION_BITS,
    CipherVector,
    FixedBase,
    PrivateKey,
    PublicKey,
    decrypt,
    generate,
    weighted_products,
)

MODULUS = mpz(2**521 - 1)


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return generate(1024)


def test_a_key_has_the_requested_length_and_valid_primes(key: PrivateKey) -> None:
    assert key.public.bits == 1024
    assert key.public.width == 256
    p, q = key._p, key._q
    assert p * q == key.public.modulus
    assert gmpy2.is_prime(p)
    assert gmpy2.is_prime(q)
    assert p % 4 == q % 4 == 3
    assert gmpy2.gcd(p - 1, q - 1) == 2
    assert generate(1024).public.modulus != key.public.modulus


def test_a_longer_key() -> None:
    key = generate(2048)
    assert key.public.bits == 2048
    assert decrypt(key, CipherVector.encrypt(key.public, np.array([-2.5]))).tolist() == [-2.5]


@pytest.mark.parametrize("bits", [0, 512, 1023])
def test_short_keys_are_not_made(bits: int) -> None:
    with pytest.raises(ValueError, match=f"1024 bits, not {bits}"):
        generate(bits)


def test_a_public_key_survives_the_journey(key: PrivateKey) -> None:
    there = PublicKey.from_message(key.public.message())
    assert (there.modulus, there.base) == (key.public.modulus, key.public.base)
    assert decrypt(key, CipherVector.encrypt(there, np.array([3.25]))).tolist() == [3.25]


def test_public_keys_that_make_no_sense_are_refused(key: PrivateKey) -> None:
    modulus, base = int(key.public.modulus), int(key.public.base)
    for wrong in ((modulus >> 1, base), (modulus - 1, base), (modulus, 1), (modulus, modulus**2), (modulus, modulus)):
        with pytest.raises(ValueError, match="Paillier"):
            PublicKey(*wrong)


def test_decryption_agrees_with_the_textbook(key: PrivateKey) -> None:
    n, square = key.public.modulus, key.public.square
    order = gmpy2.lcm(key._p - 1, key._q - 1)
    (ciphertext,) = CipherVector.encrypt(key.public, np.array([12345.0]), fraction_bits=0).ciphertexts
    plain = (gmpy2.powmod(ciphertext, order, square) - 1) // n * gmpy2.invert(order, n) % n
    assert plain == 12345 == key.decrypt(ciphertext)


def test_numbers_are_decrypted_to_the_last_fractional_bit(key: PrivateKey) -> None:
    values = np.array([0.0, 1.0, -1.0, 0.1, -1e-9, 123456.789, -9.87e8, 2.0**-53])
    back = decrypt(key, CipherVector.encrypt(key.public, values))
    np.testing.assert_allclose(back, values, rtol=0, atol=2.0**-54)
    assert back[[0, 1, 2, 5, 6, 7]].tolist() == values[[0, 1, 2, 5, 6, 7]].tolist()


def test_encryption_is_randomized(key: PrivateKey) -> None:
    vector = CipherVector.encrypt(key.public, np.full(50, 7.0))
    assert len(set(vector.ciphertexts)) == 50
    again = vector.refreshed()
    assert not set(again.ciphertexts) & set(vector.ciphertexts)
    assert decrypt(key, again).tolist() == [7.0] * 50


def test_sums_with_ciphertexts_and_with_numbers(key: PrivateKey) -> None:
    a, b = np.array([1.5, -2.25, 1e6]), np.array([-0.5, 2.25, -1e6])
    sums = (
        CipherVector.encrypt(key.public, a).plus(CipherVector.encrypt(key.public, b)).plus_plain(np.array([1, 2, 3.5]))
    )
    assert decrypt(key, sums).tolist() == [2.0, 2.0, 3.5]
    with pytest.raises(ValueError, match="fractional bits"):
        sums.plus(CipherVector.encrypt(key.public, a, fraction_bits=10))
    with pytest.raises(ValueError, match="zip"):
        sums.plus(CipherVector.encrypt(key.public, a[:2]))


def test_weighted_sums_are_the_matrix_product_of_the_rounded_weights(key: PrivateKey) -> None:
    random = np.random.default_rng(5)
    values, weights = random.normal(size=40), random.normal(scale=30, size=(40, 4))
    weights[:, 1] = 1.0
    weights[:, 2] = 0.0
    sums = CipherVector.encrypt(key.public, values).weighted_sums(weights, 23)
    assert sums.fraction_bits == FRACTION_BITS + 23
    rounded = np.rint(weights * 2**23) / 2**23
    np.testing.assert_allclose(decrypt(key, sums), rounded.T @ values, rtol=1e-13, atol=1e-13)


def test_weights_that_do_not_fit_are_refused(key: PrivateKey) -> None:
    vector = CipherVector.encrypt(key.public, np.ones(2))
    for weights in (np.ones((3, 1)), np.array([[np.nan], [1.0]]), np.array([[2.0**40], [1.0]])):
        with pytest.raises(ValueError, match="weights must be"):
            vector.weighted_sums(weights, 23)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_values_that_do_not_fit_are_refused(key: PrivateKey, value: float) -> None:
    with pytest.raises(ValueError, match="too large"):
        CipherVector.encrypt(key.public, np.array([value]))


def test_a_vector_travels_in_one_block_of_fixed_width(key: PrivateKey) -> None:
    message = CipherVector.encrypt(key.public, np.array([1.0, -1.0, 0.5])).message()
    block = message["ciphertexts"]
    assert isinstance(block, bytes)
    assert len(block) == 3 * key.public.width
    assert decrypt(key, CipherVector.from_message(key.public, message)).tolist() == [1.0, -1.0, 0.5]
    for wrong in (
        message | {"ciphertexts": block[:-1]},
        message | {"ciphertexts": bytes(key.public.width)},
        message | {"ciphertexts": b"\xff" * key.public.width},
        message | {"places": -1},
        message | {"places": 10**9},
    ):
        with pytest.raises(ValueError, match="does not hold ciphertexts"):
            CipherVector.from_message(key.public, wrong)


@given(st.integers(2, int(MODULUS) - 1), st.binary(min_size=6, max_size=6))
def test_powers_of_a_fixed_base(base: int, exponent: bytes) -> None:
    table = FixedBase(mpz(base), MODULUS, 6)
    assert table.power(exponent) == pow(base, int.from_bytes(exponent, "little"), int(MODULUS))


@given(st.data(), st.integers(1, 12), st.integers(1, 3))
def test_products_of_many_powers(data: st.DataObject, rows: int, columns: int) -> None:
    bases = data.draw(st.lists(st.integers(1, int(MODULUS) - 1), min_size=rows, max_size=rows))
    weight = st.one_of(st.integers(-3, 3), st.integers(-(2**61), 2**61))
    table = data.draw(
        st.lists(st.lists(weight, min_size=columns, max_size=columns), min_size=rows, max_size=rows),
    )
    found = weighted_products([mpz(base) for base in bases], np.array(table, dtype=np.int64), MODULUS)
    for column, product in enumerate(found):
        wanted = 1
        for base, weights in zip(bases, table, strict=True):
            wanted = wanted * pow(base, weights[column], int(MODULUS)) % int(MODULUS)
        assert product == wanted
