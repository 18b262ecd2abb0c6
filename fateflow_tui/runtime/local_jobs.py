"""Jobs that concern this site alone, of the party local:0: tables in and out, models to their second location."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import Conflict
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.data_jobs import download_job, model_job, upload_job, writer_job


class TableExists(Conflict):
    """An upload would replace a table without having been told to. FATE-Flow answers 100 here."""

    code, retcode = "table_exists", 100


class LocalJobs:
    """submit: of `Jobs`."""

    def __init__(self, submit: Callable[..., Awaitable[JobState]], tables: Tables) -> None:
        self._submit = submit
        self._tables = tables

    async def upload(self, conf: Mapping[str, Any], file: Path, *, by: str = "") -> JobState:
        """Stores a file of this site as a table, by a job of the party local:0."""
        dsl, job_conf = upload_job(conf, str(file))
        namespace, name = str(conf["namespace"]), str(conf["table_name"])
        drops = bool(job_conf["component_parameters"]["role"]["local"]["0"]["upload_0"]["destroy"])
        if self._tables.meta(namespace, name) is not None and not drops:
            raise TableExists(
                f"table {namespace}.{name} exists already", hint="say drop=1 (--drop) to replace it, or choose a name"
            )
        return await self._submit(dsl, job_conf, by=by)

    async def download(self, conf: Mapping[str, Any], *, by: str = "") -> JobState:
        """Writes a table to a file of this site, by a job of the party local:0."""
        dsl, job_conf = download_job(conf)
        namespace, name = str(conf["namespace"]), str(conf["table_name"])
        self._tables.usable(namespace, name)
        return await self._submit(dsl, job_conf, by=by)

    async def write(self, parameters: Mapping[str, Any], conf: Mapping[str, Any], *, by: str = "") -> JobState:
        """Writes a table to another one or to a file of this site, by a job of the party local:0."""
        self._tables.usable(str(parameters["namespace"]), str(parameters["table_name"]))
        return await self._submit(*writer_job(parameters, conf), by=by)

    async def store_model(self, conf: Mapping[str, Any], directory: str, *, by: str = "") -> JobState:
        """Copies a party's part of a model to the second location, by a job of the party local:0."""
        return await self._submit(*model_job("ModelStore", conf, directory), by=by)

    async def restore_model(self, conf: Mapping[str, Any], directory: str, *, by: str = "") -> JobState:
        """Brings a party's part of a model back from the second location, by a job of the party local:0."""
        return await self._submit(*model_job("ModelRestore", conf, directory), by=by)
