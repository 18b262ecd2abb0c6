"""The Jobs screen at three sizes, and everything that can be done on it, by keys, on a real scheduler."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from fateflow_tui.core.status import Status
from fateflow_tui.tui.screens.job import JobScreen
from fateflow_tui.tui.widgets.listing import Listing
from tests.integration.clusters import RunningSite, sleep_job, standalone
from tests.tui.many_jobs import copies
from tests.tui.reading import ROLES, Dash, connected, lacks, matches_golden, screen_text, shows, until

Opened = Callable[..., AbstractAsyncContextManager[Dash]]


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (220, 60)])
async def test_it_looks_as_it_should(dash: Opened, gallery: RunningSite, size: tuple[int, int]) -> None:
    async with dash(size, gallery.home) as pilot:
        await pilot.press("j")
        await shows(pilot, "✓ success", "✗ failed", "■ canceled", "✗ dataio_0 failed at guest:9999")
        text, shown = screen_text(pilot.app), pilot.app.store.snapshot
        for job_id in shown.ids:
            text = text.replace(f" {job_id[-shown.id_length :]} ", f" {'I' * shown.id_length} ")
        matches_golden(f"jobs_{size[0]}x{size[1]}", text)


async def test_the_cause_of_a_failure_is_seen_at_once(dash: Opened) -> None:
    async with dash() as pilot:
        await pilot.press("j")
        text = await shows(pilot, "✗ dataio_0 failed at guest:9999")
        assert "'nope'" in text
        await pilot.press("w")
        text = await shows(pilot, "fateflow job why")
        assert "✗ failed" in text
        await pilot.press("escape")
        await lacks(pilot, "fateflow job why")


async def test_without_colors_nothing_is_lost(dash: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with dash() as pilot:
        text = await shows(pilot, "✓ success", "✗ failed", "● connected")
        assert "▌ " in text
        strips = pilot.app.screen._compositor.render_strips()
        filtered = [segment for strip in strips for segment in strip.apply_filter(pilot.app._filters[-1], _black())]
        styles = [segment.style for segment in filtered if segment.style]
        assert styles
        assert all(style.color is None or style.color.is_default for style in styles)


async def test_a_filter_narrows_and_is_remembered(dash: Opened, site: RunningSite) -> None:
    async with dash() as pilot:
        await pilot.press("slash", *"status:failed")
        await shows(pilot, "1 of 4")
        await lacks(pilot, "✓ success")
        await pilot.press("enter")
        await shows(pilot, "/ status:failed")
    async with dash() as pilot:
        await shows(pilot, "/ status:failed", "1 of 4")
        await pilot.press("escape")
        await shows(pilot, "✓ success")
        await pilot.press("slash", *"age:soon")
        await shows(pilot, "expected an age such as <2h")


async def test_failures_by_one_key_and_no_job_fits(dash: Opened) -> None:
    async with dash() as pilot:
        await pilot.press("f")
        await shows(pilot, "1 of 4")
        await pilot.press("f")
        await shows(pilot, "✓ success")
        await pilot.press("slash", *"party:7")
        await shows(pilot, "no job matches the filter")


async def test_sorting_changes_the_order(dash: Opened) -> None:
    async with dash() as pilot:
        listing = pilot.app.screen.query_one(Listing)
        before = list(listing.keys)
        await pilot.press("o", "o")
        await shows(pilot, "PROGRESS ▼")
        progress = [listing.records[key].progress for key in listing.keys]
        assert progress == sorted(progress, reverse=True)
        await pilot.press("o", "o", "o")
        await until(pilot, lambda: listing.keys == before, "the order is not that of before")


async def test_marked_jobs_are_stopped_together_after_a_question(dash: Opened, site: RunningSite) -> None:
    jobs = [site.flow.submit(*sleep_job(1, ROLES, seconds=60)).job_id for _ in range(2)]
    async with dash() as pilot:
        await shows(pilot, *[f"{job[-4:]} " for job in jobs])
        await pilot.press("space", "space")
        await shows(pilot, "◆ 2 marked")
        await pilot.press("s")
        text = await shows(pilot, "Stop 2 jobs?", "fateflow job stop")
        assert all(job in text for job in jobs)
        assert "guest:9999" in text
        await pilot.press("n")
        await lacks(pilot, "Stop 2 jobs?")
        assert not site.flow.job(jobs[0]).status.ended
        await pilot.press("s")
        await shows(pilot, "Stop 2 jobs?")
        await pilot.press("y")
        await shows(pilot, "stopped 2 jobs", "$ fateflow job stop")
        for job in jobs:
            assert site.flow.wait(job, timeout=20).status is Status.CANCELED
        await until(pilot, lambda: screen_text(pilot.app).count("■ canceled") >= 3, "it does not show the end")


async def test_what_does_not_apply_says_why(dash: Opened, site: RunningSite) -> None:
    async with dash() as pilot:
        await pilot.press("s")
        await shows(pilot, "has ended: canceled")


async def test_a_rerun_shows_its_plan_first(dash: Opened, site: RunningSite) -> None:
    failed = next(line for line in site.flow.jobs() if line.status is Status.FAILED)
    async with dash() as pilot:
        await pilot.press("slash", *failed.job_id[-9:], "enter", "r")
        text = await shows(pilot, f"Rerun job {failed.job_id}?", "▶ run")
        assert f"$ fateflow job rerun {failed.job_id}" in text
        await pilot.press("y")
        await shows(pilot, "rerunning")
        await until(pilot, lambda: site.flow.job(failed.job_id).reruns == 1, "it was not run again")
        site.flow.wait(failed.job_id, timeout=30)


async def test_ids_are_copied_and_notes_are_kept(dash: Opened, site: RunningSite) -> None:
    async with dash() as pilot:
        newest = pilot.app.screen.query_one(Listing).cursor
        await pilot.press("y")
        await shows(pilot, f"copied {newest}")
        assert pilot.app.clipboard == newest
        await pilot.press("n")
        await shows(pilot, f"Notes on {newest}")
        await pilot.press(*"first", "enter")
        await shows(pilot, "notes saved")
        assert site.flow.job(newest).description == "first"
        lines = pilot.app.store.snapshot.lines
        await until(pilot, lambda: lines[newest].description == "first", "the dashboard does not learn of the notes")
        await pilot.press("n")
        await shows(pilot, f"Notes on {newest}")
        await pilot.press("ctrl+u", "enter")
        await until(pilot, lambda: not site.flow.job(newest).description, "the notes are still there")


async def test_a_running_job_is_followed_live(dash: Opened, site: RunningSite) -> None:
    async with dash() as pilot:
        job = site.flow.submit(*sleep_job(2, ROLES, seconds=0.5)).job_id
        await shows(pilot, f"{job[-4:]} ", "▶ running")
        await until(pilot, lambda: "✓ success" in _row(pilot, job), "its end is not seen")
        assert "100%" in _row(pilot, job)


async def test_jump_zoom_help_and_palette(dash: Opened) -> None:
    async with dash() as pilot:
        await pilot.press("z")
        await lacks(pilot, "Preview")
        await pilot.press("escape")
        await shows(pilot, "Preview")
        await pilot.press("ctrl+o")
        await shows(pilot, "  A  ")
        await pilot.press("a", "question_mark")
        text = await shows(pilot, "Keys", "In the list", "job.stop")
        assert "Stop the marked jobs" in text
        await pilot.press("escape", "ctrl+p")
        await shows(pilot, "Search for")
        await pilot.press(*"rerun")
        await shows(pilot, "$ fateflow job rerun")
        await pilot.press("escape", "5")
        await shows(pilot, "Parties")


async def test_keys_are_the_users(dash: Opened, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    keys = tmp_path / "config" / "keys.toml"
    keys.write_text('"job.failures" = "F"\n[app]\nhelp = "f1"\n')
    async with dash() as pilot:
        await pilot.press("f")
        assert "status:failed" not in screen_text(pilot.app)
        await pilot.press("F")
        await shows(pilot, "/ status:failed,timeout")
        assert "f1 help" in screen_text(pilot.app)
    keys.write_text('"job.stopp" = "x"\n')
    async with dash() as pilot:
        await shows(pilot, "did you mean job.stop?")


async def test_the_newest_job_is_selected_until_a_row_is_chosen(dash: Opened, site: RunningSite) -> None:
    async with dash() as pilot:
        listing = pilot.app.screen.query_one(Listing)
        first = site.flow.submit(*sleep_job(1, ROLES)).job_id
        await until(pilot, lambda: listing.cursor == first, "the newest job is not selected")
        await shows(pilot, f"Preview {first}", "1 of 1 components")
        await pilot.press("down")
        chosen = listing.cursor
        second = site.flow.submit(*sleep_job(1, ROLES)).job_id
        await until(pilot, lambda: second in listing.keys, "the second job is not listed")
        assert listing.cursor == chosen != first
        await pilot.press("g")
        assert listing.cursor == second
        third = site.flow.submit(*sleep_job(1, ROLES)).job_id
        await until(pilot, lambda: listing.cursor == third, "the first row does not stand for the newest job again")
        site.flow.wait(third, timeout=30)


async def test_after_a_filter_the_cursor_is_in_sight(tmp_path: Path, gallery: RunningSite) -> None:
    done = next(line.job_id for line in gallery.flow.jobs() if line.status is Status.SUCCESS)
    ids = copies(gallery.home, done, tmp_path / "many", 60)
    with standalone(tmp_path / "many") as many:
        async with connected(many.home, (80, 24)) as pilot:
            await shows(pilot, "60")
            await pilot.press("slash", *ids[50][:12], "enter")
            listing = pilot.app.screen.query_one(Listing)
            await until(pilot, lambda: listing.keys == [ids[50]], "the filter finds something else")
            await pilot.press("j", "escape")
            await until(pilot, lambda: len(listing.keys) == 60, "the filter stays")
            assert listing.cursor == ids[50]
            assert ids[50] in listing.in_view()


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (220, 60)])
async def test_a_job_among_five_hundred_is_found_by_its_name(
    tmp_path: Path, gallery: RunningSite, size: tuple[int, int]
) -> None:
    done = next(line.job_id for line in gallery.flow.jobs() if line.status is Status.SUCCESS and line.roles.get("host"))
    ids = copies(gallery.home, done, tmp_path / "many", 500)
    file = tmp_path / "many" / "db" / "jobs" / ids[321][:8] / f"{ids[321]}.json"
    file.write_text(file.read_text().replace('"description":""', '"description":"zebra churn"'))
    with standalone(tmp_path / "many") as many:
        async with connected(many.home, size) as pilot:
            await shows(pilot, "JOB", "✓ success")
            await pilot.press("slash", *"zeb", "enter")
            listing = pilot.app.screen.query_one(Listing)
            await until(pilot, lambda: listing.keys == [ids[321]], "the filter finds something else")
            text = await shows(pilot, "zebra churn", "1 of 500")
            assert f" {ids[321][-pilot.app.store.snapshot.id_length :]} " in text


async def test_opening_takes_the_job_under_the_cursor_whatever_is_marked(dash: Opened) -> None:
    async with dash() as pilot:
        listing = pilot.app.screen.query_one(Listing)
        first, second = listing.keys[:2]
        await pilot.press("space")
        assert listing.cursor == second
        await pilot.press("w")
        await shows(pilot, f"fateflow job why {second}")
        await pilot.press("escape", "space", "up", "up", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, JobScreen), "no job is opened")
        await shows(pilot, first)


async def test_columns_without_room_are_reached_by_keys(dash: Opened) -> None:
    async with dash((80, 24)) as pilot:
        head = await shows(pilot, "STATUS", "›")
        assert "SUBMITTED" not in head
        await pilot.press("right", "right", "right", "right", "right", "right", "right")
        text = await shows(pilot, "‹", "SUBMITTED", "TOOK")
        assert "NAME" in text, "the first column stays"
        assert "›" not in text
        await pilot.press(*["left"] * 7)
        text = await shows(pilot, "STATUS", "›")
        assert "‹" not in text


@pytest.mark.parametrize("theme", ["fateflow-light", "colour-blind", "ansi", "nord"])
async def test_every_theme_draws(site: RunningSite, theme: str) -> None:
    async with connected(site.home, (100, 30), theme) as pilot:
        await shows(pilot, "✓ success")
        assert pilot.app.theme == theme


def _row(pilot: Dash, job_id: str) -> str:
    return next((line for line in screen_text(pilot.app).splitlines() if f"{job_id[-4:]} " in line), "")


def _black() -> object:
    from textual.color import Color

    return Color(0, 0, 0)
