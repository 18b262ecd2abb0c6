"""A real site lives through requests of every kind: no fault, no traceback, always an envelope.

FATEFLOW_FUZZ: how many generated requests each operation gets, 100 unless it says otherwise.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from fateflow_tui.artifacts.home import Home
from fateflow_tui.sdk import local
from tests.contract.api_document import DOCUMENT, OPERATIONS
from tests.contract.fuzzing import Requests, Sent, mutated

_DEMO = Path(__file__).parents[2] / "demo"
_EXAMPLES = int(os.environ.get("FATEFLOW_FUZZ", "100"))
_PATIENCE = 10.0  # seconds for one answer
_BEGINNING = 1 << 16  # bytes of a stream that are read before the client hangs up
_STREAM = "text/event-stream"
_JSON = "application/json"

# What is not sent to the site while others are still to be tried.
_LAST = {"/v1/site/shutdown": "it ends the site; it is tried at the end"}
# Calls that change what others need get jobs and tables of their own.
_CHANGING = ("/rerun", "/stop", "/update", "/delete")


class FuzzedSite:
    """A running site with a finished job."""

    def __init__(self, home: Path, client: httpx.Client, job_id: str, spare_job_id: str) -> None:
        self.log = Home(home).site_logs / "fate_flow.log"
        self.client = client
        # Takes what a decent client would not send, and is quick.
        self._line = HTTPConnection(client.base_url.host, client.base_url.port, timeout=_PATIENCE)
        self.requests = Requests(DOCUMENT, _EXAMPLES)
        self.known = {
            **{"job_id": job_id, "role": "guest", "party_id": "9999", "component_name": "hetero_lr_0"},
            **{"namespace": "demo", "table_name": "breast_guest", "model_version": job_id, "version": job_id},
            **{"metric_namespace": "train", "metric_name": "loss", "word": "@1", "module": "FATE"},
            **{"model_id": "arbiter-10001#guest-9999#host-10000#model", "tag_name": "good"},
            **{
                "output_path": str(home / "downloaded.csv"),
                **_documents(),
            },
        }
        self.spare = {**self.known, "job_id": spare_job_id, "component_name": "sleep_0", "table_name": "spare"}

    def told(self) -> str:
        return self.log.read_text()

    def close(self) -> None:
        self._line.close()

    def send(self, method: str, sent: Sent) -> tuple[int, str, bytes]:
        """HTTP status, media type and content (of streams the beginning) of the answer."""
        headers = {name: value.encode("latin-1", "replace") for name, value in sent.headers.items()}
        self._line.request(method.upper(), sent.target, sent.content, headers)
        with self._line.getresponse() as answer:
            kind = (answer.getheader("Content-Type") or "").partition(";")[0]
            content = answer.read() if kind != _STREAM else answer.read1(_BEGINNING)
        if kind == _STREAM:
            self._line.close()
        return answer.status, kind, content


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzedSite]:
    home = tmp_path_factory.mktemp("fuzz") / "home"
    started = local.start(home, port=0)
    try:
        with httpx.Client(base_url=started.url, trust_env=False, timeout=30) as client:
            tables = (("breast_guest", "guest"), ("breast_host", "host"), ("spare", "host"))
            _wait(client, [_uploaded(client, table, file) for table, file in tables])
            jobs = _submitted(client, *_demo()), _submitted(client, *_sleep())
            _wait(client, jobs)
            with contextlib.closing(FuzzedSite(home, client, *jobs)) as fuzzed:
                yield fuzzed
    finally:
        local.stop(home)


def _uploaded(client: httpx.Client, table: str, file: str) -> str:
    path = str(_DEMO / "data" / f"{file}.csv")
    body = {"file": path, "use_local_data": 0, "head": 1, "partition": 4, "namespace": "demo", "table_name": table}
    return str(client.post("/v1/data/upload", json=body).json()["jobId"])


def _submitted(client: httpx.Client, dsl: dict[str, Any], conf: dict[str, Any]) -> str:
    return str(client.post("/v1/job/submit", json={"job_dsl": dsl, "job_runtime_conf": conf}).json()["jobId"])


def _wait(client: httpx.Client, jobs: Iterable[str]) -> None:
    for job_id in jobs:
        answer = client.post("/v1/job/wait", json={"job_id": job_id, "timeout": 29})
        assert answer.json()["data"]["status"] == "success"


def _demo() -> tuple[dict[str, Any], dict[str, Any]]:
    dsl, conf = (json.loads((_DEMO / f"hetero_lr_{name}.json").read_text()) for name in ("dsl", "conf"))
    conf["component_parameters"]["common"]["hetero_lr_0"]["max_iter"] = 1
    return dsl, conf


def _documents() -> dict[str, Callable[[Random], Any]]:
    """Documents with a flaw. A component that is always one too many keeps them from becoming jobs."""
    dsl, conf = _demo()
    too_many = {"components": {**dsl["components"], "surplus_0": {"module": "Surplus"}}}
    return {
        "job_dsl": lambda chance: mutated(too_many, chance),
        "job_runtime_conf": lambda chance: mutated(conf, chance),
        "component_parameters": lambda chance: mutated(conf["component_parameters"], chance),
        "job_parameters": lambda chance: mutated({"common": {"task_cores": 1, "timeout": 60}}, chance),
        "train_dsl": lambda chance: json.dumps(mutated(dsl, chance)),
        "predict_dsl": lambda chance: mutated(dsl, chance),
    }


def _sleep() -> tuple[dict[str, Any], dict[str, Any]]:
    """A job that costs next to nothing when it is run again."""
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999]},
        "job_parameters": {"common": {}},
        "component_parameters": {"common": {"sleep_0": {"seconds": 0}}},
    }
    return {"components": {"sleep_0": {"module": "Sleep"}}}, conf


def _flaws(operation: dict[str, Any], status: int, kind: str, content: bytes) -> Iterator[str]:
    if status >= 500:
        yield f"HTTP status {status}"
    documented = operation["responses"].get(str(status), {}).get("content", {})
    if kind != _JSON:
        if kind not in documented:
            yield f"{kind!r} is not documented for status {status}"
        return
    answer = json.loads(content)
    if isinstance(answer, dict) and isinstance(answer.get("retcode"), int) and isinstance(answer.get("retmsg"), str):
        if answer["retcode"] == 999 or answer["retmsg"].startswith("the server failed"):
            yield answer["retmsg"]
    elif "anyOf" not in documented.get(_JSON, {}).get("schema", {}):  # else it may be a file
        yield "no envelope"


def _shown(sent: Sent) -> str:
    return f"{sent.target[:300]} {dict(sent.headers)} {sent.content[:300]!r}"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [one for one in OPERATIONS if one[1] not in _LAST],
    ids=[operation["operationId"] for _, path, operation in OPERATIONS if path not in _LAST],
)
def test_an_operation_survives(site: FuzzedSite, method: str, path: str, operation: dict[str, Any]) -> None:
    known = site.spare if path.endswith(_CHANGING) else site.known
    before = len(site.told())
    wrong: list[str] = []
    count = 0
    for sent in site.requests.of(method, path, known):
        status, kind, content = site.send(method, sent)
        wrong += [f"{flaw}: {_shown(sent)} -> {content[:300]!r}" for flaw in _flaws(operation, status, kind, content)]
        count += 1
    assert count >= _EXAMPLES
    assert wrong[:5] == []
    assert "Traceback" not in site.told()[before:]


@pytest.mark.slow
def test_the_site_is_whole_after_all(site: FuzzedSite) -> None:
    job = site.client.post("/v1/job/show", json={"job_id": site.known["job_id"]}).json()["data"]
    assert job["status"] == "success"
    assert site.client.get("/v1/openapi.json").json() == DOCUMENT


@pytest.mark.slow
def test_the_call_that_ends_the_site_comes_last(site: FuzzedSite) -> None:
    (path,) = _LAST
    status, kind, content = site.send("post", Sent(path, b"\x00" * 100, {"Content-Type": "text/plain"}))
    assert (status, kind, json.loads(content)["retcode"]) == (200, _JSON, 0)
    assert "Traceback" not in site.told()
