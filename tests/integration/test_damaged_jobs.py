"""State files that are damaged or lost while a site runs, or between two runs.

A job in memory is written again. A job that is only on disk is given up, with a message, and no other job is affected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from fateflow_tui.core.status import Status
from tests.integration.clusters import (
    RunningSite,
    processes_of,
    sleep_job,
    standalone,
    until,
    until_running,
)

_ROLES = {"guest": [9999], "host": [10000]}


def _truncated(text: str) -> str:
    return text[: len(text) // 2]


def _of_wrong_type(text: str) -> str:
    """Good JSON, whose records are not what they should be."""
    changed, count = re.subn(r'"status":"[a-z]+"', '"status":17', text)
    assert count
    return changed


_DAMAGES = pytest.mark.parametrize("damage", [_truncated, _of_wrong_type], ids=["truncated", "of_wrong_type"])
Damage = Callable[[str], str]


def _submit(site: RunningSite, count: int = 1, seconds: float = 0) -> str:
    return site.flow.submit(*sleep_job(count, _ROLES, seconds=seconds)).job_id


def _file(site: RunningSite, job_id: str) -> Path:
    (path,) = (site.home / "db" / "jobs").glob(f"*/{job_id}.json")
    return path


def _damage(site: RunningSite, job_id: str, damage: Damage) -> None:
    path = _file(site, job_id)
    path.write_text(damage(path.read_text()))


def _listed(site: RunningSite) -> set[str]:
    return {job.job_id for job in site.flow.jobs()}


def test_a_running_job_whose_file_is_damaged_is_written_again_from_memory(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        damaged, other = _submit(site, 2, 1.5), _submit(site, 3, 1)
        until_running(site.flow, damaged, "sleep_0")
        _damage(site, damaged, _truncated)
        assert site.flow.wait(other, timeout=30).status is Status.SUCCESS
        assert site.flow.wait(damaged, timeout=30).status is Status.SUCCESS
        assert site.flow.wait(_submit(site), timeout=30).status is Status.SUCCESS
        assert {damaged, other} <= _listed(site)
        until(lambda: site.used() == {0}, "an ended job still holds cores")
        assert list((site.home / "db" / "jobs").glob(f"*/{damaged}.json.damaged-*"))
        (check,) = [check for check in site.flow.doctor() if check.name == "state files"]
        assert not check.ok
        assert damaged in check.text


def test_a_running_job_whose_file_is_deleted_goes_on_and_survives_a_crash(tmp_path: Path) -> None:
    site = RunningSite(tmp_path / "home").start()
    try:
        job_id = site.flow.submit(*sleep_job(2, _ROLES, own_seconds={"guest": 1, "host": 3})).job_id
        until_running(site.flow, job_id, "sleep_0")
        _file(site, job_id).unlink()
        until(lambda: bool(list((site.home / "db" / "jobs").glob(f"*/{job_id}.json"))), "it is not written again")
        site.crash()
        site.start()
        assert site.flow.wait(job_id, timeout=60).status is Status.SUCCESS
    finally:
        site.close()


@_DAMAGES
def test_a_damaged_file_of_an_ended_job_is_left_out_of_the_list(tmp_path: Path, damage: Damage) -> None:
    with standalone(tmp_path / "home") as site:
        jobs = [_submit(site) for _ in range(2)]
        for job_id in jobs:
            site.flow.wait(job_id, timeout=30)
        marker = site.home / "db" / "live" / jobs[0]
        until(lambda: not marker.exists(), "the ended job is not let go of")
        _damage(site, jobs[0], damage)
        assert _listed(site) == {jobs[1]}
        site.flow.site.collect_garbage(jobs_days=1)


@_DAMAGES
def test_a_site_starts_without_a_damaged_unfinished_job(tmp_path: Path, damage: Damage) -> None:
    site = RunningSite(tmp_path / "home").start()
    try:
        lost, kept = _submit(site, 1, 600), _submit(site, 2, 0.5)
        until_running(site.flow, lost, "sleep_0")
        site.crash()
        _damage(site, lost, damage)
        site.start()
        assert site.flow.wait(kept, timeout=30).status is Status.SUCCESS
        assert lost not in _listed(site)
    finally:
        site.close()
    assert not processes_of(site.home)
