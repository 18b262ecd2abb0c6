"""Routes about parties: where their sites are, which keys they are known by, and what they may run here."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.runtime.peers.keys import fingerprint
from fateflow_tui.runtime.peers.routes import PeerRoute
from fateflow_tui.server.context import ClientName, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.permissions import shown, wanted
from fateflow_tui.server.openapi import FLAG, TEXT, TEXTS, described, members
from fateflow_tui.server.requests import JsonBody

router = APIRouter(prefix="/party", tags=["party"])

_ONE = members("party")
_NAMED = {"party": "host:10000"}
_ADDED = {**_NAMED, "url": "http://host.example:9380"}
_ROUTE = {**_ADDED, "note": "", "trusted": False, "fingerprint": ""}


@router.post("/list", **described(answer=[_ROUTE]))
async def party_list(site: ThisSite) -> Response:
    """All routes: party, url, note, and the pinned key with its fingerprint."""
    return answer([_shown(route) for route in site.routes.list()])


@router.post("/add", **described(members("party", "url", note=TEXT, key=TEXT), _ADDED, _ROUTE))
async def party_add(site: ThisSite, body: JsonBody) -> Response:
    """Adds or moves a party: `party` (`guest:10000`, or `10000` for any role), `url`, `note`, `key`."""
    body.require("party", "url")
    route = site.routes.add(body.text("party"), body.text("url"), body.text("key") or None, body.text("note"))
    return answer(_shown(route))


@router.post("/remove", **described(_ONE, _NAMED))
async def party_remove(site: ThisSite, body: JsonBody) -> Response:
    """Forgets a party's address and key."""
    body.require("party")
    site.routes.remove(body.text("party"))
    return answer()


@router.post("/trust", **described(members("party", key=TEXT), _NAMED, _ROUTE))
async def party_trust(site: ThisSite, body: JsonBody) -> Response:
    """Pins a party's public key: `key`, or without it the one that its site shows now. The fingerprint in the answer
    is to be compared with what that site's owner says.
    """
    body.require("party")
    party = body.text("party")
    if body.text("key"):
        return answer(_shown(site.routes.pin(party, body.text("key"))))
    identity = await site.peers.identity(site.routes.require(party).url)
    return answer(_shown(site.routes.trust(party, identity)))


@router.post("/identity", **described(_ONE, _NAMED, {**_ROUTE, "public_key": "…", "fingerprint": "…"}))
async def party_identity(site: ThisSite, body: JsonBody) -> Response:
    """The key that a party's site shows now, and its fingerprint. Nothing is pinned: `trust` does that, with this key,
    once its owner has said that it is right.
    """
    body.require("party")
    party = body.text("party")
    route = site.routes.require(party)
    identity = await site.peers.identity(route.url)
    site.routes.check(party, identity)
    shown = {"public_key": identity.public_key, "fingerprint": fingerprint(identity.public_key)}
    return answer({**_shown(route), **shown})


@router.post("/ping", **described(_ONE, _NAMED, {"url": "http://host.example:9380", "version": "0.1.0", "ms": 3.2}))
async def party_ping(site: ThisSite, body: JsonBody) -> Response:
    """Asks a party's site whether it is there: its address, name, version, the time it took and how its clock goes.
    `party` may be a bare id; its guest is asked then, or the role to which there is a route.
    """
    body.require("party")
    return answer(await site.peers.ping(site.routes.party(body.text("party"))))


def _shown(route: PeerRoute) -> dict[str, Any]:
    mark = fingerprint(route.public_key) if route.public_key else ""
    return {**msgspec.to_builtins(route), "trusted": route.public_key is not None, "fingerprint": mark}


_LISTS = {"role": TEXTS, "command": TEXTS, "component": TEXTS, "dataset": TEXTS}
_GRANT = {
    "party": "guest:9999",
    "role": None,
    "command": None,
    "component": ["intersection"],
    "dataset": ["experiment.breast"],
    "otherwise": "all",
}
_GRANTED = {"party": "guest:9999", "component": "Intersection", "dataset": "experiment.breast"}


@router.post("/grant", **described(members("party", **_LISTS), _GRANTED, _GRANT))
async def party_grant(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Allows a party of another site what is listed, and of these kinds nothing else: `role` (of this site's
    parties), `command` (create, run), `component`, `dataset` (namespace.name); `all` for everything. `party`:
    guest:9999, 9999 for any role, guest:*, or *. A driver may always stop its own job.
    """
    body.require("party")
    return answer(shown(site, site.permissions.grant(body.text("party"), wanted(body), by=client)))


@router.post("/grants", **described(members(party=TEXT), {}, [_GRANT]))
async def party_grants(site: ThisSite, body: JsonBody) -> Response:
    """All grants, or those of `party`. A list that is null was never granted; `otherwise` says what it allows."""
    party = body.text("party")
    found = [grant for grant in site.permissions.grants.all() if not party or grant.party == party]
    return answer([shown(site, grant) for grant in found])


@router.post("/revoke", **described(members("party", **_LISTS, forget=FLAG), _GRANTED, _GRANT))
async def party_revoke(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Takes back what was granted; a list that becomes empty allows nothing. `forget`: removes all lists of the
    party, as if nothing had ever been granted or restricted.
    """
    body.require("party")
    if body.flag("forget"):
        site.permissions.forget(body.text("party"), by=client)
        return answer()
    return answer(shown(site, site.permissions.revoke(body.text("party"), wanted(body), by=client)))
