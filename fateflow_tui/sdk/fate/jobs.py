"""The members job, task and queue of `FlowClient`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fateflow_tui.sdk.fate.wire import Answer, Conf, Wire, conf_of, filled
from fateflow_tui.sdk.operations.call import document

Id = str | int


class Job:
    """Jobs."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def submit(
        self,
        config_data: Conf | None = None,
        dsl_data: Conf | None = None,
        *,
        conf_path: Conf | None = None,
        dsl_path: Conf | None = None,
    ) -> Answer:
        """Submit a job; a prediction job without a DSL."""
        dsl = conf_of(dsl_data, dsl_path) if (dsl_data, dsl_path) != (None, None) else {}
        return self._wire.post("job/submit", {"job_dsl": dsl, "job_runtime_conf": conf_of(config_data, conf_path)})

    def list(self, limit: int = 10) -> Answer:
        return self._wire.post("job/list/job", {"limit": limit})

    def query(
        self,
        job_id: Id | None = None,
        role: str | None = None,
        party_id: Id | None = None,
        component_name: str | None = None,
        status: str | None = None,
    ) -> Answer:
        filters = {"job_id": job_id, "role": role, "party_id": party_id, "status": status}
        return self._wire.post("job/query", {**filters, "component_name": component_name})

    def view(
        self, job_id: Id | None = None, role: str | None = None, party_id: Id | None = None, status: str | None = None
    ) -> Answer:
        filters = {"job_id": job_id, "role": role, "party_id": party_id, "status": status}
        return self._wire.post("job/data/view/query", filters)

    def stop(self, job_id: Id) -> Answer:
        return self._wire.post("job/stop", {"job_id": str(job_id)})

    def config(self, job_id: Id, role: str, party_id: Id, output_path: str | Path) -> Answer:
        """Write the documents of a job to `job_<id>_config` below `output_path`."""
        answer = self._wire.post("job/config", {"job_id": str(job_id), "role": role, "party_id": party_id})
        data = answer.get("data")
        if answer.get("retcode") != 0 or not isinstance(data, dict):
            return answer
        folder = Path(output_path).expanduser().absolute() / f"job_{job_id}_config"
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in data.items():
            if name != "job_id":
                text = json.dumps(value, indent=4, ensure_ascii=False)
                (folder / f"{Path(name).name}.json").write_text(text, encoding="utf-8")
        kept = {name: value for name, value in data.items() if name not in ("dsl", "runtime_conf")}
        return {**answer, "data": kept, "directory": str(folder), "retmsg": f"downloaded to {folder}"}

    def log(self, job_id: Id, output_path: str | Path) -> Answer:
        """Unpack the logs of a job into `job_<id>_log` below `output_path`."""
        folder = Path(output_path).expanduser().absolute() / f"job_{job_id}_log"
        return self._wire.archive("POST", "job/log/download", {"job_id": str(job_id)}, folder)

    def generate_dsl(
        self,
        train_dsl: Conf | None = None,
        cpn: Conf | Sequence[str] | None = None,
        *,
        train_dsl_path: Conf | None = None,
        cpn_file_path: str | Path | None = None,
        cpn_list: Sequence[str] | str | None = None,
    ) -> Answer:
        """Return the prediction DSL of components. cpn: a list of them, or the path of a file with a list."""
        dsl = json.dumps(conf_of(train_dsl, train_dsl_path))
        answer = self._wire.post(
            "job/dsl/generate", {"train_dsl": dsl, "cpn_str": _components(cpn, cpn_file_path, cpn_list), "version": "2"}
        )
        return filled(answer)


class Task:
    """Tasks."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def list(self, limit: int = 10) -> Answer:
        return self._wire.post("job/list/task", {"limit": limit})

    def query(
        self,
        job_id: Id | None = None,
        role: str | None = None,
        party_id: Id | None = None,
        component_name: str | None = None,
        status: str | None = None,
    ) -> Answer:
        filters = {"job_id": job_id, "role": role, "party_id": party_id, "status": status}
        return self._wire.post("job/task/query", {**filters, "component_name": component_name})


class Queue:
    """The queue."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def clean(self) -> Answer:
        return self._wire.post("job/clean/queue")


def _components(cpn: Any, path: str | Path | None, names: Sequence[str] | str | None) -> Any:
    """A list of components as it is sent; from a list, a text or a file."""
    if names is not None:
        return names if isinstance(names, str) else list(names)
    if isinstance(cpn, list | tuple):
        return list(cpn)
    source = path or cpn
    if isinstance(source, Path) or (isinstance(source, str) and Path(source).is_file()):
        return document(Path(source))
    return source or ""
