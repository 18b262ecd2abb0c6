"""Tables of the asked site."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fateflow_tui.sdk.operations.call import Call, PartyLike, as_, fetch, given, list_of, nothing, party_members
from fateflow_tui.sdk.types import ComponentTables, TableInfo, TableJobs, TableLine, TablePreview, TableSource


def listed(namespace: str = "", limit: int = 0, outputs: bool = False) -> Call[list[TableLine]]:
    """Tables of the site, newest first; limit 0 for all. outputs: also those that jobs have left."""
    body = given({"namespace": namespace, "limit": limit, "outputs": outputs})
    return Call("/v1/table/all", body, list_of(TableLine))


def info(namespace: str, table_name: str) -> Call[TableInfo]:
    """A table's row count, partitions and schema; `exist` is 0 when there is none."""
    return Call("/v1/table/table_info", _names(namespace, table_name), as_(TableInfo))


def delete(namespace: str, table_name: str) -> Call[None]:
    """Deletes a table; the files behind a bound one stay. Raises NotFound."""
    return Call("/v1/table/delete", _names(namespace, table_name), nothing)


def bind(
    namespace: str,
    name: str,
    path: str,
    *,
    engine: str = "PATH",
    head: bool = True,
    id_delimiter: str = "",
    partitions: int = 4,
    id_column: str = "",
    feature_column: str = "",
    drop: bool = False,
    address: Mapping[str, Any] | None = None,
) -> Call[None]:
    """Makes a table of a file that stays where it is: `path` on the scheduler's machine.

    engine, address: for other places than files, as FATE's engines name theirs. drop: replace a table of this name;
    else Conflict is raised. id_column, feature_column: names where the file has no line of them. id_delimiter: what
    separates columns; '' for the tab in .tsv files, else the comma.
    """
    body = {
        "engine": engine,
        "namespace": namespace,
        "name": name,
        "address": dict(address or {"path": path}),
        "head": int(head),
        "partitions": partitions,
        **given(
            {"id_delimiter": id_delimiter, "id_column": id_column, "feature_column": feature_column, "drop": int(drop)}
        ),
    }
    return Call("/v1/table/bind", body, nothing, patience=600)


def preview(namespace: str, table_name: str, limit: int = 0) -> Call[TablePreview]:
    """The first rows of a table. limit: how many; 0 for what the site shows by itself."""
    body = {**_names(namespace, table_name), **given({"limit": limit})}
    return Call("/v1/table/preview", body, as_(TablePreview))


def download(namespace: str, table_name: str, target: Path | str, limit: int = -1, head: bool = True) -> Call[Path]:
    """A table as tar.gz of `table.csv` and `table.meta`, written to `target`. limit: rows, -1 for all. head: begin with
    a line of names.
    """
    return fetch("table/download", {**_names(namespace, table_name), "limit": limit, "head": head}, target)


def source(namespace: str, table_name: str) -> Call[list[TableSource]]:
    """Where a table comes from, back to what was uploaded."""
    return Call("/v1/table/tracking/source", _names(namespace, table_name), list_of(TableSource))


def jobs(namespace: str, table_name: str) -> Call[TableJobs]:
    """The jobs that have read a table."""
    return Call("/v1/table/tracking/job", _names(namespace, table_name), as_(TableJobs))


def of_job(job_id: str, party: PartyLike) -> Call[dict[str, ComponentTables]]:
    """Input and output tables of each component of a job at one party."""
    body = {"job_id": job_id, **party_members(party)}
    return Call("/v1/table/list", body, as_(dict[str, ComponentTables]))


def update_schema(namespace: str, table_name: str, schema: Mapping[str, Any]) -> Call[None]:
    """Changes members of a table's schema, such as `header` and `sid`."""
    body = {**_names(namespace, table_name), "schema": dict(schema)}
    return Call("/v1/table/schema/update", body, nothing)


def enable(namespace: str, table_name: str) -> Call[None]:
    """Lets jobs read a table again."""
    return Call("/v1/table/enable", _names(namespace, table_name), nothing)


def disable(namespace: str, table_name: str) -> Call[None]:
    """No job may read a table until it is enabled again."""
    return Call("/v1/table/disable", _names(namespace, table_name), nothing)


def delete_disabled(namespace: str = "", table_name: str = "") -> Call[list[dict[str, str]]]:
    """Deletes disabled tables, all or those of this name, and gives their names."""
    body = given({"namespace": namespace, "table_name": table_name})
    return Call("/v1/table/disable/delete", body, list_of(dict[str, str]))


def create_connector(name: str, engine: str, info: Mapping[str, Any]) -> Call[None]:
    """Keeps an address under a name, which `bind` may then take in the place of one: {connector_name, path}."""
    body = {"connector_name": name, "engine": engine, "connector_info": dict(info)}
    return Call("/v1/table/connector/create", body, nothing)


def connector(name: str) -> Call[dict[str, Any]]:
    """What is kept under a name: {connector_name, engine, connector_info}. Raises NotFound."""
    return Call("/v1/table/connector/query", {"connector_name": name}, as_(dict[str, Any]))


def _names(namespace: str, table_name: str) -> dict[str, Any]:
    return {"namespace": namespace, "table_name": table_name}
