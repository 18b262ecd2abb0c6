"""Tables of the site, and the jobs that make them from files and write them to files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from fateflow_tui.sdk.operations.call import (
    Call,
    Mode,
    Namespace,
    PartyLike,
    as_,
    existing,
    given,
    list_of,
    nothing,
    operation,
    party_members,
    save,
)
from fateflow_tui.sdk.types.jobs import Submission
from fateflow_tui.sdk.types.tables import ComponentTables, TableInfo, TableJobs, TableLine, TablePreview, TableSource

_LONG = 600.0  # seconds for large files


class Tables(Namespace[Mode]):
    """Tables of the site. Called directly, it lists them."""

    @operation
    def __call__(self, namespace: str = "", limit: int = 0, outputs: bool = False) -> Call[list[TableLine]]:
        """List the tables of the site, newest first. limit: 0 for all. outputs: include output tables of jobs."""
        body = given({"namespace": namespace, "limit": limit, "outputs": outputs})
        return Call("/v1/table/all", body, list_of(TableLine))

    @operation
    def info(self, namespace: str, table_name: str) -> Call[TableInfo]:
        """Return a table's row count, partitions and schema; `exist` is 0 when there is no such table."""
        return Call("/v1/table/table_info", _table(namespace, table_name), as_(TableInfo))

    @operation
    def delete(self, namespace: str, table_name: str) -> Call[None]:
        """Delete a table. The file of a bound table is kept. Raises NotFound."""
        return Call("/v1/table/delete", _table(namespace, table_name), nothing)

    @operation
    def bind(
        self,
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
        """Register a file as a table without copying it. path: on the scheduler's machine.

        engine, address: for storage other than files, as FATE's engines describe it. head: the first line names the
        columns; otherwise id_column and feature_column do. id_delimiter: separates columns; by default a tab in .tsv
        files and a comma in others. drop: replace an existing table. Raises Conflict when there is one.
        """
        options = {"id_delimiter": id_delimiter, "id_column": id_column, "feature_column": feature_column}
        body = {
            "engine": engine,
            "namespace": namespace,
            "name": name,
            "address": dict(address or {"path": path}),
            "head": int(head),
            "partitions": partitions,
            **given({**options, "drop": int(drop)}),
        }
        return Call("/v1/table/bind", body, nothing, patience=_LONG)

    @operation
    def preview(self, namespace: str, table_name: str, limit: int = 0) -> Call[TablePreview]:
        """Return the first rows of a table. limit: how many; 0 for the site's default."""
        body = {**_table(namespace, table_name), **given({"limit": limit})}
        return Call("/v1/table/preview", body, as_(TablePreview))

    @operation
    def download(
        self, namespace: str, table_name: str, target: Path | str, limit: int = -1, head: bool = True
    ) -> Call[Path]:
        """Download a table as tar.gz of `table.csv` and `table.meta` to `target`.

        limit: rows, -1 for all. head: begin with the column names.
        """
        return save("table/download", {**_table(namespace, table_name), "limit": limit, "head": head}, target)

    @operation
    def source(self, namespace: str, table_name: str) -> Call[list[TableSource]]:
        """Trace a table back to the uploaded tables that it was made from."""
        return Call("/v1/table/tracking/source", _table(namespace, table_name), list_of(TableSource))

    @operation
    def jobs(self, namespace: str, table_name: str) -> Call[TableJobs]:
        """List the jobs that have read a table."""
        return Call("/v1/table/tracking/job", _table(namespace, table_name), as_(TableJobs))

    @operation
    def of_job(self, job_id: str, party: PartyLike) -> Call[dict[str, ComponentTables]]:
        """Return the input and output tables of a job at one party, by component."""
        body = {"job_id": job_id, **party_members(party)}
        return Call("/v1/table/list", body, as_(dict[str, ComponentTables]))

    @operation
    def update_schema(self, namespace: str, table_name: str, schema: Mapping[str, Any]) -> Call[None]:
        """Change members of a table's schema, such as `header` and `sid`."""
        body = {**_table(namespace, table_name), "schema": dict(schema)}
        return Call("/v1/table/schema/update", body, nothing)

    @operation
    def enable(self, namespace: str, table_name: str) -> Call[None]:
        """Allow jobs to read a table again."""
        return Call("/v1/table/enable", _table(namespace, table_name), nothing)

    @operation
    def disable(self, namespace: str, table_name: str) -> Call[None]:
        """Forbid jobs to read a table until it is enabled again."""
        return Call("/v1/table/disable", _table(namespace, table_name), nothing)

    @operation
    def delete_disabled(self, namespace: str = "", table_name: str = "") -> Call[list[dict[str, str]]]:
        """Delete disabled tables, all or those of this name, and return their names."""
        body = given({"namespace": namespace, "table_name": table_name})
        return Call("/v1/table/disable/delete", body, list_of(dict[str, str]))

    @operation
    def create_connector(self, name: str, engine: str, info: Mapping[str, Any]) -> Call[None]:
        """Store an address under a name; `bind` accepts {connector_name, path} as `address`."""
        body = {"connector_name": name, "engine": engine, "connector_info": dict(info)}
        return Call("/v1/table/connector/create", body, nothing)

    @operation
    def connector(self, name: str) -> Call[dict[str, Any]]:
        """Return a stored address: {connector_name, engine, connector_info}. Raises NotFound."""
        return Call("/v1/table/connector/query", {"connector_name": name}, as_(dict[str, Any]))


class Data(Namespace[Mode]):
    """Make tables from files, and write tables to files."""

    @operation
    def upload(
        self,
        path: Path | str,
        *,
        table_name: str,
        namespace: str,
        head: bool = True,
        partition: int = 4,
        drop: bool = False,
        id_delimiter: str = ",",
    ) -> Call[Submission]:
        """Send a CSV file and start the job that makes a table of it.

        head: the first line names the columns. drop: replace an existing table. Raises BadRequest when there is no
        such file, Conflict when the table exists.
        """
        conf = _upload_conf(str(path), table_name, namespace, head, partition, drop, id_delimiter)
        return Data.upload_conf.call(path, conf)

    @operation
    def upload_conf(self, path: Path | str, conf: Mapping[str, Any]) -> Call[Submission]:
        """Send a CSV file with an upload configuration of FATE's clients. Raises BadRequest when there is no such
        file.
        """
        query = quote(msgspec.json.encode(dict(conf)).decode(), safe="")
        return Call(f"/v1/data/upload?{query}", {}, as_(Submission), upload=existing(path), patience=_LONG)

    @operation
    def upload_server_file(
        self,
        path: str,
        *,
        table_name: str,
        namespace: str,
        head: bool = True,
        partition: int = 4,
        drop: bool = False,
        id_delimiter: str = ",",
    ) -> Call[Submission]:
        """Start the job that makes a table of a CSV file on the scheduler's machine. Arguments as for `upload`."""
        conf = _upload_conf(path, table_name, namespace, head, partition, drop, id_delimiter)
        return Call("/v1/data/upload", {**conf, "use_local_data": 0}, as_(Submission))

    @operation
    def upload_history(self, limit: int = 10, job_id: str = "") -> Call[list[dict[str, Any]]]:
        """List uploads whose tables still exist, newest first: {job_id: {upload_info, notes, schema}}."""
        return Call("/v1/data/upload/history", given({"limit": limit, "job_id": job_id}), list_of(dict[str, Any]))

    @operation
    def download(
        self,
        namespace: str,
        table_name: str,
        output_path: Path | str,
        delimiter: str = ",",
        *,
        head: bool = False,
        quoted: bool = False,
    ) -> Call[Submission]:
        """Start the job that writes a table to a file on the scheduler's machine.

        head: begin with the column names. quoted: put double quotes around values that contain the delimiter;
        otherwise such a row gets an additional field.
        """
        body = {"namespace": namespace, "table_name": table_name, "output_path": str(output_path)}
        options = {"delimiter": delimiter, "head": int(head), "quoted": int(quoted)}
        return Call("/v1/data/download", {**body, **options}, as_(Submission))

    @operation
    def write(
        self,
        namespace: str,
        table_name: str,
        *,
        output_path: str = "",
        output_namespace: str = "",
        output_name: str = "",
        drop: bool = False,
    ) -> Call[Submission]:
        """Start the job that writes a table to a CSV file on the scheduler's machine, or to another table.

        drop: replace an existing table. Raises Conflict when there is one.
        """
        target = {"output_path": output_path, "output_namespace": output_namespace, "output_name": output_name}
        body = {"namespace": namespace, "table_name": table_name, **given({**target, "drop": int(drop)})}
        return Call("/v1/data/writer", body, as_(Submission))


def _table(namespace: str, table_name: str) -> dict[str, Any]:
    return {"namespace": namespace, "table_name": table_name}


def _upload_conf(
    file: str, table_name: str, namespace: str, head: bool, partition: int, drop: bool, id_delimiter: str
) -> dict[str, Any]:
    return {
        "file": file,
        "table_name": table_name,
        "namespace": namespace,
        "head": int(head),
        "partition": partition,
        "drop": int(drop),
        "id_delimiter": id_delimiter,
    }
