"""Parties and what they may do."""

from __future__ import annotations

import msgspec


class PartyRoute(msgspec.Struct, frozen=True):
    """A known party."""

    party: str
    url: str
    public_key: str | None = None
    note: str = ""
    trusted: bool = False
    fingerprint: str = ""


class PeerState(msgspec.Struct, frozen=True):
    """How a party's site was found. rtt: ms. clock_skew: ms by which its clock is ahead."""

    party: str
    url: str
    name: str
    version: str
    rtt: float
    clock_skew: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a party of another site may use here. party: `role:id`, an id for any role, `guest:*` or `*`. None: never
    restricted, so that `otherwise` (all or nothing) says what it allows.
    """

    party: str
    role: list[str] | None = None
    command: list[str] | None = None
    component: list[str] | None = None
    dataset: list[str] | None = None
    otherwise: str = ""
