"""What tests of tables ask a running site, over HTTP and as plainly as the original's clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import httpx

from fateflow_tui.sdk import FateFlow

ROWS = [("a", "1.5", "x"), ("b", "2.5", "y"), ("c", "-3", "")]
CSV = "id,v,w\n" + "".join(",".join(row) + "\n" for row in ROWS)


class Asker:
    """A plain client of one running site, with a folder of files that the site may read."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self.flow = FateFlow(home=home)
        self._client = httpx.Client(base_url=self.flow.target.url, trust_env=False, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()
        self.flow.close()

    def response(self, path: str, method: str = "POST", **body: Any) -> httpx.Response:
        return self._client.request(method, f"/v1/{path}", content=json.dumps(body))

    def ask(self, path: str, **body: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.response(path, **body).json()
        return answer

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def bind(self, name: str, path: Path, **more: Any) -> dict[str, Any]:
        body = {"engine": "PATH", "namespace": "ns", "name": name, "address": {"path": str(path)}, "head": 1}
        return self.ask("table/bind", **{**body, **more})

    def info(self, name: str) -> dict[str, Any]:
        data: dict[str, Any] = self.ask("table/table_info", namespace="ns", table_name=name)["data"]
        return data

    def rows(self, name: str) -> list[list[Any]]:
        data: list[list[Any]] = self.ask("table/preview", namespace="ns", table_name=name)["data"]["data"]
        return data

    def upload(self, name: str, text: str = CSV, **more: Any) -> str:
        path = self.file(f"{name}.csv", text)
        conf = {"file": str(path), "namespace": "ns", "table_name": name, "head": 1, "partition": 2}
        answer = self.ask("data/upload", **{**conf, "use_local_data": 0, **more})
        assert answer["retcode"] == 0, answer
        return str(answer["jobId"])

    def ended(self, job_id: str) -> str:
        return str(self.flow.wait(job_id, timeout=60).status)

    def read(self, name: str) -> dict[str, Any]:
        """Submits a job that reads the table."""
        dsl = {
            "components": {
                "reader_0": {"module": "Reader", "output": {"data": ["data"]}},
                "dataio_0": {
                    "module": "DataIO",
                    "input": {"data": {"data": ["reader_0.data"]}},
                    "output": {"data": ["data"], "model": ["model"]},
                },
            }
        }
        table = {"namespace": "ns", "name": name}
        conf = {
            "dsl_version": 2,
            "initiator": {"role": "guest", "party_id": 9999},
            "role": {"guest": [9999]},
            "job_parameters": {"common": {"task_cores": 1}},
            "component_parameters": {"role": {"guest": {"0": {"reader_0": {"table": table}}}}},
        }
        return self.ask("job/submit", job_dsl=dsl, job_runtime_conf=conf)

    def run_locally(self, module: str, **parameters: Any) -> dict[str, Any]:
        """Submits a job of one component that this site plays for itself."""
        given = {"namespace": "ns", "name": "made", **parameters}
        conf = {
            "dsl_version": 2,
            "initiator": {"role": "local", "party_id": 0},
            "role": {"local": [0]},
            "job_parameters": {"common": {"task_cores": 1}},
            "component_parameters": {"role": {"local": {"0": {"only_0": given}}}},
        }
        dsl = {"components": {"only_0": {"module": module, "output": {"data": ["data"]}}}}
        return self.ask("job/submit", job_dsl=dsl, job_runtime_conf=conf)
