"""The Resources screen: reservations and waiting jobs, live, on a real scheduler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.clusters import RunningSite, sleep_job, standalone, until_running
from tests.tui.reading import ROLES, connected, lacks, matches_golden, screen_text, shows, until
from tests.tui.trained import steady


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A site on which two jobs hold 7 of 20 cores each, and a third waits for as many."""
    with standalone(tmp_path_factory.mktemp("busy") / "site-c") as site:
        for number in range(3):
            parameters = {"task_cores": 3}
            job = site.flow.submit(*sleep_job(1, ROLES, seconds=120, job_parameters=parameters)).job_id
            if number < 2:
                until_running(site.flow, job, "sleep_0")
        yield site


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_it_looks_as_it_should(busy: RunningSite, size: tuple[int, int]) -> None:
    async with connected(busy.home, size) as pilot:
        await pilot.press("4")
        await shows(pilot, "14 of 20 used, 6 free", "held by 2 jobs", "1 waiting", "needs 7 cores")
        await until(pilot, lambda: screen_text(pilot.app).count("sleep_0") >= 4, "it is not said what runs")
        await until(pilot, lambda: screen_text(pilot.app).count("━") > 30, "the bar does not take its room")
        matches_golden(f"resources_{size[0]}x{size[1]}", steady(screen_text(pilot.app)))


async def test_a_stopped_job_gives_its_cores_to_who_waits(busy: RunningSite) -> None:
    first, second, third = (line.job_id for line in reversed(busy.flow.jobs()))
    async with connected(busy.home, (140, 45)) as pilot:
        await pilot.press("4")
        await shows(pilot, "1 waiting", first, second, third)
        await pilot.press("tab", "w")
        await shows(pilot, "fateflow job why", "needs 7 cores at guest:9999")
        await pilot.press("escape", "shift+tab", "s")
        await shows(pilot, f"Stop job {first}?")
        await pilot.press("y")
        await shows(pilot, f"stopped {first}", "no job is waiting")
        await shows(pilot, "14 of 20 used, 6 free", third)
        busy.flow.stop(second)
        await shows(pilot, "7 of 20 used, 13 free")
        busy.flow.stop(third)
        await shows(pilot, "no job holds resources", "0 of 20 used, 20 free")


async def test_enter_leads_to_the_job(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        async with connected(site.home, (100, 30)) as pilot:
            await pilot.press("4")
            await shows(pilot, "no job holds resources", "no job is waiting")
            await pilot.press("enter")
            await shows(pilot, "no job selected")
            job = site.flow.submit(*sleep_job(1, ROLES, seconds=60)).job_id
            await shows(pilot, "guest:9999", "held by 1 job")
            await pilot.press("enter")
            await lacks(pilot, "Held by jobs")
            await shows(pilot, job)
            site.flow.stop(job)
