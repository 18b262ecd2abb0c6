"""The encoding of values between parties. Nothing is pickled; a peer's bytes can only become plain data.

A payload is a 4-byte big-endian length, a MessagePack skeleton of that length, then the blobs: arrays, long byte
strings and lists of big integers, each beginning at a multiple of 64 bytes. In the skeleton a blob is an extension
value with its type and position. Arrays are read in place: they share the payload's memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    import numpy as np

Buffer = bytes | bytearray | memoryview

CODEC: Final = "values-1"
DTYPES: Final = frozenset(
    {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"}
)
_ALIGNMENT: Final = 64
_LONG_BYTES: Final = 4096  # shorter byte strings are in the skeleton
_ARRAY, _BYTES, _INTEGER, _INTEGERS = 1, 2, 3, 4
_PLAIN: Final = frozenset({float, str, bool, type(None)})
_BIG_BIT: Final = 63  # integers that need more bits are written as bytes


class Payload:
    """An encoded value: `buffers` in order, `size` bytes in all. Arrays are not copied, so they must not change before
    the buffers have been sent.
    """

    def __init__(self, buffers: list[Buffer]) -> None:
        self.buffers = buffers
        self.size = sum(len(buffer) for buffer in buffers)

    def joined(self) -> bytearray:
        """Copy it into one buffer."""
        return bytearray().join(self.buffers)


def encode(value: Any) -> Payload:
    """Encode a value. Raises ComponentFailed, with the position inside the value, for an unsupported type."""
    blobs = _Blobs()
    tree = _pack(value, blobs, "the value")
    skeleton = msgspec.msgpack.encode(tree)
    head = len(skeleton).to_bytes(4, "big") + skeleton
    return Payload([head + _padding(len(head)), *blobs.buffers])


def decode(payload: Buffer) -> Any:
    """Decode a payload, which must not change afterwards. Raises ComponentFailed if `encode` did not produce it."""
    view = memoryview(payload).cast("B")
    try:
        end = 4 + int.from_bytes(view[:4], "big")
        blobs = view[end + (-end % _ALIGNMENT) :]
        reader = msgspec.msgpack.Decoder(ext_hook=lambda code, data: _unpack(code, data, blobs))
        return reader.decode(view[4:end])
    except (msgspec.DecodeError, ValueError, TypeError, IndexError, RecursionError) as error:
        raise ComponentFailed(f"a value from another party cannot be read: {error}") from error


class _Blobs:
    """Collect blobs and assign their positions."""

    def __init__(self) -> None:
        self.buffers: list[Buffer] = []
        self._offset = 0

    def add(self, data: Buffer) -> tuple[int, int]:
        view = memoryview(data).cast("B") if len(memoryview(data)) else memoryview(b"")
        padding = _padding(len(view))
        place = (self._offset, len(view))
        self.buffers.append(view)
        if padding:
            self.buffers.append(padding)
        self._offset += len(view) + len(padding)
        return place


def _padding(size: int) -> bytes:
    return b"\0" * (-size % _ALIGNMENT)


def _extension(code: int, *facts: Any) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(code, msgspec.msgpack.encode(facts))


def _pack(value: Any, blobs: _Blobs, where: str) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is int:
        return value if value.bit_length() <= _BIG_BIT else _integer(value)
    if kind is list or kind is tuple:
        return _pack_list(value, blobs, where)
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise ComponentFailed(f"{where} has the key {key!r}; keys of what is sent must be texts")
        return {key: _pack(item, blobs, f"{where}[{key!r}]") for key, item in value.items()}
    if kind in (bytes, bytearray, memoryview):
        return bytes(value) if len(value) < _LONG_BYTES else _extension(_BYTES, *blobs.add(value))
    return _pack_foreign(value, blobs, where)


def _pack_list(value: Sequence[Any], blobs: _Blobs, where: str) -> Any:
    kinds = set(map(type, value))
    if kinds <= _PLAIN:
        return value
    if len(kinds) == 1 and issubclass(next(iter(kinds)), Integral):
        numbers = list(map(int, value))
        bits = max(map(int.bit_length, numbers))
        return numbers if bits <= _BIG_BIT else _integers(numbers, bits, blobs)
    return [_pack(item, blobs, f"{where}[{number}]") for number, item in enumerate(value)]


def _pack_foreign(value: Any, blobs: _Blobs, where: str) -> Any:
    """NumPy's arrays and scalars, and integers of other libraries."""
    import numpy as np

    if isinstance(value, np.ndarray):
        return _pack_array(value, blobs, where)
    if isinstance(value, np.generic):
        return _pack(value.item(), blobs, where)
    if isinstance(value, Integral):
        return _pack(int(value), blobs, where)
    raise ComponentFailed(
        f"{where} is a {type(value).__module__}.{type(value).__qualname__}, which cannot be sent to another party",
        hint="send numbers, texts, bytes, NumPy arrays of numbers, and lists and dicts of these",
    )


def _pack_array(array: np.ndarray[Any, Any], blobs: _Blobs, where: str) -> msgspec.msgpack.Ext:
    import numpy as np

    if array.dtype.name not in DTYPES:
        raise ComponentFailed(
            f"{where} is an array of {array.dtype}, which cannot be sent to another party",
            hint="send an array of numbers or booleans; big integers go as a list",
        )
    flat = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    place = blobs.add(flat.reshape(-1).view(np.uint8).data)
    return _extension(_ARRAY, array.dtype.name, list(array.shape), *place)


def _integer(value: int) -> msgspec.msgpack.Ext:
    return msgspec.msgpack.Ext(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def _integers(numbers: list[int], bits: int, blobs: _Blobs) -> msgspec.msgpack.Ext:
    width = bits // 8 + 1
    data = b"".join([number.to_bytes(width, "big", signed=True) for number in numbers])
    return _extension(_INTEGERS, width, len(numbers), *blobs.add(data))


def _unpack(code: int, data: memoryview, blobs: memoryview) -> Any:
    if code == _INTEGER:
        return int.from_bytes(data, "big", signed=True)
    if code == _ARRAY:
        return _unpack_array(*msgspec.msgpack.decode(data, type=tuple[str, list[int], int, int]), blobs)
    if code == _BYTES:
        return bytes(_blob(*msgspec.msgpack.decode(data, type=tuple[int, int]), blobs))
    if code == _INTEGERS:
        width, count, offset, size = msgspec.msgpack.decode(data, type=tuple[int, int, int, int])
        if width < 1 or count < 0 or width * count != size:
            raise ValueError(f"{count} integers of {width} bytes do not fill {size} bytes")
        blob = _blob(offset, size, blobs)
        return [int.from_bytes(blob[at : at + width], "big", signed=True) for at in range(0, size, width)]
    raise ValueError(f"unknown kind of value: {code}")


def _unpack_array(dtype: str, shape: list[int], offset: int, size: int, blobs: memoryview) -> Any:
    import numpy as np

    if dtype not in DTYPES:
        raise ValueError(f"arrays of {dtype!r} are not accepted")
    kind = np.dtype(dtype).newbyteorder("<")
    if any(length < 0 for length in shape) or math.prod(shape) * kind.itemsize != size:
        raise ValueError(f"an array of {dtype} with shape {shape} does not fill {size} bytes")
    return np.frombuffer(_blob(offset, size, blobs), dtype=kind).reshape(shape)


def _blob(offset: int, size: int, blobs: memoryview) -> memoryview:
    if offset < 0 or size < 0 or offset + size > len(blobs):
        raise ValueError(f"{size} bytes at {offset} lie outside a payload with {len(blobs)}")
    return blobs[offset : offset + size]
