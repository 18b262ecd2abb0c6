"""Uploads, downloads and other jobs of the party `local:0`, which concern only this site."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import msgspec

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.jobs.jobs import JobService

_UPLOAD_FIELDS = ("id_delimiter", "storage_engine", "storage_address", "duplicate_ids")
_UPLOAD_FLAGS = ("extend_sid", "auto_increasing_sid", "with_meta")
_JOB_FIELDS = ("task_cores", "task_memory")


def upload_job(conf: Mapping[str, Any], file: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """DSL and conf of an upload of `file`, a path on this site. Raises BadRequest naming what is missing or wrong."""
    _need(conf, "table_name", "namespace", "head", "partition")
    parameters = {
        "file": file,
        "file_name": PurePath(str(conf.get("file") or file)).name,
        "name": str(conf["table_name"]),
        "namespace": str(conf["namespace"]),
        "head": _whole(conf, "head"),
        "partition": _whole(conf, "partition"),
        # FATE 1.6 clients send 2 for "do not drop"; only 1 and true mean yes.
        "destroy": is_truthy(conf.get("drop")),
        **{flag: is_truthy(conf.get(flag)) for flag in _UPLOAD_FLAGS},
    }
    parameters.update({field: conf[field] for field in _UPLOAD_FIELDS if conf.get(field) is not None})
    for field, name in (("schema", "table_schema"), ("meta", "meta")):
        if field == "meta" and not parameters["with_meta"]:
            continue
        if (given := _object(conf, field)) is not None:
            parameters[name] = given
    return _local_job("upload_0", "Upload", parameters, "upload", conf)


def download_job(conf: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """DSL and conf of a download to `output_path`, a path on this site."""
    _need(conf, "table_name", "namespace", "output_path")
    parameters = {
        "name": str(conf["table_name"]),
        "namespace": str(conf["namespace"]),
        "output_path": str(conf["output_path"]),
        "delimiter": str(conf.get("delimiter") or ","),
        "head": int(is_truthy(conf.get("head"))),
        "quoted": int(is_truthy(conf.get("quoted"))),
    }
    return _local_job("download_0", "Download", parameters, "", conf)


def writer_job(parameters: Mapping[str, Any], conf: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """DSL and conf of a job that writes a table to another one or to a file; see `components.writer.WriterParam`."""
    return _local_job("writer_0", "Writer", dict(parameters), "writer", conf)


def model_job(module: str, conf: Mapping[str, Any], directory: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """DSL and conf of a job that stores (ModelStore) or restores (ModelRestore) one party's part of a model.

    directory: the second location of this site.
    """
    _need(conf, "model_id", "model_version", "role", "party_id")
    parameters = {name: str(conf[name]) for name in ("model_id", "model_version", "role", "party_id")}
    address = {"storage": "file", "path": directory}
    given = {**parameters, "store_address": address, "force_update": is_truthy(conf.get("force_update"))}
    return _local_job(f"{module.removeprefix('Model').lower()}_0", module, given, "", conf)


def is_truthy(value: Any) -> bool:
    """Whether a flag is set: 1 or true, also as text. Clients send 2, 0, false or nothing for no."""
    return value in (1, "1") or str(value).lower() == "true"


def _local_job(
    component: str, module: str, parameters: dict[str, Any], data_port: str, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    description: dict[str, Any] = {"module": module}
    if data_port:
        description["output"] = {"data": [data_port]}
    dsl = {"components": {component: description}}
    own = {field: _whole(given, field) for field in _JOB_FIELDS if given.get(field) is not None}
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "local", "party_id": 0},
        "role": {"local": [0]},
        "job_parameters": {"common": {"job_type": "train", "task_cores": 1, **own}},
        "component_parameters": {"role": {"local": {"0": {component: parameters}}}},
    }
    return dsl, conf


def _need(conf: Mapping[str, Any], *names: str) -> None:
    missing = [name for name in names if conf.get(name) in (None, "")]
    if missing:
        raise BadRequest(f"required parameters are missing: {', '.join(missing)}")


def _object(conf: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return an object, which clients that send form fields send as JSON text."""
    value = conf.get(name)
    if isinstance(value, str) and value.strip():
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise BadRequest(f"{name} is not a JSON object: {value!r:.80}") from None
    if not value:
        return None
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object, not {value!r:.80}")
    return value


def _whole(conf: Mapping[str, Any], name: str) -> int:
    value = conf[name]
    if isinstance(value, str | int):
        with contextlib.suppress(ValueError):
            return int(value)
    raise BadRequest(f"{name} must be an integer, not {value!r:.80}")


class TableExists(Conflict):
    """The table of an upload exists, and replacing it was not requested. FATE-Flow answers 100 here."""

    code, retcode = "table_exists", 100


class LocalJobService:
    """Runs what concerns only this site as jobs of the party `local:0`, logged and listed like any other job."""

    def __init__(self, jobs: JobService, tables: Tables) -> None:
        self._jobs = jobs
        self._tables = tables

    async def upload(self, conf: Mapping[str, Any], file: Path, *, by: str = "") -> JobState:
        """Store a file of this site as a table. Raises TableExists, BadRequest."""
        dsl, job_conf = upload_job(conf, str(file))
        namespace, name = str(conf["namespace"]), str(conf["table_name"])
        drop = bool(job_conf["component_parameters"]["role"]["local"]["0"]["upload_0"]["destroy"])
        if self._tables.meta(namespace, name) is not None and not drop:
            raise TableExists(
                f"table {namespace}.{name} already exists",
                hint="replace it with drop=1 (--drop), or choose another name",
            )
        return await self._submit(dsl, job_conf, by)

    async def download(self, conf: Mapping[str, Any], *, by: str = "") -> JobState:
        """Write a table to a file of this site. Raises NotFound, BadRequest."""
        dsl, job_conf = download_job(conf)
        self._tables.usable(str(conf["namespace"]), str(conf["table_name"]))
        return await self._submit(dsl, job_conf, by)

    async def write(self, parameters: Mapping[str, Any], conf: Mapping[str, Any], *, by: str = "") -> JobState:
        """Write a table to another table or to a file of this site. Raises NotFound, BadRequest."""
        self._tables.usable(str(parameters["namespace"]), str(parameters["table_name"]))
        return await self._submit(*writer_job(parameters, conf), by)

    async def store_model(self, conf: Mapping[str, Any], directory: str, *, by: str = "") -> JobState:
        """Copy a party's part of a model to the second location."""
        return await self._submit(*model_job("ModelStore", conf, directory), by)

    async def restore_model(self, conf: Mapping[str, Any], directory: str, *, by: str = "") -> JobState:
        """Copy a party's part of a model back from the second location."""
        return await self._submit(*model_job("ModelRestore", conf, directory), by)

    async def _submit(self, dsl: Mapping[str, Any], conf: Mapping[str, Any], by: str) -> JobState:
        return (await self._jobs.submit(dsl, conf, by=by)).state
