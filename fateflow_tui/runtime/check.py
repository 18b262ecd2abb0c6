"""One finding of the doctor."""

from __future__ import annotations

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One check: whether it holds, what was found, and what to do if it does not hold."""

    name: str
    ok: bool
    text: str
    fix: str = ""
