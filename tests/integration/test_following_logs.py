"""The log of a running job, followed from a second terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from contract.command_line import CommandLine
from integration.clusters import RunningSite, fate_job, standalone

from fateflow_tui.core.status import Status

# Time, level, party, component, message; a record's further lines are indented or bare.
_RECORD = re.compile(r"(\d{4}-\d\d-\d\dT\S+) (\w+) +(\S+) (\S+) \| ")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[RunningSite]:
    with standalone(tmp_path_factory.mktemp("standalone")) as running:
        for name in ("breast_hetero_guest", "breast_hetero_host"):
            running.upload(name, shared / "fate" / "data" / f"{name}.csv")
        yield running


def test_all_parties_are_followed_in_order_of_time_until_the_job_ends(
    site: RunningSite, shared: Path, tmp_path: Path
) -> None:
    job = site.flow.submit(*fate_job(shared, "hetero_lr_normal", {"max_iter": 6}))
    with CommandLine(site.home, tmp_path).start("log", "show", "-f", job.job_id) as follower:
        assert follower.stdout is not None
        assert follower.stderr is not None
        lines = [follower.stdout.readline().rstrip("\n")]
        assert not site.flow.job(job.job_id).status.ended, "the first line came only after the end"
        lines += follower.stdout.read().splitlines()
        assert follower.stderr.read() == ""
    assert follower.returncode == 0
    assert site.flow.job(job.job_id).status is Status.SUCCESS
    assert sorted(lines) == sorted(line for record in site.flow.logs(job.job_id) for line in record.text.splitlines())

    records = [match.groups() for line in lines if (match := _RECORD.match(line))]
    trainers = {party for _, _, party, component in records if component == "hetero_lr_0"}
    assert trainers >= {"guest:9999", "host:10000", "arbiter:10000"}
    times = [time for time, *_ in records]
    assert times == sorted(times)
    assert "EndAcknowledged" in lines[-1], "the follower ended before the log did"
