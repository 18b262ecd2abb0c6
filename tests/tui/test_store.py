"""The way to the scheduler: breaks, restarts elsewhere, and jobs without number."""

from __future__ import annotations

from pathlib import Path

from fateflow_tui.sdk import FateFlow, local
from fateflow_tui.tui.app import DashApp
from fateflow_tui.tui.store import ConnectionSettings
from fateflow_tui.tui.widgets.listing import Listing
from tests.integration.clusters import RunningSite, sleep_job, standalone
from tests.tui.many_jobs import copies
from tests.tui.reading import connected, lacks, screen_text, shows, until

ONE = {"guest": [9999]}


async def test_it_goes_on_when_the_scheduler_is_killed_and_comes_back_at_another_port(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        job = site.flow.submit(*sleep_job(1, ONE)).job_id
        site.flow.wait(job, timeout=30)
        async with connected(site.home, (100, 30)) as pilot:
            await shows(pilot, "✓ success")
            old = site.url
            site.crash()
            text = await shows(pilot, "○ reconnecting")
            assert "✓ success" in text
            await pilot.press("w")
            await shows(pilot, "the scheduler does not answer")
            site.url = local.start(site.home, port=0).url
            assert site.url != old
            await shows(pilot, "● connected")
            newer = site.flow.submit(*sleep_job(1, ONE)).job_id
            await shows(pilot, newer)
            site.flow.wait(newer, timeout=30)
            await until(pilot, lambda: screen_text(pilot.app).count("✓ success") == 2, "the new job's end is not seen")


async def test_without_a_scheduler_it_says_so_and_how_to_get_one(tmp_path: Path) -> None:
    app = DashApp(ConnectionSettings(home=tmp_path))
    async with app.run_test(size=(100, 30)) as pilot:
        text = await shows(pilot, "not connected")
        assert "fateflow server start" in text


async def test_an_empty_home_gets_a_scheduler_and_says_how_to_begin(tmp_path: Path) -> None:
    home = tmp_path / "home"
    app = DashApp(ConnectionSettings(home=home, start=True))
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            text = await shows(pilot, "● connected", "no jobs yet", timeout=30)
            assert "press S to submit" in text
            assert "fateflow demo" in text
            with FateFlow(home=home) as flow:
                job = flow.submit(*sleep_job(1, ONE, seconds=30)).job_id
                await shows(pilot, "▶ running")
                flow.stop(job)
            await shows(pilot, "■ canceled")
    finally:
        local.stop(home)


async def test_thousands_of_jobs_are_read_page_by_page(tmp_path: Path, gallery: RunningSite) -> None:
    done = gallery.flow.jobs(0, status="success")[-1].job_id
    home = tmp_path / "home"
    ids = copies(gallery.home, done, home, 5_000)
    with standalone(home):
        async with connected(home, (140, 45)) as pilot:
            listing = pilot.app.screen.query_one(Listing)
            await shows(pilot, "200+ jobs", ids[0])
            assert listing.keys == ids[:200]
            await pilot.press("end")
            await until(pilot, lambda: len(listing.keys) == 400, "the next page is not read")
            assert listing.keys == ids[:400]
            assert listing.cursor == ids[199]
            await pilot.press("slash", *"status:running")
            await until(pilot, lambda: pilot.app.store.snapshot.complete, "the rest is not read", 60)
            await shows(pilot, "0 of 5000")
            await pilot.press("escape")
            await until(pilot, lambda: len(listing.keys) == 5_000, "rows are missing")
            await pilot.press("end")
            await shows(pilot, ids[-1])
            await lacks(pilot, ids[0])
