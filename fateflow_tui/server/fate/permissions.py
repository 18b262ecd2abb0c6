"""FATE-Flow's `permission` app in the forms of 1.6 and of 1.9: what the parties of other sites may run here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.peers.grants import ANY, GrantRecord, shown_dataset
from fateflow_tui.runtime.site import Site
from fateflow_tui.server.context import ClientName, ThisSite
from fateflow_tui.server.fate.envelope import answer
from fateflow_tui.server.openapi import answers
from fateflow_tui.server.requests import Json, Kind, RequestBody, Text, Texts, read_texts

router = APIRouter(prefix="/permission", tags=["permission (FATE-Flow 1.x)"])

_PRIVILEGES: Final = {
    "src_party_id": "9999",
    "role": "guest",
    "privilege_role": ["all"],
    "privilege_command": ["all"],
    "privilege_component": ["heterolr", "intersection"],
}
_LISTS: Final = {
    "party_id": "9999",
    "component": ["intersection", "reader"],
    "dataset": [{"namespace": "experiment", "name": "breast_hetero_host"}],
}
_DATASETS: Final = {
    "anyOf": [{"type": "object"}, {"type": "array"}, {"type": "string"}],
    "description": "namespace.name or {namespace, name}, one or several; or *",
}


class _TableName(RequestBody):
    namespace: Text
    name: Text


def _datasets(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        return read_texts(name, value)
    return tuple(map(_dataset, value))


def _dataset(value: Any) -> str:
    if isinstance(value, Mapping):
        table = _TableName(value)
        return f"{table.namespace}/{table.name}"
    if not isinstance(value, str):
        raise BadRequest("dataset must be namespace.name or {namespace, name}")
    return value


class PermissionLists(RequestBody):
    """What is granted or revoked, by kind; `all` for everything."""

    role: Texts = ()
    command: Texts = ()
    component: Texts = ()
    dataset: Annotated[tuple[str, ...], Kind(_DATASETS, _datasets)] = ()

    def lists(self) -> dict[str, list[str]]:
        """Return the lists that were given. Raises BadRequest when there are none."""
        lists = {"role": self.role, "command": self.command, "component": self.component, "dataset": self.dataset}
        return _given(lists, lists)


class FatePermissionRequest(RequestBody):
    """The source is `src_party_id` and `src_role` in FATE-Flow 1.6, `party_id` from 1.9 on."""

    party_id: Text = ""
    src_party_id: Text = ""
    src_role: Text = ""

    def source(self) -> str:
        """Return the pattern of parties that the request is about."""
        if "src_party_id" not in self.members:
            self.require("party_id")
            return _pattern(self.party_id)
        self.require("src_party_id", "src_role")
        role, party_id = _pattern(self.src_role), _pattern(self.src_party_id)
        return party_id if role == ANY else f"{role}:{party_id}"


class PrivilegesRequest(
    FatePermissionRequest,
    example={"src_party_id": 9999, "src_role": "guest", "privilege_component": "intersection,heterolr"},
):
    privilege_role: Texts = ()
    privilege_command: Texts = ()
    privilege_component: Texts = ()

    def lists(self) -> dict[str, list[str]]:
        """Return the lists that were given. Raises BadRequest when there are none."""
        lists = {
            "role": self.privilege_role,
            "command": self.privilege_command,
            "component": self.privilege_component,
        }
        return _given(lists, [f"privilege_{kind}" for kind in lists])


class ListsRequest(
    FatePermissionRequest,
    PermissionLists,
    example={
        "party_id": 9999,
        "component": "reader,intersection",
        "dataset": {"namespace": "experiment", "name": "breast_hetero_host"},
    },
):
    """FATE-Flow 1.9's lists of components and datasets."""


@router.post("/grant/privilege", **answers(_PRIVILEGES))
async def grant_privilege(site: ThisSite, body: Json[PrivilegesRequest], client: ClientName) -> Response:
    """Grant roles, commands and components to a party of another site. A kind that has a list allows only what is
    listed. Returns the party's privileges.
    """
    source = body.source()
    return answer(_privileges(site, source, site.permissions.grant(source, body.lists(), by=client)))


@router.post("/delete/privilege", **answers(_PRIVILEGES))
async def delete_privilege(site: ThisSite, body: Json[PrivilegesRequest], client: ClientName) -> Response:
    """Revoke roles, commands and components. Returns the party's remaining privileges."""
    source = body.source()
    return answer(_privileges(site, source, site.permissions.revoke(source, body.lists(), by=client)))


@router.post("/query/privilege", **answers(_PRIVILEGES))
async def query_privilege(site: ThisSite, body: Json[PrivilegesRequest]) -> Response:
    """Return the privileges of a party of another site; `all` for a kind that was never restricted."""
    source = body.source()
    return answer(_privileges(site, source, site.permissions.grants.get(source)))


@router.post("/grant", **answers(_LISTS))
async def grant(site: ThisSite, body: Json[ListsRequest], client: ClientName) -> Response:
    """Grant components (`*` for all) and datasets to a party id of another site, in any role."""
    source = body.source()
    return answer(_lists(site, source, site.permissions.grant(source, body.lists(), by=client)))


@router.post("/delete", **answers(_LISTS))
async def delete(site: ThisSite, body: Json[ListsRequest], client: ClientName) -> Response:
    """Revoke components and datasets."""
    source = body.source()
    return answer(_lists(site, source, site.permissions.revoke(source, body.lists(), by=client)))


@router.post("/query", **answers(_LISTS))
async def query(site: ThisSite, body: Json[ListsRequest]) -> Response:
    """Return the components and datasets that a party id may use; `*` for a kind that was never restricted."""
    source = body.source()
    return answer(_lists(site, source, site.permissions.grants.get(source)))


def grant_line(site: Site, grant: GrantRecord) -> dict[str, Any]:
    """Return a grant in our own form. A kind that has no list is null, and `otherwise` says what it allows."""
    lists = {
        **msgspec.to_builtins(grant),
        "dataset": [shown_dataset(text) for text in grant.dataset] if grant.dataset is not None else None,
    }
    return {**lists, "otherwise": "nothing" if site.config.permissions == "required" else "all"}


def _privileges(site: Site, source: str, grant: GrantRecord | None) -> dict[str, Any]:
    role, colon, party_id = source.partition(":")
    return {
        "src_party_id": party_id if colon else source,
        "role": role if colon else "all",
        **{f"privilege_{kind}": _allowed(site, grant, kind, "all") for kind in ("role", "command", "component")},
    }


def _lists(site: Site, source: str, grant: GrantRecord | None) -> dict[str, Any]:
    return {
        "party_id": source,
        "component": _allowed(site, grant, "component", "*"),
        "dataset": [_table_name(text) for text in _allowed(site, grant, "dataset", "*")],
    }


def _allowed(site: Site, grant: GrantRecord | None, kind: str, all_word: str) -> list[str]:
    """What a pattern's own grant allows, with FATE's word for everything."""
    values = getattr(grant, kind) if grant is not None else None
    if values is None:
        values = [] if site.config.permissions == "required" else [ANY]
    return [all_word if value == ANY else value for value in values]


def _table_name(text: str) -> dict[str, str] | str:
    """A dataset as FATE-Flow 1.9 shows it."""
    namespace, slash, name = text.partition("/")
    return {"namespace": namespace, "name": name} if slash else text


def _given(lists: Mapping[str, tuple[str, ...]], names: Iterable[str]) -> dict[str, list[str]]:
    given = {kind: list(values) for kind, values in lists.items() if values}
    if not given:
        raise BadRequest(f"the request has none of {', '.join(names)}", hint="give lists, or `all`")
    return given


def _pattern(word: str) -> str:
    return ANY if word == "all" else word
