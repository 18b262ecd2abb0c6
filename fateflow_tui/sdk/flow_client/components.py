"""Members component and checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fateflow_tui.sdk.flow_client.jobs import Id
from fateflow_tui.sdk.flow_client.wire import Answer, Wire, filled


class Component:
    """What components leave."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, job_id: Id) -> Answer:
        return self._wire.post("tracking/component/list", {"job_id": str(job_id)})

    def metrics(self, job_id: Id, role: str, party_id: Id, component_name: str) -> Answer:
        return self._wire.post("tracking/component/metrics", _place(job_id, role, party_id, component_name))

    def metric_all(self, job_id: Id, role: str, party_id: Id, component_name: str) -> Answer:
        return self._wire.post("tracking/component/metric/all", _place(job_id, role, party_id, component_name))

    def metric_delete(self, date: str | int | None = None, job_id: Id | None = None) -> Answer:
        """Forgets the metrics of a job, or of all jobs of a day (`YYYYMMDD`)."""
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
        """Unpacks the output tables into `job_<id>_<component>_<role>_<party>_output_data` below `output_path`."""
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
    """What components write while they are trained."""

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
