"""The log of a running job, followed from a second terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fateflow_tui.core.status import Status
from tests.contract.command_line import CommandLine
from tests.integration.clusters import RunningSite, fate_job, sleep_job, standalone

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


def test_following_goes_on_over_a_restart_of_the_scheduler(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        job = site.flow.submit(*sleep_job(2, {"guest": [9999], "host": [10000]}, seconds=0.5)).job_id
        with CommandLine(site.home, tmp_path).start("log", "show", "-f", job) as follower:
            assert follower.stdout is not None
            lines = [follower.stdout.readline().rstrip("\n")]
            site.crash()
            site.start()
            lines += follower.stdout.read().splitlines()
        assert follower.returncode == 0
        assert site.flow.job(job).status is Status.SUCCESS
        known = [line for record in site.flow.logs(job) for line in record.text.splitlines()]
        assert sorted(lines) == sorted(known), "something came twice, or was lost"


def test_sets_of_components_and_parties_and_a_beginning(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        job = site.flow.submit(*sleep_job(3, {"guest": [9999], "host": [10000], "arbiter": [1]})).job_id
        assert site.flow.wait(job, 30).status is Status.SUCCESS
        everything = list(site.flow.logs(job, level="DEBUG"))
        chosen = list(
            site.flow.logs(job, level="DEBUG", party=["guest:9999", "host:10000"], component=["sleep_0", "sleep_2"])
        )
        places = {(line.party, line.component) for line in chosen if line.party}
        assert places == {(party, name) for party in ("guest:9999", "host:10000") for name in ("sleep_0", "sleep_2")}
        assert {line.text for line in chosen if line.party} == {
            line.text for line in everything if (line.party, line.component) in places
        }
        middle = everything[len(everything) // 2].at
        assert list(site.flow.logs(job, level="DEBUG", since=middle)) == [
            line for line in everything if line.at >= middle
        ]
        run = CommandLine(site.home, tmp_path)
        chosen_by = ("-cpn", "sleep_0,sleep_2", "--party", "guest:9999,host:10000", "--level", "debug")
        said = run("log", "show", job, *chosen_by)
        assert said.out.splitlines() == [line for record in chosen for line in record.text.splitlines()]
        found = run("log", "show", job, "--since", "1h", "--grep", "sleep_[12] .*running -> success")
        assert found.out.count("\n") == 8


def test_the_log_of_the_site_is_followed(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        lines = site.flow.logs(follow=True)
        assert "listening at" in next(line.text for line in lines if "listening at" in line.text)
        site.stop()
        site.start()
        assert "shutting down" in next(line.text for line in lines if "shutting down" in line.text)
        assert "listening at" in next(line.text for line in lines if "listening at" in line.text)
