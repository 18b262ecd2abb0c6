"""The current time as records and messages store it."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
