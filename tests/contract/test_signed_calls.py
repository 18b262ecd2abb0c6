"""A site with a secret for clients: every call is signed as FATE-Flow 1.11's clients do it, or carries the token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from fateflow_tui.runtime.site_config import ClientKeys, SiteConfig
from fateflow_tui.sdk import FateFlow, local

_KEY, _SECRET = "board", "correct-horse-battery-staple"


class Fate(httpx.Auth):
    """Signs as FATE's clients do. off: ms that its clock is wrong by. nonce: the same one each time."""

    requires_request_body = True

    def __init__(self, *, secret: str = _SECRET, off: int = 0, nonce: str = "", as_json: bool = True) -> None:
        self._secret, self._off, self._nonce, self._as_json = secret, off, nonce, as_json

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        stamp, nonce = str(int(time.time() * 1000) + self._off), self._nonce or str(uuid.uuid1())
        body = request.content if self._as_json else b""
        text = b"\n".join((stamp.encode(), nonce.encode(), _KEY.encode(), request.url.raw_path, body, b""))
        digest = hmac.new(self._secret.encode(), text, hashlib.sha1).digest()
        request.headers.update(
            {"TIMESTAMP": stamp, "NONCE": nonce, "APP_KEY": _KEY, "SIGNATURE": base64.b64encode(digest).decode()}
        )
        yield request


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("home")
    SiteConfig(client=ClientKeys(_KEY, _SECRET)).save(directory / "site.toml")
    local.start(directory, port=0)
    yield directory
    assert local.stop(directory)


@pytest.fixture(scope="module")
def http(home: Path) -> Iterator[httpx.Client]:
    status = local.status(home)
    assert status is not None
    with httpx.Client(base_url=status.url, trust_env=False, timeout=30) as client:
        yield client


def test_an_unsigned_call_is_refused_in_fates_way(http: httpx.Client) -> None:
    for method, path in (("POST", "/v1/job/query"), ("POST", "/v1/job/clean/queue"), ("GET", "/v1/events")):
        response = http.request(method, path)
        assert response.status_code == 200
        assert response.json()["retcode"] == 109
        assert "missing headers" in response.json()["retmsg"]


def test_a_signed_call_is_answered(http: httpx.Client) -> None:
    for body in ({}, {"job_id": "1"}):
        answer = http.post("/v1/job/query", json=body, auth=Fate())
        assert answer.json()["retcode"] == 0
    assert http.post("/v1/job/query", json={}, auth=Fate(as_json=False)).json()["retcode"] == 0
    assert http.post("/v1/version/get", auth=Fate()).json()["data"]["API"] == "v1"
    log = http.request("GET", "/v1/job/log", json={"job_id": "nosuch"}, auth=Fate())
    assert (log.status_code, log.json()["retcode"]) == (210, 210)


@pytest.mark.parametrize(
    ("auth", "text"),
    [
        (Fate(secret="another-secret-of-some-length"), "does not match"),
        (Fate(off=-70_000), "signed 70 s ago"),
        (Fate(off=70_000), "in the future"),
        (Fate(as_json=False), "does not match"),
    ],
)
def test_a_badly_signed_call_is_refused(http: httpx.Client, auth: Fate, text: str) -> None:
    response = http.post("/v1/job/query", json={"job_id": "1"}, auth=auth)
    assert (response.status_code, response.json()["retcode"]) == (200, 109)
    assert text in response.json()["retmsg"]


def test_a_call_is_answered_once(http: httpx.Client) -> None:
    auth = Fate(nonce="once")
    assert http.post("/v1/job/query", json={}, auth=auth).json()["retcode"] == 0
    again = http.post("/v1/job/query", json={}, auth=auth).json()
    assert again["retcode"] == 109
    assert "already received" in again["retmsg"]


def test_an_upload_is_signed_without_its_file(http: httpx.Client, home: Path) -> None:
    conf = {"file": "x.csv", "namespace": "n s", "table_name": "ü&1", "head": 1, "partition": 1, "work_mode": 0}
    query = quote(json.dumps(conf, ensure_ascii=False), safe="&=+,:/?@!'()*;")
    content = b"id,x\n" + b"".join(b"%d,%d\n" % (number, number) for number in range(50_000))
    files = {"file": ("x.csv", content, "application/octet-stream")}
    unsigned = http.post(f"/v1/data/upload?{query}", files=files)
    assert unsigned.json()["retcode"] == 109
    answer = http.post(f"/v1/data/upload?{query}", files=files, auth=Fate(as_json=False)).json()
    assert answer["retcode"] == 0, answer
    with FateFlow(home=home) as flow:
        assert flow.wait(answer["jobId"], 60).status == "success"
    body = {"namespace": "n s", "table_name": "ü&1"}
    info = http.post("/v1/table/table_info", json=body, auth=Fate()).json()["data"]
    assert info["count"] == 50_000


def test_a_body_that_is_too_large_is_told_so(http: httpx.Client) -> None:
    response = http.post("/v1/job/query", json={"job_id": "x" * (17 << 20)}, auth=Fate())
    assert response.status_code == 413


def test_the_token_of_this_machine_is_enough(home: Path) -> None:
    with FateFlow(home=home) as flow:
        assert flow.status().name
        assert flow.jobs() is not None


def test_a_wrong_token_is_not(http: httpx.Client) -> None:
    headers: dict[str, Any] = {"Authorization": "Bearer nonsense"}
    assert http.post("/v1/job/query", json={}, headers=headers).json()["retcode"] == 109
