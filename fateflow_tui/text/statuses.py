"""Statuses as people see them: a glyph and a word, so that colour is only a third hint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

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
"""Of what a rerun would do with a component."""


def marked(status: str) -> str:
    """`✓ success`."""
    return f"{MARKS.get(status, '?')} {status}"


def letter(party: str, parties: Iterable[str]) -> str:
    """`G` for `guest:9999`, `H10001` where several of the parties have the role."""
    role, _, number = party.partition(":")
    alone = sum(other.startswith(f"{role}:") for other in parties) < 2
    return role[:1].upper() if alone else f"{role[:1].upper()}{number}"
