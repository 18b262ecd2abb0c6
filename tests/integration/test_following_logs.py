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
    job = site.flow.submit(*fate_job(shared, "hetero_lr_normal", {"max_iter": 3}))
    follower = CommandLine(site.home, tmp_path).start("log", "show", "-f", job.job_id)
    assert follower.stdout is not None
    lines = [follower.stdout.readline()]
    assert not site.flow.job(job.job_id).status.ended, "the first line came only after the end"
    rest, said = follower.communicate(timeout=60)
    assert (follower.returncode, said) == (0, "")
    assert site.flow.job(job.job_id).status is Status.SUCCESS

    lines += rest.splitlines()
    records = [match.groups() for line in lines if (match := _RECORD.match(line))]
    assert {"guest:9999", "host:10000", "arbiter:10000"} <= {party for _, _, party, _ in records}
    trainers = {party for _, _, party, component in records if component == "hetero_lr_0"}
    assert trainers >= {"guest:9999", "host:10000", "arbiter:10000"}
    times = [time for time, *_ in records]
    assert times == sorted(times)
    assert "success" in lines[-1], lines[-3:]
    assert [line.text for line in site.flow.logs(job.job_id)] == "".join([*lines[:1], rest]).splitlines()
