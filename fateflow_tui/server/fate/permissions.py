"""FATE-Flow's `permission` app in the forms of 1.6 and of 1.9: what the parties of other sites may run here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.peers.grants import ANY, KINDS, GrantRecord, shown_dataset
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ClientName, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import NUMBER, OBJECT, TEXTS, described, members
from fateflow_tui.server.requests import Body, JsonBody

_PRIVILEGES = {kind: f"privilege_{kind}" for kind in ("role", "command", "component")}


def wanted(body: Body) -> dict[str, list[str]]:
    """Lists by kind in our own form. Raises BadRequest when there are none."""
    return _some({kind: body.texts(kind) for kind in KINDS if kind != "dataset"} | {"dataset": _datasets(body)}, KINDS)


def wanted_privileges(body: Body) -> dict[str, list[str]]:
    """FATE-Flow 1.6: `privilege_role`, `privilege_command`, `privilege_component`."""
    return _some({kind: body.texts(name) for kind, name in _PRIVILEGES.items()}, _PRIVILEGES.values())


def source_of(body: Body) -> str:
    """The pattern that FATE-Flow 1.6's `src_role` and `src_party_id`, or 1.9's `party_id`, mean."""
    if "src_party_id" not in body.members:
        body.require("party_id")
        return _any(body.text("party_id"))
    body.require("src_party_id", "src_role")
    role, party_id = _any(body.text("src_role")), _any(body.text("src_party_id"))
    return party_id if role == ANY else f"{role}:{party_id}"


def shown(site: Site, grant: GrantRecord) -> dict[str, Any]:
    """Lists as they were granted; null: never. otherwise: what a list that was never granted allows."""
    lists = {
        **msgspec.to_builtins(grant),
        "dataset": [shown_dataset(text) for text in grant.dataset] if grant.dataset is not None else None,
    }
    return {**lists, "otherwise": "nothing" if site.config.permissions == "required" else "all"}


def allowed(site: Site, grant: GrantRecord | None, kind: str, all_word: str) -> list[str]:
    """What a pattern may do by its own grant, with FATE's word for everything."""
    values = getattr(grant, kind) if grant is not None else None
    if values is None:
        values = [] if site.config.permissions == "required" else [ANY]
    return [all_word if value == ANY else value for value in values]


def table_of(text: str) -> dict[str, str] | str:
    """A dataset as FATE-Flow 1.9 shows it."""
    namespace, slash, name = text.partition("/")
    return {"namespace": namespace, "name": name} if slash else text


def _datasets(body: Body) -> list[str]:
    value = body.members.get("dataset")
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        return body.texts("dataset")
    texts = []
    for one in value:
        if isinstance(one, Mapping):
            table = Body(dict(one))
            table.require("namespace", "name")
            one = f"{table.text('namespace')}/{table.text('name')}"
        if not isinstance(one, str):
            raise BadRequest("dataset: a table is written namespace.name, or {namespace, name}")
        texts.append(one)
    return texts


def _some(lists: dict[str, list[str]], names: Any) -> dict[str, list[str]]:
    given = {kind: values for kind, values in lists.items() if values}
    if not given:
        raise BadRequest(f"the request names nothing: {', '.join(names)}", hint="lists, or `all`")
    return given


def _any(word: str) -> str:
    return ANY if word == "all" else word


router = APIRouter(prefix="/permission", tags=["permission (FATE-Flow 1.x)"])

_PRIVILEGE_MEMBERS = members(
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


@router.post("/grant/privilege", **described(_PRIVILEGE_MEMBERS, _PRIVILEGE_EXAMPLE, _PRIVILEGE_ANSWER))
async def grant_privilege(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Allows roles, commands and components (lists, or `all`) to a party of another site. From the first value of a
    kind on only what is listed is allowed. Answers with what the party then has.
    """
    source = source_of(body)
    return answer(_privileges(site, source, site.permissions.grant(source, wanted_privileges(body), by=client)))


@router.post("/delete/privilege", **described(_PRIVILEGE_MEMBERS, _PRIVILEGE_EXAMPLE, _PRIVILEGE_ANSWER))
async def delete_privilege(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Takes privileges back. Answers with what the party then has."""
    source = source_of(body)
    return answer(_privileges(site, source, site.permissions.revoke(source, wanted_privileges(body), by=client)))


@router.post("/query/privilege", **described(_PRIVILEGE_MEMBERS, _PRIVILEGE_EXAMPLE, _PRIVILEGE_ANSWER))
async def query_privilege(site: ThisSite, body: JsonBody) -> Response:
    """What a party of another site may do; `all` also where nothing was ever restricted."""
    source = source_of(body)
    return answer(_privileges(site, source, site.permissions.grants.get(source)))


@router.post("/grant", **described(_LISTS, _LISTS_EXAMPLE, _LISTS_ANSWER))
async def grant(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Allows components (`*` for all) and datasets to a party id of another site, in any role."""
    source = source_of(body)
    return answer(_lists(site, source, site.permissions.grant(source, wanted(body), by=client)))


@router.post("/delete", **described(_LISTS, _LISTS_EXAMPLE, _LISTS_ANSWER))
async def delete(site: ThisSite, body: JsonBody, client: ClientName) -> Response:
    """Takes components and datasets back."""
    source = source_of(body)
    return answer(_lists(site, source, site.permissions.revoke(source, wanted(body), by=client)))


@router.post("/query", **described(_LISTS, {"party_id": 9999}, _LISTS_ANSWER))
async def query(site: ThisSite, body: JsonBody) -> Response:
    """Components and datasets that a party id may use; `*` also where nothing was ever restricted."""
    source = source_of(body)
    return answer(_lists(site, source, site.permissions.grants.get(source)))


def _privileges(site: Site, source: str, grant: GrantRecord | None) -> dict[str, Any]:
    role, colon, party_id = source.partition(":")
    return {
        "src_party_id": party_id if colon else source,
        "role": role if colon else "all",
        **{f"privilege_{kind}": allowed(site, grant, kind, "all") for kind in ("role", "command", "component")},
    }


def _lists(site: Site, source: str, grant: GrantRecord | None) -> dict[str, Any]:
    return {
        "party_id": source,
        "component": allowed(site, grant, "component", "*"),
        "dataset": [table_of(text) for text in allowed(site, grant, "dataset", "*")],
    }
