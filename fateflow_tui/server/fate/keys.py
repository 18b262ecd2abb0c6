"""FATE-Flow 1.9's app `key`. Sites know each other by Ed25519 keys here, which `fateflow party trust` pins."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.runtime.peers.grants import party_of
from fateflow_tui.runtime.peers.keys import fingerprint
from fateflow_tui.server.context import ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import NUMBER, described, members
from fateflow_tui.server.requests import JsonBody

router = APIRouter(tags=["key (FATE-Flow 1.9+)"])

_KEY = {"algorithm": "Ed25519", "public_key": "MCowBQYDK2VwAyEA...", "fingerprint": "SHA256:..."}


@router.post("/key/query", **described(members("party_id", party_id=NUMBER), {"party_id": 10000}, {"host:10000": _KEY}))
async def query(site: ThisSite, body: JsonBody) -> Response:
    """The key of this site, or the pinned keys of another one, by party. They are no RSA keys as FATE's are."""
    body.require("party_id")
    wanted = body.text("party_id")
    keys = {route.party: route.public_key for route in site.routes.list() if party_of(route.party).party_id == wanted}
    own = [pattern for pattern in site.config.parties if party_of(pattern).party_id == wanted]
    keys |= dict.fromkeys(own or ([wanted] if site.config.standalone else []), site.authenticator.identity().public_key)
    return answer(
        {
            party: {"algorithm": "Ed25519", "public_key": key, "fingerprint": fingerprint(key)}
            for party, key in keys.items()
            if key is not None
        }
    )
