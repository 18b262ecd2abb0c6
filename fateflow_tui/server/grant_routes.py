"""What the parties of other sites may run here: granted, listed, taken back."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.server.body import JsonBody
from fateflow_tui.server.context import Asker, ThisSite
from fateflow_tui.server.described import FLAG, TEXT, TEXTS, described, members
from fateflow_tui.server.envelope import answer
from fateflow_tui.server.grant_requests import shown, wanted

router = APIRouter(prefix="/party", tags=["party"])

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
async def party_grant(site: ThisSite, body: JsonBody, asker: Asker) -> Response:
    """Allows a party of another site what is listed, and of these kinds nothing else: `role` (of this site's
    parties), `command` (create, run), `component`, `dataset` (namespace.name); `all` for everything. `party`:
    guest:9999, 9999 for any role, guest:*, or *. A driver may always stop its own job.
    """
    body.require("party")
    return answer(shown(site, site.permissions.grant(body.text("party"), wanted(body), by=asker)))


@router.post("/grants", **described(members(party=TEXT), {}, [_GRANT]))
async def party_grants(site: ThisSite, body: JsonBody) -> Response:
    """All grants, or those of `party`. A list that is null was never granted; `otherwise` says what it allows."""
    party = body.text("party")
    found = [grant for grant in site.permissions.grants.all() if not party or grant.party == party]
    return answer([shown(site, grant) for grant in found])


@router.post("/revoke", **described(members("party", **_LISTS, forget=FLAG), _GRANTED, _GRANT))
async def party_revoke(site: ThisSite, body: JsonBody, asker: Asker) -> Response:
    """Takes back what was granted; a list that becomes empty allows nothing. `forget`: removes all lists of the
    party, as if nothing had ever been granted or restricted.
    """
    body.require("party")
    if body.flag("forget"):
        site.permissions.forget(body.text("party"), by=asker)
        return answer()
    return answer(shown(site, site.permissions.revoke(body.text("party"), wanted(body), by=asker)))
