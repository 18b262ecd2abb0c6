"""The parties that this site knows, where their sites are, and which key each is known by."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.runtime.keys import fingerprint
from fateflow_tui.runtime.routes import Route
from fateflow_tui.server.body import JsonBody
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.described import TEXT, described, members
from fateflow_tui.server.envelope import answer

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


def _shown(route: Route) -> dict[str, Any]:
    mark = fingerprint(route.public_key) if route.public_key else ""
    return {**msgspec.to_builtins(route), "trusted": route.public_key is not None, "fingerprint": mark}
