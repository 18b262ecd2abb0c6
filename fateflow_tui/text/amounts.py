"""Times, sizes and figures as people read them."""

from __future__ import annotations


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


def figure(value: float) -> str:
    """Four figures, no needless zeros."""
    return f"{value:.4g}"
