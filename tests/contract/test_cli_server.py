"""The scheduler's life by command: started by hand or on demand, found, stopped, and other parties' sites."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.command_line import CommandLine, is_gone, sleep


def test_start_status_stop(other: CommandLine) -> None:
    started = other("server", "start", "--port", "0", "--json").data
    assert other("server", "status", "--json").data == started
    assert started["standalone"] is True
    assert started["home"] == str(other.home)
    again = other("server", "start", "--json", code=6)
    assert str(started["pid"]) in again.error["message"]
    assert other("server", "stop", "--json").data["stopped"] is True
    assert is_gone(started["pid"])
    assert other("server", "stop", "--json").data["stopped"] is False
    assert other("server", "status", "--json", code=3).error["error"] == "scheduler_unreachable"


def test_a_scheduler_is_started_on_demand(other: CommandLine) -> None:
    assert "no scheduler is running" in other("job", "list", "--no-start", code=3).err
    assert not other.home.exists()
    result = other("job", "list")
    assert result.out == ""
    assert "started a scheduler at http://127.0.0.1:" in result.err
    assert other("job", "list", "--no-start", "--quiet").err == ""


def test_a_dead_scheduler_is_replaced_on_demand(other: CommandLine) -> None:
    pid = other("server", "start", "--json").data["pid"]
    os.kill(pid, signal.SIGKILL)
    assert other("server", "status", code=3).out == ""
    other("job", "list")
    assert other("server", "status", "--json").data["pid"] != pid


def test_commands_that_start_at_once_share_one_scheduler(other: CommandLine) -> None:
    running = [other.start("job", "list", "--json") for _ in range(3)]
    result = [one.communicate(timeout=60) for one in running]
    assert [one.returncode for one in running] == [0, 0, 0], result
    assert sum("started a scheduler" in err for _, err in result) == 1


def test_a_taken_port_is_reported(other: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = other("server", "start", "--port", str(port), code=None)
    assert result.code != 0
    assert f"port {port} of 127.0.0.1 is in use" in result.err


def test_stopping_leaves_no_worker(other: CommandLine) -> None:
    job_id = sleep(other, 60)
    other("job", "watch", job_id, "--timeout", "0.5", code=4)
    pids = [task["f_run_pid"] for task in other("task", "query", "-j", job_id, "--json").data]
    assert len(pids) == 2
    assert not any(is_gone(pid) for pid in pids)
    other("server", "stop")
    assert all(is_gone(pid) for pid in pids)


def test_a_scheduler_in_the_foreground_ends_on_a_signal(other: CommandLine) -> None:
    running = other.start("server", "start", "--foreground", "--port", "0")
    assert running.stderr is not None
    assert "fateflow is running at http://127.0.0.1:" in running.stderr.readline()
    assert other("server", "status", "--json").data["pid"] == running.pid
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=30)
    assert running.returncode == 0


def test_a_scheduler_is_reached_by_its_address(other: CommandLine, tmp_path: Path) -> None:
    url = other("server", "start", "--port", "0", "--json").data["url"]
    stranger = CommandLine(tmp_path / "elsewhere", other.folder)
    assert stranger("server", "status", "--url", url, "--json").data["home"] == str(other.home)
    assert stranger("server", "status", "--json", FATEFLOW_URL=url).data["url"] == url
    assert stranger("--url", url, "job", "list", "--quiet").err == ""
    assert not stranger.home.exists()


def test_the_examples_of_server_start(other: CommandLine) -> None:
    other("server", "start")
    other("server", "stop")
    started = other("server", "start", "--home", "site-a", "--port", "0", "--party", "guest:9999", "--json").data
    assert (started["standalone"], started["parties"]) == (False, ["guest:9999"])
    assert started["home"] == str(other.folder / "site-a")
    other("server", "stop", "--home", "site-a")
    assert is_gone(started["pid"])


@pytest.fixture
def guest_and_host(tmp_path: Path) -> Iterator[tuple[CommandLine, CommandLine]]:
    lines = [CommandLine(tmp_path / name, tmp_path) for name in ("guest", "host")]
    for line, party in zip(lines, ("guest:9999", "host:10000"), strict=True):
        line("server", "start", "--port", "0", "--party", party)
    yield lines[0], lines[1]
    for line in lines:
        line("server", "stop")


def test_parties_are_added_trusted_pinged_and_removed(guest_and_host: tuple[CommandLine, CommandLine]) -> None:
    guest, host = guest_and_host
    urls = [line("server", "status", "--json").data["url"] for line in guest_and_host]
    added = guest("party", "add", "host:10000", urls[1], "--note", "the bank", "--json").data
    assert (added["trusted"], added["note"]) == (False, "the bank")
    trusted = guest("party", "trust", "host:10000", "--json").data
    assert trusted["trusted"] is True
    assert trusted["fingerprint"]
    host("party", "add", "guest:9999", urls[0])
    host("party", "trust", "guest:9999")
    assert guest("party", "ping", "host:10000", "--json").data["url"] == urls[1]
    assert guest("party", "ping", "10000", "--json").data["party"] == "host:10000"
    assert [one["party"] for one in guest("party", "list", "--json").data] == ["host:10000"]
    assert trusted["fingerprint"] in guest("party", "list").out
    host("server", "stop")
    assert guest("party", "ping", "host:10000", "--json", code=7).error["error"] == "party_unreachable"
    guest("party", "remove", "host:10000")
    assert json.loads(guest("party", "list", "--json").out) == []


def test_options_of_a_start_are_kept_when_they_are_saved(other: CommandLine) -> None:
    def port() -> int:
        return int(tomllib.loads((other.home / "site.toml").read_text())["port"])

    other("server", "start", "--port", "0")
    other("server", "stop")
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        first, second = one.getsockname()[1], two.getsockname()[1]
    said = other("server", "start", "--port", str(first))
    assert f":{first}" in said.out
    assert {"--port", "--save"} <= set(re.findall(r"--\w+", said.err)), "they are named as unsaved"
    assert port() == 0
    other("server", "stop")
    said = other("server", "start", "--port", str(second), "--save")
    assert "--port" not in said.err
    assert port() == second
    other("server", "stop")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        taken.listen()
        other("server", "start", "--port", str(first), "--save", code=1)
    assert port() == second, "options of a start that failed are not saved"
    assert f":{second}" in other("server", "start").out
    other("server", "stop")
