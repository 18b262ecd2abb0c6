"""Human-readable durations, sizes, numbers and statuses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeGuard


def duration(ms: int) -> str:
    """`0.4s`, `12s`, `04:12`, `1:02:07`, `2d 03:04:00`."""
    if ms < 10_000:
        return f"{max(ms, 0) / 1000:.1f}s"
    seconds = ms // 1000
    if seconds < 60:
        return f"{seconds}s"
    days, rest = divmod(seconds, 86_400)
    hours, minutes = rest // 3600, rest // 60 % 60
    if days:
        return f"{days}d {hours:02}:{minutes:02}:{rest % 60:02}"
    return f"{hours}:{minutes:02}:{rest % 60:02}" if hours else f"{minutes:02}:{rest % 60:02}"


def byte_count(size: int) -> str:
    """`512 B`, `4.0 KiB`, `1.2 GiB`."""
    amount, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= 1024 and len(units) > 1:
        amount, units = amount / 1024, units[1:]
    return f"{amount:.0f} B" if units[0] == "B" else f"{amount:.1f} {units[0]}"


def plural(count: int, noun: str) -> str:
    """`1 job`, `2 jobs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value is an int or a float, but not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def figure(value: float) -> str:
    """Format a number with four significant digits, without trailing zeros."""
    return f"{value:.4g}"


MARKS: Final = {
    "ready": "·",
    "waiting": "·",
    "running": "▶",
    "success": "✓",
    "failed": "✗",
    "canceled": "■",
    "timeout": "⧗",
    "pass": "↷",
    "reused": "↻",
}
PLAN_MARKS: Final = {"run": MARKS["running"], "reuse": MARKS["reused"], "skip": MARKS["pass"]}
"""Marks of the actions of a rerun."""


def marked(status: str) -> str:
    """`✓ success`."""
    return f"{MARKS.get(status, '?')} {status}"


def letter(party: str, parties: Iterable[str]) -> str:
    """Return the short form of a party: `G` for `guest:9999`, or `H10001` if several parties have the role."""
    role, _, number = party.partition(":")
    alone = sum(other.startswith(f"{role}:") for other in parties) < 2
    return role[:1].upper() if alone else f"{role[:1].upper()}{number}"
