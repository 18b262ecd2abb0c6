"""The members component, checkpoint, data and table of `FlowClient`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fateflow_tui.sdk.fate.jobs import Id
from fateflow_tui.sdk.fate.wire import Answer, Conf, Wire, as_query, conf_of, filled


class Component:
    """Outputs of components."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, job_id: Id) -> Answer:
        return self._wire.post("tracking/component/list", {"job_id": str(job_id)})

    def metrics(self, job_id: Id, role: str, party_id: Id, component_name: str) -> Answer:
        return self._wire.post("tracking/component/metrics", _place(job_id, role, party_id, component_name))

    def metric_all(self, job_id: Id, role: str, party_id: Id, component_name: str) -> Answer:
        return self._wire.post("tracking/component/metric/all", _place(job_id, role, party_id, component_name))

    def metric_delete(self, date: str | int | None = None, job_id: Id | None = None) -> Answer:
        """Delete the metrics of a job, or of all jobs of a day (`YYYYMMDD`)."""
        return self._wire.post("tracking/component/metric/delete", {"model": date, "job_id": job_id})

    def parameters(self, job_id: Id, role: str, party_id: Id, component_name: str) -> Answer:
        return self._wire.post("tracking/component/parameters", _place(job_id, role, party_id, component_name))

    def output_model(self, job_id: Id, role: str, party_id: Id, component_name: str) -> Answer:
        return self._wire.post("tracking/component/output/model", _place(job_id, role, party_id, component_name))

    def output_data_table(self, job_id: Id, role: str, party_id: Id, component_name: str) -> Answer:
        return self._wire.post("tracking/component/output/data/table", _place(job_id, role, party_id, component_name))

    def output_data(
        self, job_id: Id, role: str, party_id: Id, component_name: str, output_path: str | Path, limit: int = -1
    ) -> Answer:
        """Unpack the output tables into `job_<id>_<component>_<role>_<party>_output_data` below `output_path`."""
        name = f"job_{job_id}_{component_name}_{role}_{party_id}_output_data"
        body = {**_place(job_id, role, party_id, component_name), "limit": limit}
        folder = Path(output_path).expanduser().absolute() / name
        return self._wire.archive("GET", "tracking/component/output/data/download", body, folder)

    def get_summary(self, job_id: Id, role: str, party_id: Id, component_name: str) -> Answer:
        answer = self._wire.post("tracking/component/summary/download", _place(job_id, role, party_id, component_name))
        return filled(answer)

    def hetero_model_merge(self, **body: Any) -> Answer:
        return self._wire.post("component/hetero/merge", body)

    def woe_array_extract(self, **body: Any) -> Answer:
        return self._wire.post("component/woe_array/extract", body)

    def woe_array_merge(self, **body: Any) -> Answer:
        return self._wire.post("component/woe_array/merge", body)


class Checkpoint:
    """Checkpoints that components write during training."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list_checkpoints(
        self, role: str, party_id: Id, model_id: str, model_version: str, component_name: str
    ) -> Answer:
        return self._wire.post("checkpoint/list", _part(role, party_id, model_id, model_version, component_name))

    def get_checkpoint(
        self,
        role: str,
        party_id: Id,
        model_id: str,
        model_version: str,
        component_name: str,
        step_index: int | None = None,
        step_name: str | None = None,
    ) -> Answer:
        part = _part(role, party_id, model_id, model_version, component_name)
        return self._wire.post("checkpoint/get", {**part, "step_index": step_index, "step_name": step_name})


def _place(job_id: Id, role: str, party_id: Id, component_name: str) -> dict[str, Any]:
    return {"job_id": str(job_id), "role": role, "party_id": party_id, "component_name": component_name}


def _part(role: str, party_id: Id, model_id: str, model_version: str, component_name: str) -> dict[str, Any]:
    return {
        "role": role,
        "party_id": party_id,
        "model_id": model_id,
        "model_version": model_version,
        "component_name": component_name,
    }


class Data:
    """Make tables from files, and write tables to files."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def upload(
        self, config_data: Conf | None = None, verbose: int = 0, drop: int = 0, *, conf_path: Conf | None = None
    ) -> Answer:
        """Make a table from a file on this machine, or on the scheduler's with `use_local_data` 0. drop: replace an
        existing table.
        """
        conf = conf_of(config_data, conf_path)
        conf["drop"] = 1 if drop == 1 else conf.get("drop", 0)
        if str(conf.get("use_local_data", 1)) == "0":
            return self._wire.post("data/upload", conf)
        return self._wire.post_file("data/upload", _file(conf, config_data or conf_path), query=as_query(conf))

    def download(self, config_data: Conf | None = None, *, conf_path: Conf | None = None) -> Answer:
        """Write a table to a file on the scheduler's machine."""
        conf = conf_of(config_data, conf_path)
        conf["output_path"] = str(Path(str(conf.get("output_path", ""))).expanduser().absolute())
        return self._wire.post("data/download", conf)

    def upload_history(self, limit: int = 10, job_id: Id | None = None) -> Answer:
        return self._wire.post("data/upload/history", {"limit": limit, "job_id": job_id})


class Table:
    """Tables."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def info(self, namespace: str, table_name: str) -> Answer:
        return self._wire.post("table/table_info", {"namespace": namespace, "table_name": table_name})

    def delete(
        self,
        namespace: str | None = None,
        table_name: str | None = None,
        job_id: Id | None = None,
        role: str | None = None,
        party_id: Id | None = None,
        component_name: str | None = None,
    ) -> Answer:
        """Delete a table. The arguments after its name have no effect, as in FATE."""
        body = {"namespace": namespace, "table_name": table_name, "job_id": job_id, "role": role}
        return self._wire.post("table/delete", {**body, "party_id": party_id, "component_name": component_name})

    def bind(
        self,
        engine: str,
        name: str,
        namespace: str,
        address: Mapping[str, Any],
        partitions: int | None = None,
        head: bool | None = None,
        id_delimiter: str | None = None,
        in_serialized: bool | None = None,
        drop: int | bool | None = None,
        id_column: str | None = None,
        feature_column: str | None = None,
        **more: Any,
    ) -> Answer:
        """Register data as a table without copying it."""
        body = {
            "engine": engine,
            "name": name,
            "namespace": namespace,
            "address": dict(address),
            "partitions": partitions,
            "head": head,
            "id_delimiter": id_delimiter,
            "in_serialized": in_serialized,
            "drop": drop,
            "id_column": id_column,
            "feature_column": feature_column,
        }
        return self._wire.post("table/bind", {**body, **more})


def _file(conf: Mapping[str, Any], source: Any) -> Path:
    """The file of a configuration: its path as given, or relative to the configuration's own file."""
    named = Path(str(conf.get("file", ""))).expanduser()
    if named.is_file() or not isinstance(source, str | Path):
        return named
    beside = Path(source).expanduser().parent / named
    return beside if beside.is_file() else named
