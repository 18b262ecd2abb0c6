"""Messages between sites about the sites themselves: identity, reachability, refusals."""

from __future__ import annotations

from typing import Any

import msgspec


class Identity(msgspec.Struct, frozen=True):
    """What a site tells anybody who asks. time: its clock, ms since the epoch. parties: [] for a standalone site."""

    name: str
    parties: list[str]
    public_key: str
    version: str
    time: int


class Pong(msgspec.Struct, frozen=True):
    """The answer to a ping. time: the answering site's clock, ms since the epoch."""

    name: str
    version: str
    time: int


class Reachability(msgspec.Struct, frozen=True):
    """Whether the asked site reaches the one that asks: how fast, or why not and what to do there."""

    ok: bool
    text: str
    hint: str = ""


class PingResult(msgspec.Struct, frozen=True):
    """How a party's site was found. rtt: ms for one call and its answer. clock_skew: ms by which its clock is ahead."""

    party: str
    url: str
    name: str
    version: str
    rtt: float
    clock_skew: int


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The answer of a site that does not do what it was asked: what a peer may see of an error of `core.errors`."""

    code: str
    message: str
    hint: str = ""
    data: dict[str, Any] | None = None
