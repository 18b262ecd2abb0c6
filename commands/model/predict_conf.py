"""Confs of predict jobs, filled in with the tables given on the command line. Pure."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, NamedTuple

from fateflow_tui.core.errors import BadRequest

_EXAMPLE = "for example --table guest=demo.new, --table host:10000=demo.new, or --table guest.reader_1=demo.new"


class TableChoice(NamedTuple):
    """The table that a role, or one party of it, reads; with one reader, or with all of them (reader '')."""

    role: str
    party_id: str
    reader: str
    namespace: str
    name: str


def tables_of(words: list[str]) -> list[TableChoice]:
    """Parse `guest=ns.name`, `host:10000=ns/name`, `guest.reader_1=ns.name`. Raises BadRequest."""
    found: list[TableChoice] = []
    for word in words:
        target, equals, table = word.partition("=")
        party, _, reader = target.partition(".")
        role, _, party_id = party.partition(":")
        sign = "/" if "/" in table else "."
        namespace, dot, name = table.partition(sign)
        if not (equals and role and dot and namespace and name):
            raise BadRequest(f"invalid --table {word!r}: expected PARTY=NAMESPACE.NAME", hint=_EXAMPLE)
        if sign in name:
            raise BadRequest(f"ambiguous --table {word!r}: more than one dot", hint="write the table as NAMESPACE/NAME")
        found.append(TableChoice(role, party_id, reader, namespace, name))
    return found


def filled(conf: dict[str, Any], choices: list[TableChoice], model_id: str, model_version: str) -> dict[str, Any]:
    """Return the conf for a model version, with the tables of its readers replaced.

    Raises BadRequest for an unknown party or reader, and for a table that is still a placeholder.
    """
    new = deepcopy(conf)
    parameters = new.setdefault("job_parameters", {})
    if str(new.get("dsl_version", 1)) == "2":
        parameters = parameters.setdefault("common", {})
    parameters |= {"job_type": "predict", "model_id": model_id, "model_version": model_version}
    for table in choices:
        for parameters_of_reader in _readers(new, table):
            parameters_of_reader["table"] = {"namespace": table.namespace, "name": table.name}
    missing = [party for party, table in _placeholders(new)]
    if missing:
        raise BadRequest(f"missing table for {', '.join(missing)}", hint=_EXAMPLE)
    return new


def _readers(conf: dict[str, Any], table: TableChoice) -> list[dict[str, Any]]:
    """Return the parameters of the readers that a table is for; created where the conf has none."""
    ids = [str(one) for one in conf.get("role", {}).get(table.role, ())]
    if not ids or (table.party_id and table.party_id not in ids):
        named = f"{table.role}:{table.party_id}" if table.party_id else table.role
        known = ", ".join(f"{role}:{one}" for role, some in conf.get("role", {}).items() for one in some)
        raise BadRequest(f"the model has no party {named}", hint=f"parties: {known}")
    by_role = conf.setdefault("component_parameters", {}).setdefault("role", {}).setdefault(table.role, {})
    found: list[dict[str, Any]] = []
    for index, party_id in enumerate(ids):
        if table.party_id in ("", party_id):
            readers = by_role.setdefault(str(index), {})
            names = [name for name, value in readers.items() if isinstance(value, dict) and "table" in value]
            chosen = [table.reader] if table.reader else names or ["reader_0"]
            if table.reader and names and table.reader not in names:
                raise BadRequest(f"unknown reader {table.reader}", hint=f"readers: {', '.join(names)}")
            found += [readers.setdefault(name, {}) for name in chosen]
    return found


def _placeholders(conf: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the parties whose tables are still placeholders."""
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
