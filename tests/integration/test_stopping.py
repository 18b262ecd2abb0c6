"""A job is stopped from another site than its initiator's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fateflow_tui.core.status import Status
from tests.integration.clusters import (
    PARTIES,
    RunningSite,
    alive,
    sleep_job,
    standalone,
    three_sites,
    until,
    until_running,
    worker_pid,
)

ARBITER = PARTIES[2]
ROLES = {"guest": [9999], "host": [10000], "arbiter": [10000]}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[RunningSite]]:
    with three_sites(tmp_path_factory.mktemp("three")) as running:
        yield running


def sleeping(sites: list[RunningSite]) -> tuple[str, list[int]]:
    """A job that would run for long at all three parties, and its workers."""
    guest = sites[0]
    job_id = guest.flow.submit(*sleep_job(2, ROLES, seconds=100)).job_id
    until_running(guest.flow, job_id, "sleep_0")
    pids = [worker_pid(site, job_id, party, "sleep_0") for site, party in zip(sites, PARTIES, strict=True)]
    return job_id, pids


def assert_stopped(site: RunningSite, job_id: str, party: str) -> None:
    line = site.flow.wait(job_id, timeout=10)
    assert line.status is Status.CANCELED, (party, line)
    view = site.flow.job(job_id)
    assert view.status is Status.CANCELED
    assert view.parties.get(party) is Status.CANCELED, view
    assert not [task for task in site.flow.tasks(job_id, party, all_versions=True) if not task.party_status.ended]
    assert site.used() == {0}


def has_acknowledged(driver: RunningSite, job_id: str, party: str) -> bool:
    return any((entry.what, entry.party) == ("EndAcknowledged", party) for entry in driver.flow.story(job_id))


def test_stop_from_the_hosts_site_stops_all(sites: list[RunningSite]) -> None:
    job_id, pids = sleeping(sites)

    outcome = sites[1].flow.stop(job_id, reason="no longer needed")

    assert outcome.status == Status.CANCELED
    assert not outcome.pending
    for site, party in zip(sites, PARTIES, strict=True):
        assert_stopped(site, job_id, party)
    assert not alive(pids)
    assert "no longer needed" in sites[0].flow.job(job_id).reason


def test_party_that_was_down_learns_of_the_stop(sites: list[RunningSite]) -> None:
    guest, host, arbiter = sites
    job_id, pids = sleeping(sites)
    arbiter.crash()

    host.flow.stop(job_id)

    for site, party in zip(sites[:2], PARTIES, strict=False):
        assert_stopped(site, job_id, party)
    assert not has_acknowledged(guest, job_id, ARBITER)
    assert not alive(pids)

    arbiter.start()

    assert_stopped(arbiter, job_id, ARBITER)
    assert {task.component_name for task in arbiter.flow.tasks(job_id, all_versions=True) if task.run_pid} <= {
        "sleep_0"
    }
    until(lambda: has_acknowledged(guest, job_id, ARBITER), f"{ARBITER} did not acknowledge the end")


def test_stopping_a_starting_job_does_not_affect_others(tmp_path: Path) -> None:
    roles = {"guest": [9999], "host": [10000]}
    with standalone(tmp_path / "home") as site:
        kept = site.flow.submit(*sleep_job(1, roles, seconds=60)).job_id
        until_running(site.flow, kept, "sleep_0")
        for _ in range(15):
            started = [site.flow.submit(*sleep_job(1, roles, seconds=60)).job_id for _ in range(3)]
            for job_id in started:
                site.flow.stop(job_id)
        assert site.flow.job(kept).status is Status.RUNNING
        site.flow.stop(kept)
