"""What was used last stays in memory, within limits."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class BoundedCache(Generic[Value]):
    """The entries used last, at most `entries` of them and at most `size` in all (as `measure` says, bytes).

    Safe among threads. One entry is kept even if it alone is larger than `size`.
    """

    def __init__(self, entries: int, size: int, measure: Callable[[Value], int]) -> None:
        self._limits = entries, size
        self._measure = measure
        self._values: OrderedDict[str, tuple[Value, int]] = OrderedDict()
        self._size = 0
        self._mutex = threading.Lock()

    def get(self, key: str) -> Value | None:
        with self._mutex:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: str, value: Value) -> None:
        size = self._measure(value)
        with self._mutex:
            self._forget(key)
            self._values[key] = value, size
            self._size += size
            entries, limit = self._limits
            while len(self._values) > entries or (self._size > limit and len(self._values) > 1):
                self._forget(next(iter(self._values)))

    def drop(self, key: str) -> None:
        with self._mutex:
            self._forget(key)

    def __len__(self) -> int:
        return len(self._values)

    def _forget(self, key: str) -> None:
        _, size = self._values.pop(key, (None, 0))
        self._size -= size
