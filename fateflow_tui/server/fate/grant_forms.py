"""Grants as clients write and read them: our own form, that of FATE-Flow 1.6 and that of 1.9 and later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.runtime.peers.grants import ANY, KINDS, Grant, shown_dataset
from fateflow_tui.server.door import Site
from fateflow_tui.server.requests import Body

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


def shown(site: Site, grant: Grant) -> dict[str, Any]:
    """Lists as they were granted; null: never. otherwise: what a list that was never granted allows."""
    lists = {
        **msgspec.to_builtins(grant),
        "dataset": [shown_dataset(text) for text in grant.dataset] if grant.dataset is not None else None,
    }
    return {**lists, "otherwise": "nothing" if site.config.permissions == "required" else "all"}


def allowed(site: Site, grant: Grant | None, kind: str, all_word: str) -> list[str]:
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
