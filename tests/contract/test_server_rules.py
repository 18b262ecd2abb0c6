"""The HTTP conventions of FATE-Flow's clients, over a real socket: envelopes for every failure, tolerance, uploads."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from fateflow_tui.sdk import FateFlow, local
from fateflow_tui.server.fate.absent import BUILT, NOT_BUILT

_CONF: dict[str, Any] = {
    "dsl_version": 2,
    "initiator": {"role": "guest", "party_id": 9999},
    "role": {"guest": [9999]},
    "job_parameters": {"common": {"task_cores": 1}},
}
_DSL: dict[str, Any] = {"components": {"sleep_0": {"module": "Sleep", "output": {"data": ["data"]}}}}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home of a running scheduler."""
    directory = tmp_path_factory.mktemp("home")
    local.start(directory, port=0)
    yield directory
    assert local.stop(directory)


@pytest.fixture(scope="module")
def flow(home: Path) -> Iterator[FateFlow]:
    with FateFlow(home=home) as client:
        yield client


@pytest.fixture(scope="module")
def http(flow: FateFlow) -> Iterator[httpx.Client]:
    """A client as plain as the original's."""
    with httpx.Client(base_url=flow.target.url, trust_env=False, timeout=30) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "retcode"),
    [
        ("POST", "/v1/nosuch", b"{}", 404, 404),
        ("POST", "/v1/table/nosuch", b"{}", 404, 404),
        ("GET", "/", b"", 404, 404),
        ("GET", "/v1/job/submit", b"", 405, 405),
        ("PUT", "/v1/job/query", b"{}", 405, 405),
        ("POST", "/v1/job/query", b"{", 400, 100),
        ("POST", "/v1/job/query", b"[]", 400, 100),
        ("POST", "/v1/data/upload?%7B%7D", b"", 200, 100),
        ("GET", "/v1/log/stream", b"", 400, 100),
        ("GET", "/v1/events?since=x", b"", 400, 100),
        ("POST", "/v1/job/query/", b"{}", 404, 404),
    ],
)
def test_every_failure_is_an_envelope(
    http: httpx.Client, method: str, path: str, content: bytes, status: int, retcode: int
) -> None:
    response = http.request(method, path, content=content)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.json()["retcode"] == retcode
    assert response.json()["retmsg"]


@pytest.mark.parametrize("name", sorted(NOT_BUILT))
def test_parts_that_are_not_built_say_so(http: httpx.Client, name: str) -> None:
    answer = http.post(f"/v1/{name}", json={}).json()
    assert answer["retcode"] == 100
    assert f"/v1/{name}" in answer["retmsg"]


@pytest.mark.parametrize("name", sorted(BUILT - {"job/clean/queue", "template/download"}))
@pytest.mark.parametrize("content", [b"", b"{}", b'{"job_id": "x", "role": 1, "party_id": {}, "limit": []}'])
def test_no_request_makes_the_server_fail(http: httpx.Client, name: str, content: bytes) -> None:
    method = "GET" if name == "job/log" else "POST"
    answer = http.request(method, f"/v1/{name}", content=content).json()
    assert "the server failed" not in answer["retmsg"]
    assert answer["retcode"] != 999


def test_errors_have_details_only_for_clients_that_ask(http: httpx.Client) -> None:
    plain = http.post("/v1/job/stop", json={"job_id": "nosuch"}).json()
    assert plain.keys() == {"retcode", "retmsg"}
    accept = {"Accept": "application/vnd.fateflow+json"}
    detailed = http.post("/v1/job/stop", json={"job_id": "nosuch"}, headers=accept).json()
    assert detailed["error"]["code"] == "job_not_found"
    assert http.post("/v1/job/show", json={"job_id": "nosuch"}).json()["error"]["exit_code"] == 5


@pytest.mark.parametrize("size", [5 << 20, 17 << 20])
def test_oversized_bodies_are_refused_by_their_size(http: httpx.Client, size: int) -> None:
    content = json.dumps({"job_dsl": "x" * size}).encode()
    response = http.post("/v1/job/submit", content=content)
    assert response.status_code == 413
    assert "MB" in response.json()["retmsg"]


def test_a_host_header_of_another_name_is_refused(http: httpx.Client) -> None:
    response = http.post("/v1/job/query", json={}, headers={"Host": "evil.example"})
    assert response.status_code == 403
    assert response.json()["retcode"] == 109


def test_client_options_are_not_kept_in_the_conf(http: httpx.Client, flow: FateFlow) -> None:
    conf = {**_CONF, "conf_path": "conf.json", "dsl_path": "dsl.json", "local": {"role": "guest"}}
    answer = http.post("/v1/job/submit", json={"dsl": _DSL, "runtime_conf": conf}).json()
    assert answer["retcode"] == 0
    kept = flow.job_config(answer["jobId"])["runtime_conf"]
    assert not kept.keys() & {"conf_path", "dsl_path", "local"}
    record = http.post("/v1/job/query", json={"job_id": answer["jobId"]}).json()["data"][0]
    assert record["f_status"] in ("waiting", "running", "success")
    flow.wait(answer["jobId"], 30)


@pytest.mark.parametrize(
    "wrong", ["party_id=0", "role=guest&party_id=..%2F..", "component_name=..%2Fx", "party=guest:.."]
)
def test_a_stream_that_cannot_be_meant_is_refused_before_it_begins(
    http: httpx.Client, flow: FateFlow, wrong: str
) -> None:
    job_id = http.post("/v1/job/submit", json={"job_dsl": _DSL, "job_runtime_conf": _CONF}).json()["jobId"]
    answer = http.get(f"/v1/log/stream?job_id={job_id}&{wrong}").json()
    assert answer["retcode"] == 100
    assert flow.wait(job_id, 30).status.succeeded


def test_all_problems_are_told_in_one_text(http: httpx.Client) -> None:
    dsl = {"components": {"a b": {"module": "Sleep"}, "x_0": {"module": "NoSuch"}}}
    answer = http.post("/v1/job/submit", json={"job_dsl": dsl, "job_runtime_conf": _CONF}).json()
    assert answer["retcode"] == 100
    assert "a b" in answer["retmsg"]
    assert "NoSuch" in answer["retmsg"]


def _upload(http: httpx.Client, conf: dict[str, Any], content: bytes = b"id,x\n1,2\n2,3\n") -> dict[str, Any]:
    query = quote(json.dumps(conf, ensure_ascii=False), safe="&=+,:/?@!'()*;")
    files = {"file": ("../../evil.csv", content, "application/octet-stream")}
    answer: dict[str, Any] = http.post(f"/v1/data/upload?{query}", files=files).json()
    return answer


def _conf(name: str, **more: Any) -> dict[str, Any]:
    return {"file": "x.csv", "namespace": "ns", "table_name": name, "head": 1, "partition": 2, "work_mode": 0, **more}


@pytest.mark.parametrize("name", ["plain", "with blank", "ö ü", "a&b=c+d", "100%", "50%41"])
def test_a_table_may_have_any_name(http: httpx.Client, flow: FateFlow, name: str) -> None:
    answer = _upload(http, _conf(name))
    assert answer["retcode"] == 0, answer
    assert answer["data"]["table_name"] == name
    assert answer["data"]["board_url"]
    assert flow.wait(answer["jobId"], 30).status == "success"
    polled = http.post("/v1/job/query", json={"job_id": answer["jobId"], "role": "local", "party_id": "0"}).json()
    assert polled["data"][0]["f_status"] == "success"
    info = flow.table_info("ns", name)
    assert (info.exist, info.count, info.schema) == (1, 2, {"sid": "id", "header": "x"})


@pytest.mark.parametrize(
    ("drop", "replaced"), [(None, False), (0, False), (2, False), (1, True), ("1", True), (True, True)]
)
def test_only_one_and_true_mean_drop(http: httpx.Client, flow: FateFlow, drop: Any, replaced: bool) -> None:
    table = f"drop_{drop!r}"
    flow.wait(_upload(http, _conf(table))["jobId"], 30)
    again = _upload(http, _conf(table, **({} if drop is None else {"drop": drop})), b"id,x\n1,2\n")
    if not replaced:
        assert again["retcode"] == 100
        assert "already exists" in again["retmsg"]
        return
    assert flow.wait(again["jobId"], 30).status == "success"
    assert flow.table_info("ns", table).count == 1


def test_uploaded_files_are_discarded(http: httpx.Client, flow: FateFlow, home: Path) -> None:
    _upload(http, {"namespace": "ns"})
    _upload(http, _conf("plain"))
    answer = _upload(http, _conf("discarded"))
    assert flow.wait(answer["jobId"], 30).status == "success"
    for _ in flow.events(since=0):
        if not list((home / "uploads").iterdir()):
            break
        flow.submit(_DSL, _CONF)  # makes the next event
    assert not list(home.rglob("evil.csv"))


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=b", b"no parts"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n'),
    ],
)
def test_an_upload_without_a_file_is_refused(http: httpx.Client, home: Path, content_type: str, content: bytes) -> None:
    query = quote(json.dumps(_conf("nofile")))
    response = http.post(f"/v1/data/upload?{query}", content=content, headers={"Content-Type": content_type})
    assert response.json()["retcode"] == 100


def test_a_client_that_hangs_up_leaves_nothing(http: httpx.Client, home: Path) -> None:
    before = set((home / "uploads").iterdir()) if (home / "uploads").exists() else set()
    address = urlsplit(str(http.base_url))
    query = quote(json.dumps(_conf("hung_up")))
    with socket.create_connection((address.hostname, address.port)) as line:
        line.sendall(
            f"POST /v1/data/upload?{query} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nid,x\n'.encode()
        )
    while set((home / "uploads").iterdir()) - before:
        assert http.post("/v1/version/get", json={}).json()["retcode"] == 0
    assert (
        http.post("/v1/table/table_info", json={"namespace": "ns", "table_name": "hung_up"}).json()["data"]["exist"]
        == 0
    )


def test_a_file_of_the_server_can_be_named(http: httpx.Client, flow: FateFlow, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("id,x\na,1\nb,2\nc,3\n", encoding="utf-8")
    body = {**_conf("server_side"), "file": str(file), "use_local_data": 0}
    answer = http.post("/v1/data/upload", json=body).json()
    assert answer["retcode"] == 0, answer
    flow.wait(answer["jobId"], 30)
    assert flow.table_info("ns", "server_side").count == 3
    history = http.post("/v1/data/upload/history", json={"job_id": answer["jobId"]}).json()["data"]
    assert history[0][answer["jobId"]]["upload_info"]["upload_count"] == 3
    assert file.exists()
    without = http.post("/v1/data/upload", json={**body, "use_local_data": 1}).json()
    assert without["retcode"] == 100


def test_the_versions_that_clients_ask_for(http: httpx.Client) -> None:
    assert http.post("/v1/version/get").json()["data"].keys() >= {"FATE", "FATEFlow", "API"}
    assert http.post("/v1/version/get", json={"module": "FATEFlow"}).json()["data"] == {"FATEFlow": "1.6.0"}
    assert http.post("/v1/version/get", json={"module": "JDK"}).json()["data"] == {"JDK": None}


def test_the_api_describes_itself(http: httpx.Client) -> None:
    document = http.get("/v1/openapi.json").json()
    described = {path.removeprefix("/v1/") for path in document["paths"]}
    assert described >= BUILT
    undescribed = [
        path for path, verbs in document["paths"].items() for verb in verbs.values() if not verb.get("description")
    ]
    assert undescribed == []
