"""Errors of the machine and of misbehaving clients, and how a site reports them."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.status import Status
from tests.integration.clusters import RunningSite, sleep_job, standalone, until


def _log(site: RunningSite) -> str:
    return (site.home / "logs" / "fate_flow" / "fate_flow.log").read_text()


def test_a_full_disk_is_reported_with_a_hint(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        # The next save of this file goes to a device on which there is never any room.
        (site.home / "db" / "parties.json.tmp").symlink_to("/dev/full")
        with pytest.raises(FateFlowError, match="No space left on device") as failed:
            site.flow.add_party("host:10000", "http://127.0.0.1:1")
        assert "fateflow gc" in failed.value.hint
        assert site.flow.parties() == []
        site.flow.add_party("host:10000", "http://127.0.0.1:1")
        assert len(site.flow.parties()) == 1


def test_a_log_that_cannot_be_written_holds_up_no_job(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        job_id = site.flow.submit(*sleep_job(1, {"guest": [9999]})).job_id
        assert site.flow.wait(job_id, timeout=30).status is Status.SUCCESS
        until(lambda: not (site.home / "db" / "live" / job_id).exists(), "the ended job is not let go of")
        log = site.home / "logs" / job_id / "fate_flow_schedule.log"
        log.unlink()
        log.symlink_to("/dev/full")
        site.flow.rerun(job_id, force=True)
        assert site.flow.wait(job_id, timeout=30).status is Status.SUCCESS
        assert "lacks a line" in _log(site)


def test_a_disconnecting_client_is_not_logged_as_an_error(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        address = urlsplit(site.url)
        with socket.create_connection((address.hostname or "", address.port or 0)) as client:
            head = f"POST /v1/job/query HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 100\r\n\r\n{{"
            client.sendall(head.encode())
        until(lambda: "disconnected before" in _log(site), "the site does not notice")
        assert "ERROR" not in _log(site)


def test_an_unwritable_home_is_reported(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "db").symlink_to("/sys")  # where nobody, not even root, can make a folder
    site = RunningSite(home)
    with pytest.raises(FateFlowError) as failed:
        site.start()
    assert "Traceback" not in failed.value.message
