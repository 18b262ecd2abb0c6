"""Encoding and decoding of values, and malformed bytes."""

from __future__ import annotations

import math
from typing import Any

import gmpy2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.worker.codec import DTYPES, decode, encode

integers = st.integers() | st.integers(-(2**2050), 2**2050)
scalars = st.none() | st.booleans() | integers | st.floats(allow_nan=False) | st.text() | st.binary(max_size=6000)
values = st.recursive(
    scalars | st.lists(integers), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(values)
def test_plain_values_come_back(value: Any) -> None:
    assert decode(encode(value).joined()) == value


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4), (0, 5)])
def test_arrays_come_back(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.asarray(np.random.default_rng(1).integers(0, 2, shape)).astype(dtype)
    for sent in (array, np.asfortranarray(array), array.astype(array.dtype.newbyteorder(">"))):
        got = decode(encode({"deep": [sent]}).joined())["deep"][0]
        assert got.dtype == array.dtype
        assert got.shape == sent.shape
        assert np.array_equal(got, sent)


def test_arrays_share_the_payloads_memory_and_are_aligned() -> None:
    payload = encode([b"x" * 5000, np.arange(1000.0)]).joined()
    array = decode(payload)[1]
    assert np.shares_memory(array, np.frombuffer(payload, dtype=np.uint8))
    assert array.flags.writeable
    assert array.flags.aligned


def test_sending_an_array_copies_nothing() -> None:
    array = np.arange(10_000.0)
    assert any(np.shares_memory(array, np.frombuffer(part, np.uint8)) for part in encode(array).buffers if len(part))


def test_big_integers_of_other_libraries_become_integers() -> None:
    numbers = [gmpy2.mpz(2) ** 2000, gmpy2.mpz(-5)]
    got = decode(encode({"list": numbers, "one": numbers[0], "np": [np.int32(3), np.float64(0.5), np.True_]}).joined())
    assert got == {"list": [2**2000, -5], "one": 2**2000, "np": [3, 0.5, True]}
    assert type(got["list"][0]) is int


def test_floats_that_json_has_no_word_for() -> None:
    got = decode(encode([math.inf, -math.inf, math.nan, -0.0]).joined())
    assert got[:2] == [math.inf, -math.inf]
    assert math.isnan(got[2])
    assert math.copysign(1, got[3]) == -1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": {1, 2}}, r"the value\['a'\] is a builtins.set"),
        ([0, object()], r"the value\[1\] is a builtins.object"),
        ({1: "x"}, "has the key 1; keys of what is sent must be texts"),
        (np.array(["a"], dtype=object), "array of object"),
        (np.array([1 + 2j]), "array of complex128"),
        (1 + 2j, "is a builtins.complex"),
    ],
)
def test_what_may_not_cross_is_named_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(ComponentFailed, match=message):
        encode(value)


def forged(code: int, *facts: Any, blob: bytes = b"") -> bytes:
    skeleton = msgspec.msgpack.encode(msgspec.msgpack.Ext(code, msgspec.msgpack.encode(facts)))
    head = len(skeleton).to_bytes(4, "big") + skeleton
    return head + b"\0" * (-len(head) % 64) + blob


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0\0\0\5abc",
        b"\xff\xff\xff\xff",
        forged(1, "float64", [2], 0, 16, blob=b"\0" * 8),
        forged(1, "float64", [3], 0, 16, blob=b"\0" * 16),
        forged(1, "float64", [-1, -2], 0, 16, blob=b"\0" * 16),
        forged(1, "object", [2], 0, 16, blob=b"\0" * 16),
        forged(1, "O", [2], 0, 16, blob=b"\0" * 16),
        forged(1, "float64", [2], -8, 16, blob=b"\0" * 16),
        forged(1, "float64", [2**62, 2**62], 0, 16, blob=b"\0" * 16),
        forged(2, 0, 2**40, blob=b"x"),
        forged(2, "a", "b"),
        forged(4, 0, 5, 0, 0),
        forged(4, 8, 2**60, 0, 16, blob=b"\0" * 16),
        forged(9, 1),
        b"\0\x01\0\0" + b"\x91" * 65536,
    ],
)
def test_forged_payloads_are_refused(payload: bytes) -> None:
    with pytest.raises(ComponentFailed):
        decode(payload)


@given(st.binary(max_size=300), values, st.data())
def test_damaged_payloads_give_plain_values_or_a_refusal(noise: bytes, value: Any, data: st.DataObject) -> None:
    payload = encode(value).joined()
    at = data.draw(st.integers(0, len(payload)))
    try:
        got = decode(payload[:at] + noise + payload[at:])
    except ComponentFailed:
        return
    assert isinstance(got, bool | int | float | str | bytes | list | dict | np.ndarray | None)
