"""The queue of a real site: impossible jobs are refused, jobs that must wait say why, small ones pass them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fateflow_tui.core.errors import PartyRefused
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.status import Status
from tests.contract.command_line import CommandLine
from tests.integration.clusters import RunningSite, sleep_job, standalone, until_running

GUEST = {"guest": [9999]}
TOTAL = 20  # cores of a site that nobody has configured


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningSite]:
    with standalone(tmp_path / "home") as running:
        yield running


def submit(site: RunningSite, cores: int, seconds: float) -> str:
    job = site.flow.submit(*sleep_job(1, GUEST, seconds=seconds, job_parameters={"task_cores": cores}))
    return job.job_id


def test_a_job_that_can_never_run_is_refused_with_both_numbers(site: RunningSite, tmp_path: Path) -> None:
    with pytest.raises(PartyRefused, match=f"needs {TOTAL + 1} cores for this job, but has {TOTAL} in total"):
        submit(site, TOTAL + 1, 0)
    dsl, conf = sleep_job(1, GUEST, job_parameters={"task_cores": 400})
    (tmp_path / "dsl.json").write_text(json.dumps(dsl))
    (tmp_path / "conf.json").write_text(json.dumps(conf))
    said = CommandLine(site.home, tmp_path)("job", "submit", "-d", "dsl.json", "-c", "conf.json", code=7)
    assert said.out == ""
    assert f"guest:9999 cannot take part: it needs 400 cores for this job, but has {TOTAL} in total" in said.err
    assert site.flow.wait(submit(site, TOTAL, 0), timeout=30).status is Status.SUCCESS


def test_parties_of_one_site_share_its_cores(site: RunningSite) -> None:
    dsl, conf = sleep_job(1, {"guest": [9999], "host": [10000]}, job_parameters={"task_cores": 12})
    reason = r"host:10000 cannot take part: it needs 12 cores .* and 24 together with guest:9999, .* 20 in total"
    with pytest.raises(PartyRefused, match=reason):
        site.flow.submit(dsl, conf)


def test_a_waiting_job_has_a_reason_and_a_small_one_overtakes_it(site: RunningSite, tmp_path: Path) -> None:
    flow = site.flow
    first = submit(site, 12, 60)
    assert until_running(flow, first, "sleep_0").status is Status.RUNNING
    second = submit(site, 12, 0)

    waiting = flow.job(second).waiting
    assert waiting is not None
    assert (waiting.kind, waiting.party) == ("cores", "guest:9999")
    numbers = [amount.cores for amount in (waiting.need, waiting.free, waiting.total) if isinstance(amount, Resources)]
    assert numbers == [12, TOTAL - 12, TOTAL]
    [line] = [line for line in CommandLine(site.home, tmp_path)("job", "list").out.splitlines() if second in line]
    assert "waiting" in line
    assert f"needs 12 cores at guest:9999, 8 of {TOTAL} are free" in line

    small = submit(site, 4, 0)
    assert flow.wait(small, timeout=30).status is Status.SUCCESS
    assert {job.job_id: job.status for job in flow.jobs()} == {
        first: Status.RUNNING,
        second: Status.WAITING,
        small: Status.SUCCESS,
    }

    flow.stop(first)
    assert flow.wait(second, timeout=30).status is Status.SUCCESS
    assert flow.job(second).waiting is None
