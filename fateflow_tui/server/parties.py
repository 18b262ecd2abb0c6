"""Routes about parties: the addresses and keys of their sites, and what they may run here."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.runtime.peers.keys import fingerprint
from fateflow_tui.runtime.peers.routes import PeerRoute
from fateflow_tui.server.context import ClientName, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.permissions import PermissionLists, grant_line
from fateflow_tui.server.openapi import answers
from fateflow_tui.server.requests import Flag, Json, RequestBody, Text

router = APIRouter(prefix="/party", tags=["party"])

_NAMED: Final = {"party": "host:10000"}
_ADDED: Final = {**_NAMED, "url": "http://host.example:9380"}
_ROUTE: Final = {**_ADDED, "note": "", "trusted": False, "fingerprint": ""}
_GRANT: Final = {
    "party": "guest:9999",
    "role": None,
    "command": None,
    "component": ["intersection"],
    "dataset": ["experiment.breast"],
    "otherwise": "all",
}


class PartyRequest(RequestBody, example=_NAMED):
    party: Annotated[Text, "guest:10000, or 10000 for any role"]


class AddPartyRequest(PartyRequest, example=_ADDED):
    url: Text
    note: Text = ""
    key: Annotated[Text, "the public key of the party's site"] = ""


class TrustRequest(PartyRequest):
    key: Annotated[Text, "the public key; without it, the key that the party's site shows now"] = ""


class GrantRequest(
    PermissionLists, example={"party": "guest:9999", "component": "Intersection", "dataset": "experiment.breast"}
):
    party: Annotated[Text, "guest:9999, 9999 for any role, guest:*, or *"]


class RevokeRequest(GrantRequest):
    forget: Annotated[Flag, "remove all lists of the party, including those that restrict it"] = False


class ListGrantsRequest(RequestBody):
    party: Annotated[Text, "only this party's grants"] = ""


@router.post("/list", **answers([_ROUTE]))
async def party_list(site: ThisSite) -> Response:
    """List all known parties with the URL, the note and the pinned key of their sites."""
    return answer([_route_line(route) for route in site.routes.list()])


@router.post("/add", **answers(_ROUTE))
async def party_add(site: ThisSite, body: Json[AddPartyRequest]) -> Response:
    """Add a party, or change the address of a known one."""
    return answer(_route_line(site.routes.add(body.party, body.url, body.key or None, body.note)))


@router.post("/remove", **answers())
async def party_remove(site: ThisSite, body: Json[PartyRequest]) -> Response:
    """Remove a party's address and key."""
    site.routes.remove(body.party)
    return answer()


@router.post("/trust", **answers(_ROUTE))
async def party_trust(site: ThisSite, body: Json[TrustRequest]) -> Response:
    """Pin a party's public key. Compare the fingerprint in the answer with the one that the owner of that site tells
    you.
    """
    if body.key:
        return answer(_route_line(site.routes.pin(body.party, body.key)))
    identity = await site.peers.identity(site.routes.require(body.party).url)
    return answer(_route_line(site.routes.trust(body.party, identity)))


@router.post("/identity", **answers({**_ROUTE, "public_key": "…", "fingerprint": "…"}))
async def party_identity(site: ThisSite, body: Json[PartyRequest]) -> Response:
    """Fetch the key that a party's site shows now, with its fingerprint. Nothing is pinned; use `trust` with this key
    after its owner has confirmed it.
    """
    route = site.routes.require(body.party)
    identity = await site.peers.identity(route.url)
    site.routes.check(body.party, identity)
    key = {"public_key": identity.public_key, "fingerprint": fingerprint(identity.public_key)}
    return answer({**_route_line(route), **key})


@router.post("/ping", **answers({"url": "http://host.example:9380", "version": "0.1.0", "ms": 3.2}))
async def party_ping(site: ThisSite, body: Json[PartyRequest]) -> Response:
    """Ping a party's site. The answer has its address, name and version, the round-trip time and its clock offset. A
    bare id stands for the guest, or for the role that has a known address.
    """
    return answer(await site.peers.ping(site.routes.party(body.party)))


def _route_line(route: PeerRoute) -> dict[str, Any]:
    mark = fingerprint(route.public_key) if route.public_key else ""
    return {**msgspec.to_builtins(route), "trusted": route.public_key is not None, "fingerprint": mark}


@router.post("/grant", **answers(_GRANT))
async def party_grant(site: ThisSite, body: Json[GrantRequest], client: ClientName) -> Response:
    """Grant permissions to a party of another site. A kind that has a list allows only what is listed: `role` (of this
    site's parties), `command` (create, run), `component`, `dataset` (namespace.name); `all` stands for everything. A
    driver may always stop its own job.
    """
    return answer(grant_line(site, site.permissions.grant(body.party, body.lists(), by=client)))


@router.post("/grants", **answers([_GRANT]))
async def party_grants(site: ThisSite, body: Json[ListGrantsRequest]) -> Response:
    """List the grants, of all parties or of one. A kind that is null has no list; `otherwise` says what it allows."""
    found = [grant for grant in site.permissions.grants.all() if body.party in ("", grant.party)]
    return answer([grant_line(site, grant) for grant in found])


@router.post("/revoke", **answers(_GRANT))
async def party_revoke(site: ThisSite, body: Json[RevokeRequest], client: ClientName) -> Response:
    """Revoke permissions of a party. A list that becomes empty allows nothing."""
    if body.forget:
        site.permissions.forget(body.party, by=client)
        return answer()
    return answer(grant_line(site, site.permissions.revoke(body.party, body.lists(), by=client)))
