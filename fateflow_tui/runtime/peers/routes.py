"""The sites of other parties: their addresses and pinned keys, and what sites tell each other about themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from fateflow_tui.core.errors import BadRequest, Conflict, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import RecordCollection
from fateflow_tui.runtime.peers.grants import checked_pattern, covers, party_of, patterns_for
from fateflow_tui.runtime.peers.keys import checked_public


class Identity(msgspec.Struct, frozen=True):
    """What a site tells everyone about itself. time: of its clock, ms. parties: [] for a standalone site."""

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
    """Whether the called site can reach the caller: how fast, or why not and what to do there."""

    ok: bool
    text: str
    hint: str = ""


class PingResult(msgspec.Struct, frozen=True):
    """The answer of a party's site to a ping. rtt: ms. clock_skew: ms by which its clock is ahead of this one."""

    party: str
    url: str
    name: str
    version: str
    rtt: float
    clock_skew: int


class ErrorAnswer(msgspec.Struct, frozen=True):
    """The error answer of a site: what a peer may see of an error of `core.errors`."""

    code: str
    message: str
    hint: str = ""
    data: dict[str, Any] | None = None


class PeerRoute(msgspec.Struct, frozen=True):
    """One entry of the table. party: a pattern such as ``guest:10000`` or ``10000``. url: without a trailing slash.

    public_key: the pinned key; None while the party is not trusted, when no data is exchanged with it.
    """

    party: str
    url: str
    public_key: str | None = None
    note: str = ""


class RouteTable:
    """The parties of other sites. The most specific pattern that matches a party applies."""

    def __init__(self, records: RecordCollection) -> None:
        self._records = records

    def add(self, party: str, url: str, public_key: str | None = None, note: str = "") -> PeerRoute:
        """Add a party or change its address. Keeps the pinned key unless another is given."""
        known = self.get(party)
        pinned = checked_public(public_key) if public_key else known.public_key if known else None
        route = PeerRoute(checked_pattern(party), _checked_url(url), pinned, note or (known.note if known else ""))
        self._save(route)
        return route

    def trust(self, party: str, identity: Identity) -> PeerRoute:
        """Pin the key of a site. Raises NotFound, or Conflict if the site does not have the party."""
        self.check(party, identity)
        return self.pin(party, identity.public_key)

    def check(self, party: str, identity: Identity) -> None:
        """Check that a site has the party. Raises NotFound, Conflict."""
        route = self.require(party)
        someone = party_of(party)
        if not any(covers(pattern, someone) for pattern in identity.parties):
            played = ", ".join(identity.parties) or "all parties by itself (it is standalone)"
            every = "" if ":" in party else " in every role"
            own = next((pattern for pattern in identity.parties if pattern.endswith(f":{party}")), "")
            raise Conflict(
                f"the site {identity.name} at {route.url} does not play {party}{every}; it plays {played}",
                hint=f"name the role: fateflow party add {own} {route.url}, then: fateflow party trust {own}"
                if own
                else "correct the address, or start that site with --party",
            )

    def pin(self, party: str, public_key: str) -> PeerRoute:
        """Pin a key that was received another way. Raises NotFound, BadRequest."""
        pinned = msgspec.structs.replace(self.require(party), public_key=checked_public(public_key))
        self._save(pinned)
        return pinned

    def remove(self, party: str) -> None:
        """Remove the entry with exactly this pattern. Raises NotFound."""
        self.require(party)
        self._records.delete(party)

    def list(self) -> list[PeerRoute]:
        return [msgspec.convert(kept.record, PeerRoute) for _, kept in sorted(self._records.all().items())]

    def get(self, party: str) -> PeerRoute | None:
        """The entry with exactly this pattern."""
        kept = self._records.get(party)
        return None if kept is None else msgspec.convert(kept.record, PeerRoute)

    def require(self, party: str) -> PeerRoute:
        """The entry with exactly this pattern. Raises NotFound."""
        route = self.get(party)
        if route is None:
            near = self._near(party)
            if near:
                raise NotFound(
                    f"there is no route to {party}, but to {', '.join(near)}", hint=f"name {near[0]} instead"
                )
            raise NotFound(f"there is no route to {party}", hint=f"fateflow party add {party} URL")
        return route

    def party(self, text: str) -> Party:
        """The party that a text means: for a bare id its guest, or the only role that has a route."""
        near = () if self.get(checked_pattern(text)) else self._near(text)
        return party_of(near[0] if near and ":" not in text else text)

    def _near(self, party: str) -> tuple[str, ...]:
        """Patterns of entries for the same party id, with a role instead of without, or the reverse."""
        party_id = party.rpartition(":")[2]
        return tuple(
            route.party
            for route in self.list()
            if route.party.rpartition(":")[2] == party_id and (":" in party) != (":" in route.party)
        )

    def find(self, party: Party) -> PeerRoute | None:
        """The entry that applies to a party."""
        return next((route for pattern in patterns_for(party) if (route := self.get(pattern))), None)

    def _save(self, route: PeerRoute) -> None:
        self._records.put(route.party, msgspec.to_builtins(route))


def route_commands(lacks: Mapping[str, Sequence[str]]) -> str:
    """The commands with which a site gets to know the parties that it cannot call. lacks: as in a Refusal."""
    added = [f"fateflow party add {party} URL" for party in lacks.get("route", ())]
    return "; ".join([*added, *(f"fateflow party trust {party}" for party in lacks.get("trust", ()))])


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or parts.username:
        raise BadRequest(f"invalid site address {url!r}", hint="write it as in http://10.0.0.7:9380")
    return url.rstrip("/")
