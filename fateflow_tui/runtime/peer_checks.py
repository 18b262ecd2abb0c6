"""Whether this site and those of other parties reach each other, run versions that fit, and agree about the time."""

from __future__ import annotations

import asyncio
from typing import Final

from fateflow_tui import __version__
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.check import Check
from fateflow_tui.runtime.party_patterns import party_of
from fateflow_tui.runtime.peer_messages import PeerState, Reach
from fateflow_tui.runtime.peers import Peers
from fateflow_tui.runtime.routes import Route, RouteTable

_SKEW: Final = 5_000  # ms; calls are refused when clocks are minutes apart, and times of two sites mislead before


async def peer_checks(peers: Peers, routes: RouteTable, standalone: bool) -> list[Check]:
    """One check or more for each party that is known, all asked at once."""
    known = routes.list()
    if standalone:
        return [Check("peers", True, "a standalone site plays all parties itself")]
    if not known:
        return [Check("peers", True, "no party of another site is known", "fateflow party add guest:10000 URL")]
    found = await asyncio.gather(*(_of_route(peers, route) for route in known))
    return [check for checks in found for check in checks]


async def answer_reach(peers: Peers, asker: Party, asked: Party) -> Reach:
    """What this site says when a peer asks whether it can be reached from here."""
    try:
        state = await peers.ping(asker, asked)
    except FateFlowError as error:
        return Reach(False, error.message, error.hint)
    return Reach(True, f"in {state.rtt:.0f} ms", "")


async def _of_route(peers: Peers, route: Route) -> list[Check]:
    name, party = f"peer {route.party}", party_of(route.party)
    if route.public_key is None:
        text = f"its site at {route.url} is not trusted, so that nothing is exchanged"
        return [Check(name, False, text, f"compare its fingerprint, then: fateflow party trust {route.party}")]
    try:
        state = await peers.ping(party)
    except FateFlowError as error:
        return [
            Check(name, False, error.message, error.hint or "see that its site runs and that no firewall is between")
        ]
    return [
        Check(name, True, f"{state.name} at {state.url} answers in {state.rtt:.0f} ms"),
        await _way_back(peers, party, name),
        _clock(state, name),
        _version(state, name),
    ]


async def _way_back(peers: Peers, party: Party, name: str) -> Check:
    try:
        reach = await peers.ask_reach(party)
    except FateFlowError as error:
        text = f"whether it reaches this site cannot be known: {error.message}"
        return Check(f"{name} back", True, text)
    if reach.ok:
        return Check(f"{name} back", True, f"it reaches this site {reach.text}")
    fix = f"at its site: {reach.hint}" if reach.hint else "at its site, correct this site's address: fateflow party add"
    return Check(f"{name} back", False, f"it does not reach this site: {reach.text}", fix)


def _clock(state: PeerState, name: str) -> Check:
    way = "ahead of" if state.clock_skew > 0 else "behind"
    text = f"its clock is {abs(state.clock_skew) / 1000:.1f} s {way} this one"
    return Check(f"{name} clock", abs(state.clock_skew) <= _SKEW, text, "set both clocks by NTP")


def _version(state: PeerState, name: str) -> Check:
    if state.version == __version__:
        return Check(f"{name} version", True, state.version)
    text = f"it runs {state.version}, this site {__version__}"
    return Check(f"{name} version", False, text, "run the same version at both sites")
