"""The requests of FATE-Board 1.8 and 1.9, in the order of a user looking at a job."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fateflow_tui.sdk import FateFlow, local

_DSL = {
    "components": {
        "secure_add_0": {"module": "SecureAddExample"},
        "sleep_0": {"module": "Sleep", "output": {"data": ["data"]}},
        "sleep_1": {
            "module": "Sleep",
            "input": {"data": {"data": ["sleep_0.data"]}},
            "output": {"data": ["data"]},
        },
    }
}
_CONF: dict[str, Any] = {
    "dsl_version": 2,
    "initiator": {"role": "guest", "party_id": 9999},
    "role": {"guest": [9999], "host": [10000]},
    "job_parameters": {"common": {"task_cores": 1}},
}


class Board:
    """Posts as the board does, and takes only what it would show: retcode 0."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def ask(self, path: str, **body: Any) -> Any:
        answer = self._http.post(f"/v1/{path}", json=body)
        assert answer.status_code == 200
        envelope = answer.json()
        assert envelope["retcode"] == 0, envelope
        assert "error" not in envelope
        return envelope.get("data")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Board, str, str]]:
    """A board, and the ids of two jobs that have succeeded, the newer one first."""
    home = tmp_path_factory.mktemp("home")
    site = local.start(home, port=0)
    with FateFlow(home=home) as flow, httpx.Client(base_url=site.url, trust_env=False, timeout=30) as http:
        jobs = []
        for _ in range(2):
            answer = http.post("/v1/job/submit", json={"job_dsl": _DSL, "job_runtime_conf": _CONF}).json()
            jobs.append(answer["jobId"])
            assert flow.wait(jobs[-1], 60).status == "success"
        yield Board(http), jobs[1], jobs[0]
    assert local.stop(home)


def test_the_board_finds_the_instance(board: tuple[Board, str, str]) -> None:
    (instance,) = board[0].ask("server/fateflow/info").items()
    assert instance[1]["instance_id"] == instance[0]
    assert instance[1]["http_port"] > 0
    assert instance[1]["host"] == "127.0.0.1"


def test_the_board_pages_through_jobs(board: tuple[Board, str, str]) -> None:
    ask, newer, older = board[0].ask, board[1], board[2]
    page = {"limit": 1, "order_by": "create_time", "order": "desc", "role": ["guest"], "status": ["success"]}
    first, second = ask("job/list/job", **page, page=1), ask("job/list/job", **page, page=2)
    assert [job["job_id"] for job in first["jobs"] + second["jobs"]] == [newer, older]
    assert first["count"] == second["count"] == 2
    record = first["jobs"][0]
    assert record["partners"] == ["10000"]
    assert (record["status"], record["role"], str(record["party_id"])) == ("success", "guest", "9999")
    assert not [name for name in record if name.startswith("f_")]
    everything = ask("job/list/job", limit=0, page=1, order_by="elapsed", order="asc", partner="999")
    assert {job["role"] for job in everything["jobs"]} == {"host"}
    assert ask("job/list/job", limit=10, page=9, order="desc") == {"jobs": [], "count": 4}
    assert ask("job/list/job", limit=10, page=1, job_id=newer, party_id=9999)["count"] == 1


def test_the_board_opens_a_job(board: tuple[Board, str, str]) -> None:
    ask, job = board[0].ask, board[1]
    at = {"job_id": job, "role": "guest", "party_id": "9999"}
    tasks = ask("job/list/task", **at, limit=0, page=1, order_by="create_time", order="asc")
    statuses = {task["component_name"]: task["status"] for task in tasks["tasks"]}
    assert statuses == dict.fromkeys(_DSL["components"], "success")
    one = ask("job/list/task", **at, component_name="sleep_1", limit=1, page=1)
    assert one["count"] == 1
    assert one["tasks"][0]["start_time"] > 0
    config = ask("job/config", **at)
    assert config["dsl"]["components"].keys() == _DSL["components"].keys()
    assert config["runtime_conf"]["role"] == _CONF["role"]
    dag = ask("pipeline/dag/dependency", **at)
    assert dag["dependencies"]["sleep_1"][0]["component_name"] == "sleep_0"
    ask("job/update", **at, notes="looked at")
    assert ask("job/list/job", **at, page=1, description="looked")["count"] == 1


@pytest.mark.parametrize("kind", ["jobSchedule", "partyInfo", "partyDebug", "componentInfo"])
def test_the_board_reads_a_log_by_lines(board: tuple[Board, str, str], kind: str) -> None:
    ask, job = board[0].ask, board[1]
    which = {
        "job_id": job,
        "role": "guest",
        "party_id": "9999",
        "component_name": "secure_add_0",
        "log_type": kind,
        "instance_id": next(iter(ask("server/fateflow/info"))),
    }
    size = ask("log/size", **which)["size"]
    assert size > 0
    lines = ask("log/cat", **which, begin=1, end=size)
    assert [line["line_num"] for line in lines] == list(range(1, size + 1))
    assert all(line["content"] for line in lines)
    assert ask("log/cat", **which, begin=size, end=size + 50) == lines[-1:]
    assert ask("log/cat", **which, begin=size + 1, end=size + 50) == []


@pytest.mark.parametrize("kind", ["jobScheduleError", "partyError", "partyWarning"])
def test_a_log_without_lines_has_none(board: tuple[Board, str, str], kind: str) -> None:
    which = {"job_id": board[1], "role": "guest", "party_id": "9999", "log_type": kind}
    assert board[0].ask("log/size", **which) == {"size": 0}
    assert board[0].ask("log/cat", **which, begin=1, end=10) == []


def test_the_board_acts_on_a_job(board: tuple[Board, str, str]) -> None:
    ask, older = board[0].ask, board[2]
    ask("job/stop", job_id=older)
    ask("job/rerun", job_id=older, component_name="sleep_1")
