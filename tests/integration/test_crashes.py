"""`kill -9` of sites and of workers while a job runs."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from fateflow_tui.core.errors import TimedOut
from fateflow_tui.core.status import Status
from tests.integration.clusters import (
    PARTIES,
    RunningSite,
    alive,
    fate_job,
    sleep_job,
    standalone,
    three_sites,
    until,
    until_running,
    worker_pid,
)

GUEST, HOST, ARBITER = PARTIES
LR = "hetero_lr_0"
KILLS_OF_A_JOB = 10  # after so many it may finish
Trained = dict[int, float]  # number of iterations -> the AUC of a job that nobody disturbed


@pytest.fixture(scope="module")
def one_site(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[list[RunningSite]]:
    with standalone(tmp_path_factory.mktemp("standalone")) as site:
        upload(shared, site, site)
        yield [site]


@pytest.fixture(scope="module")
def all_sites(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[list[RunningSite]]:
    with three_sites(tmp_path_factory.mktemp("three")) as sites:
        upload(shared, *sites[:2])
        yield sites


@pytest.fixture(scope="module")
def trained(one_site: list[RunningSite], shared: Path) -> Trained:
    return {iterations: finish(one_site[0], train(one_site[0], shared, iterations)) for iterations in (3, 5)}


def upload(shared: Path, guest: RunningSite, host: RunningSite) -> None:
    for site, name in ((guest, "breast_hetero_guest"), (host, "breast_hetero_host")):
        site.upload(name, shared / "fate" / "data" / f"{name}.csv")


def train(site: RunningSite, shared: Path, iterations: int) -> str:
    return site.flow.submit(*fate_job(shared, "hetero_lr_normal", {"max_iter": iterations})).job_id


def finish(site: RunningSite, job_id: str) -> float:
    line = site.flow.wait(job_id, timeout=120)
    assert line.status is Status.SUCCESS, (line.reason, site.flow.story(job_id)[-40:])
    return site.auc(job_id)


def ends_within(site: RunningSite, job_id: str, seconds: float) -> bool:
    try:
        return site.flow.wait(job_id, timeout=seconds).status.ended
    except TimedOut:
        return False


def kill_at_random_moments(sites: Sequence[RunningSite], shared: Path, trained: Trained, seed: int, kills: int) -> None:
    """Trains, and has one site after the other crash and start again meanwhile."""
    chance = random.Random(seed)
    guest = sites[0]
    victims = [site for _ in range(kills) for site in sites][:kills]
    chance.shuffle(victims)
    acknowledged: list[str] = []
    while victims:
        iterations = chance.choice(list(trained))
        job_id = train(guest, shared, iterations)
        acknowledged.append(job_id)
        for _ in range(min(KILLS_OF_A_JOB, len(victims))):
            if ends_within(guest, job_id, chance.uniform(0.05, 1.5)):
                break
            acknowledged.append(guest.flow.submit(*sleep_job(1, {"guest": [9999]})).job_id)
            victim = victims.pop()
            victim.crash()
            victim.start()
            assert {line.job_id for line in guest.flow.jobs(limit=0)} >= set(acknowledged)
        assert finish(guest, job_id) == pytest.approx(trained[iterations], abs=1e-6)
    for job_id in acknowledged:
        assert guest.flow.wait(job_id, timeout=60).status is Status.SUCCESS, guest.flow.story(job_id)
    for site in sites:
        until(lambda site=site: site.used() == {0}, f"{site.home.name} did not give its resources back")


@pytest.mark.timeout(400)  # twenty restarts, which a busy machine makes slow
def test_site_is_killed_at_random_moments(one_site: list[RunningSite], shared: Path, trained: Trained) -> None:
    kill_at_random_moments(one_site, shared, trained, seed=2, kills=20)


@pytest.mark.timeout(400)
def test_any_of_three_sites_is_killed_at_random_moments(
    all_sites: list[RunningSite], shared: Path, trained: Trained
) -> None:
    kill_at_random_moments(all_sites, shared, trained, seed=3, kills=20)


@pytest.mark.parametrize("victim", [GUEST, HOST, ARBITER])
@pytest.mark.parametrize("where", ["one_site", "all_sites"])
def test_worker_is_killed(request: pytest.FixtureRequest, shared: Path, where: str, victim: str) -> None:
    found: list[RunningSite] = request.getfixturevalue(where)
    sites = dict(zip(PARTIES, found * (3 // len(found)), strict=True))
    job_id = train(sites[GUEST], shared, 30)
    until_running(sites[GUEST].flow, job_id, LR)
    pids = {party: worker_pid(site, job_id, party, LR) for party, site in sites.items()}
    # A party may hear of the end from a site that refuses its value before its own site is told, and fail by that.
    stopped = {Status.CANCELED} if where == "one_site" else {Status.CANCELED, Status.FAILED}

    os.kill(pids[victim], signal.SIGKILL)

    line = sites[GUEST].flow.wait(job_id, timeout=30)
    assert line.status is Status.FAILED
    (task,) = sites[victim].flow.tasks(job_id, victim, LR)
    assert task.party_status is Status.FAILED
    assert task.end_time is not None
    for party, site in sites.items():
        line = site.flow.wait(job_id, timeout=30)
        assert line.status is Status.FAILED, party
        assert f"{LR} failed at {victim}: the worker was killed by SIGKILL" in line.reason, party
        until(lambda site=site: site.used() == {0}, f"{party} did not get its cores back")
        if party != victim:
            (task,) = site.flow.tasks(job_id, party, LR)
            assert task.party_status in stopped, site.flow.job(job_id).cards
    for site in (sites[GUEST], sites[victim]):  # the driver's and its own
        (card,) = [card for card in site.flow.job(job_id).cards if str(card.party) == victim]
        assert (card.component, card.kind, card.signal) == (LR, "signal", "SIGKILL")
    assert not alive(pids.values())
