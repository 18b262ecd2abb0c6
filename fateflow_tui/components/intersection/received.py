"""Values of other parties are checked before they are used."""

from __future__ import annotations

from typing import Any

from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party


def texts(value: Any, name: str, source: Party) -> list[str]:
    """A list of ids."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ComponentFailed(f"{name} from {source} is not a list of texts")
    return value


def numbers(value: Any, name: str, source: Party, modulus: int, count: int) -> list[int]:
    """A list of `count` numbers from 1 to the modulus."""
    good = isinstance(value, list) and len(value) == count
    if not good or not all(isinstance(one, int) and 0 < one < modulus for one in value):
        raise ComponentFailed(f"{name} from {source} is not a list of {count} numbers below the modulus")
    return list(value)


def pieces(value: Any, name: str, source: Party, size: int, count: int | None = None) -> list[bytes]:
    """Byte strings of equal size that were sent as one. count: how many there must be."""
    try:
        data = bytes(value)
    except TypeError as error:
        raise ComponentFailed(f"{name} from {source} is not bytes") from error
    if len(data) % size or (count is not None and len(data) != size * count):
        raise ComponentFailed(f"{name} from {source} is {len(data)} bytes, not a number of pieces of {size} bytes")
    return [data[start : start + size] for start in range(0, len(data), size)]


def positions(value: Any, name: str, source: Party, count: int) -> list[int]:
    """Places in a list of `count` values that was sent before."""
    if not isinstance(value, list) or not all(isinstance(one, int) and 0 <= one < count for one in value):
        raise ComponentFailed(f"{name} from {source} is not a list of positions below {count}")
    return value
