"""Data: tables from files, and files from tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from fateflow_tui.sdk.operations.call import Call, as_, existing, given, list_of
from fateflow_tui.sdk.types.jobs import Submission

_LONG = 600.0  # seconds for large files


def upload(
    path: Path | str,
    *,
    table_name: str,
    namespace: str,
    head: bool = True,
    partition: int = 4,
    drop: bool = False,
    id_delimiter: str = ",",
) -> Call[Submission]:
    """Sends a CSV file and starts the job that makes a table of it.

    head: the first line names the columns. drop: replace a table of this name; else Conflict is raised.
    """
    return upload_conf(path, _conf(str(path), table_name, namespace, head, partition, drop, id_delimiter))


def upload_conf(path: Path | str, conf: Mapping[str, Any]) -> Call[Submission]:
    """An upload with a configuration as FATE's clients write it. Raises BadRequest when there is no such file."""
    query = quote(msgspec.json.encode(dict(conf)).decode(), safe="")
    return Call(f"/v1/data/upload?{query}", {}, as_(Submission), upload=existing(path), patience=_LONG)


def upload_server_file(
    path: str,
    *,
    table_name: str,
    namespace: str,
    head: bool = True,
    partition: int = 4,
    drop: bool = False,
    id_delimiter: str = ",",
) -> Call[Submission]:
    """Starts the job that makes a table of a CSV file on the scheduler's machine."""
    conf = _conf(path, table_name, namespace, head, partition, drop, id_delimiter)
    return Call("/v1/data/upload", {**conf, "use_local_data": 0}, as_(Submission))


def download(
    namespace: str,
    table_name: str,
    output_path: Path | str,
    delimiter: str = ",",
    *,
    head: bool = False,
    quoted: bool = False,
) -> Call[Submission]:
    """Starts the job that writes a table to a file of the scheduler's machine. head: with the names of the columns.
    quoted: with double quotes around values that hold the delimiter; without them such a row has a field too many.
    """
    body = {"namespace": namespace, "table_name": table_name, "output_path": str(output_path), "delimiter": delimiter}
    return Call("/v1/data/download", {**body, "head": int(head), "quoted": int(quoted)}, as_(Submission))


def write(
    namespace: str,
    table_name: str,
    *,
    output_path: str = "",
    output_namespace: str = "",
    output_name: str = "",
    drop: bool = False,
) -> Call[Submission]:
    """Starts the job that writes a table to a CSV file on the scheduler's machine, or to another table.

    drop: replace a table of that name; else Conflict is raised.
    """
    target = {"output_path": output_path, "output_namespace": output_namespace, "output_name": output_name}
    body = {"namespace": namespace, "table_name": table_name, **given({**target, "drop": int(drop)})}
    return Call("/v1/data/writer", body, as_(Submission))


def upload_history(limit: int = 10, job_id: str = "") -> Call[list[dict[str, Any]]]:
    """What was uploaded, newest first, as far as the tables still exist: {job_id: {upload_info, notes, schema}}."""
    return Call("/v1/data/upload/history", given({"limit": limit, "job_id": job_id}), list_of(dict[str, Any]))


def _conf(
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
