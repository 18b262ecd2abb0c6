"""Confs of predict jobs, filled in with tables that were named on the command line; pure."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

from fateflow_tui.core.errors import BadRequest

_SHAPE = "write --table guest=demo.new, --table host:10000=demo.new, or --table guest.reader_1=demo.new"


class WantedTable(NamedTuple):
    """Which table a role, or one party of it, reads; by one reader, or by all of them (reader '')."""

    role: str
    party_id: str
    reader: str
    namespace: str
    name: str


def tables_of(words: list[str]) -> list[WantedTable]:
    """Reads `guest=ns.name`, `host:10000=ns/name`, `guest.reader_1=ns.name`. Raises BadRequest."""
    found: list[WantedTable] = []
    for word in words:
        whose, equals, table = word.partition("=")
        party, _, reader = whose.partition(".")
        role, _, party_id = party.partition(":")
        sign = "/" if "/" in table else "."
        namespace, dot, name = table.partition(sign)
        if not (equals and role and dot and namespace and name):
            raise BadRequest(f"--table {word!r} names no party and table", hint=_SHAPE)
        if sign in name:
            raise BadRequest(f"--table {word!r}: where the namespace ends is not clear", hint="write it as NS/NAME")
        found.append(WantedTable(role, party_id, reader, namespace, name))
    return found


def filled(conf: dict[str, Any], wanted: list[WantedTable], model_id: str, model_version: str) -> dict[str, Any]:
    """The conf for this model version, its readers' tables replaced by those that are wanted.

    Raises BadRequest for a party or reader that the conf does not have, and for a table that is still open.
    """
    new = deepcopy(conf)
    parameters = new.setdefault("job_parameters", {})
    if str(new.get("dsl_version", 1)) == "2":
        parameters = parameters.setdefault("common", {})
    parameters |= {"job_type": "predict", "model_id": model_id, "model_version": model_version}
    for table in wanted:
        for place in _places(new, table):
            place["table"] = {"namespace": table.namespace, "name": table.name}
    still_open = [party for party, table in _open(new)]
    if still_open:
        raise BadRequest(f"no table is named for {', '.join(still_open)}", hint=f"name it: {_SHAPE}")
    return new


def _places(conf: dict[str, Any], table: WantedTable) -> list[dict[str, Any]]:
    """The parameters of the readers that a table is for; they are made where the conf is silent."""
    ids = [str(one) for one in conf.get("role", {}).get(table.role, ())]
    if not ids or (table.party_id and table.party_id not in ids):
        named = f"{table.role}:{table.party_id}" if table.party_id else table.role
        known = ", ".join(f"{role}:{one}" for role, some in conf.get("role", {}).items() for one in some)
        raise BadRequest(f"the model has no party {named}", hint=f"its parties: {known}")
    by_role = conf.setdefault("component_parameters", {}).setdefault("role", {}).setdefault(table.role, {})
    places: list[dict[str, Any]] = []
    for index, party_id in enumerate(ids):
        if table.party_id in ("", party_id):
            readers = by_role.setdefault(str(index), {})
            names = [name for name, value in readers.items() if isinstance(value, dict) and "table" in value]
            chosen = [table.reader] if table.reader else names or ["reader_0"]
            if table.reader and names and table.reader not in names:
                raise BadRequest(f"there is no reader {table.reader}", hint=f"the readers: {', '.join(names)}")
            places += [readers.setdefault(name, {}) for name in chosen]
    return places


def _open(conf: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The parties whose tables are still placeholders."""
    found: list[tuple[str, dict[str, Any]]] = []
    for role, by_index in (conf.get("component_parameters", {}).get("role") or {}).items():
        for index, components in by_index.items():
            for component, parameters in components.items():
                table = parameters.get("table") if isinstance(parameters, dict) else None
                if isinstance(table, dict) and str(table.get("name", "")).startswith("name_to_be_filled"):
                    ids = conf.get("role", {}).get(role, [])
                    party = ids[int(index)] if index.isdigit() and int(index) < len(ids) else index
                    found.append((f"{role}:{party} ({component})", table))
    return found
