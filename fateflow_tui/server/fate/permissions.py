"""FATE-Flow's `permission` app, as 1.6 and as 1.9 and later have it: what the parties of other sites may run here."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.runtime.peers.grants import Grant
from fateflow_tui.server.context import Asker, ThisSite
from fateflow_tui.server.door import Site
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.fate.grant_forms import allowed, source_of, table_of, wanted, wanted_privileges
from fateflow_tui.server.openapi import NUMBER, OBJECT, TEXTS, described, members
from fateflow_tui.server.requests import JsonBody

router = APIRouter(prefix="/permission", tags=["permission (FATE-Flow 1.x)"])

_PRIVILEGES = members(
    "src_party_id", "src_role", privilege_role=TEXTS, privilege_command=TEXTS, privilege_component=TEXTS
)
_PRIVILEGE_EXAMPLE = {"src_party_id": 9999, "src_role": "guest", "privilege_component": "intersection,heterolr"}
_PRIVILEGE_ANSWER = {
    "src_party_id": "9999",
    "role": "guest",
    "privilege_role": ["all"],
    "privilege_command": ["all"],
    "privilege_component": ["heterolr", "intersection"],
}
_DATASET = {"anyOf": [OBJECT, {"type": "array"}, {"type": "string"}], "description": "{namespace, name}, several, or *"}
_LISTS = members("party_id", party_id=NUMBER, component=TEXTS, dataset=_DATASET)
_LISTS_EXAMPLE = {
    "party_id": 9999,
    "component": "reader,intersection",
    "dataset": {"namespace": "experiment", "name": "breast_hetero_host"},
}
_LISTS_ANSWER = {
    "party_id": "9999",
    "component": ["intersection", "reader"],
    "dataset": [{"namespace": "experiment", "name": "breast_hetero_host"}],
}


@router.post("/grant/privilege", **described(_PRIVILEGES, _PRIVILEGE_EXAMPLE, _PRIVILEGE_ANSWER))
async def grant_privilege(site: ThisSite, body: JsonBody, asker: Asker) -> Response:
    """Allows roles, commands and components (lists, or `all`) to a party of another site. From the first value of a
    kind on only what is listed is allowed. Answers with what the party then has.
    """
    source = source_of(body)
    return answer(_privileges(site, source, site.permissions.grant(source, wanted_privileges(body), by=asker)))


@router.post("/delete/privilege", **described(_PRIVILEGES, _PRIVILEGE_EXAMPLE, _PRIVILEGE_ANSWER))
async def delete_privilege(site: ThisSite, body: JsonBody, asker: Asker) -> Response:
    """Takes privileges back. Answers with what the party then has."""
    source = source_of(body)
    return answer(_privileges(site, source, site.permissions.revoke(source, wanted_privileges(body), by=asker)))


@router.post("/query/privilege", **described(_PRIVILEGES, _PRIVILEGE_EXAMPLE, _PRIVILEGE_ANSWER))
async def query_privilege(site: ThisSite, body: JsonBody) -> Response:
    """What a party of another site may do; `all` also where nothing was ever restricted."""
    source = source_of(body)
    return answer(_privileges(site, source, site.permissions.grants.get(source)))


@router.post("/grant", **described(_LISTS, _LISTS_EXAMPLE, _LISTS_ANSWER))
async def grant(site: ThisSite, body: JsonBody, asker: Asker) -> Response:
    """Allows components (`*` for all) and datasets to a party id of another site, in any role."""
    source = source_of(body)
    return answer(_lists(site, source, site.permissions.grant(source, wanted(body), by=asker)))


@router.post("/delete", **described(_LISTS, _LISTS_EXAMPLE, _LISTS_ANSWER))
async def delete(site: ThisSite, body: JsonBody, asker: Asker) -> Response:
    """Takes components and datasets back."""
    source = source_of(body)
    return answer(_lists(site, source, site.permissions.revoke(source, wanted(body), by=asker)))


@router.post("/query", **described(_LISTS, {"party_id": 9999}, _LISTS_ANSWER))
async def query(site: ThisSite, body: JsonBody) -> Response:
    """Components and datasets that a party id may use; `*` also where nothing was ever restricted."""
    source = source_of(body)
    return answer(_lists(site, source, site.permissions.grants.get(source)))


def _privileges(site: Site, source: str, grant: Grant | None) -> dict[str, Any]:
    role, colon, party_id = source.partition(":")
    return {
        "src_party_id": party_id if colon else source,
        "role": role if colon else "all",
        **{f"privilege_{kind}": allowed(site, grant, kind, "all") for kind in ("role", "command", "component")},
    }


def _lists(site: Site, source: str, grant: Grant | None) -> dict[str, Any]:
    return {
        "party_id": source,
        "component": allowed(site, grant, "component", "*"),
        "dataset": [table_of(text) for text in allowed(site, grant, "dataset", "*")],
    }
