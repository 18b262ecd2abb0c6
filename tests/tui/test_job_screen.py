"""The screen of one job at three sizes, and what its tabs show, by keys, on a real scheduler."""

from __future__ import annotations

import re

import pytest

from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import JobLine
from fateflow_tui.tui.app import DashApp
from fateflow_tui.tui.screens.job import JobScreen
from fateflow_tui.tui.widgets.graph_view import GraphView
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.log_pane import LogPane
from fateflow_tui.tui.widgets.tab_why import CardBox
from tests.integration.clusters import RunningSite
from tests.tui.job_jobs import anonymous, broken, fork, regression
from tests.tui.reading import Dash, connected, lacks, matches_golden, screen_text, shows, until


def ended(site: RunningSite, documents: tuple[dict[str, object], dict[str, object]]) -> JobLine:
    return site.flow.wait(site.flow.submit(*documents).job_id, timeout=60)


@pytest.fixture(scope="module")
def forked(workshop: RunningSite) -> str:
    return ended(workshop, fork()).job_id


@pytest.fixture(scope="module")
def trained(workshop: RunningSite) -> str:
    line = ended(workshop, regression())
    assert line.status is Status.SUCCESS, line.reason
    return line.job_id


@pytest.fixture(scope="module")
def failed(workshop: RunningSite) -> str:
    line = ended(workshop, broken())
    assert line.status is Status.FAILED
    return line.job_id


async def opened(pilot: Dash, job_id: str, tab: str = "") -> JobScreen:
    """The screen of a job, with the whole job on it."""
    app = pilot.app
    assert isinstance(app, DashApp)
    app.open_job(job_id, tab)
    await until(pilot, lambda: any(graph.scene for graph in app.screen.query(GraphView)), "there is no graph")
    screen = app.screen
    assert isinstance(screen, JobScreen)
    return screen


@pytest.mark.parametrize(("size", "view"), [((80, 24), ""), ((140, 45), ""), ((220, 60), ""), ((140, 45), "lanes")])
async def test_it_looks_as_it_should(workshop: RunningSite, forked: str, size: tuple[int, int], view: str) -> None:
    async with connected(workshop.home, size) as pilot:
        screen = await opened(pilot, forked)
        screen.graph.set_view(view)
        await shows(pilot, "✓ success", "sleep_d", "4/4")
        await until(pilot, lambda: screen_text(pilot.app).count(" MiB") >= min(12, size[1] - 18), "no memory is shown")
        kind = view or ("lanes" if size[0] < 110 else "boxes")
        matches_golden(f"job_{kind}_{size[0]}x{size[1]}", anonymous(screen_text(pilot.app)))


async def test_a_failure_is_read_at_once(workshop: RunningSite, failed: str) -> None:
    async with connected(workshop.home, (140, 45)) as pilot:
        await opened(pilot, failed)
        text = await shows(pilot, "✗ dataio_0 at guest:9999", "■ dataio_0 at host:10000")
        assert "has no column 'nope' for the label" in text
        assert "hint   its columns are" in text
        line = next(line for line in text.split("\n") if "✗ dataio_0 at guest:9999 ─" in line)
        assert "■ dataio_0 at host:10000" in line, "the cards of both parties stand beside each other"
        await pilot.press("f")
        await until(pilot, lambda: isinstance(pilot.app.focused, CardBox), "no card has the focus")
        await pilot.press("enter")
        await shows(pilot, "Traceback (most recent call last)", "y copy")
        await pilot.press("y")
        assert "nope" in pilot.app.clipboard
        lines = [line for line in screen_text(pilot.app).split("\n") if "ERROR   dataio_0 failed: table" in line]
        assert re.search(r"\d\d:\d\d:\d\d ERROR", lines[0]), "the last words say when, how bad, and what"
        await pilot.press("escape")
        await lacks(pilot, "y copy")


async def test_on_a_small_screen_the_cause_is_seen_too(workshop: RunningSite, failed: str) -> None:
    async with connected(workshop.home, (80, 24)) as pilot:
        await opened(pilot, failed)
        text = await shows(pilot, "✗ dataio_0 at guest:9999", "✗ failed")
        assert "has no column 'nope'" in text.replace("\n", " ")


async def test_the_arrow_keys_go_along_the_graph(workshop: RunningSite, forked: str) -> None:
    async with connected(workshop.home, (140, 45)) as pilot:
        screen = await opened(pilot, forked)
        graph = screen.graph
        await pilot.press("down")
        await shows(pilot, "─ sleep_a ─")
        assert graph.selected == "sleep_a"
        await pilot.press("down")
        assert graph.selected in ("sleep_b", "sleep_c")
        side = {"sleep_b": "right", "sleep_c": "left"}[graph.selected]
        before = graph.selected
        await pilot.press(side)
        assert graph.selected not in (before, "sleep_a")
        await pilot.press("down", "a")
        await shows(pilot, "─ whole job ─")
        assert graph.selected == ""
        await pilot.press("a")
        assert graph.selected == "sleep_d"
        text = await shows(pilot, "┏ sleep_d ")
        assert "┗" in text, "the selected box is told by its frame, not by colour alone"
        await pilot.press("v")
        await until(pilot, lambda: graph.scene is not None and graph.scene.kind == "compact", "v does not change it")
        await pilot.press("v")
        await until(pilot, lambda: graph.scene is not None and graph.scene.kind == "lanes", "v does not change it")
        await pilot.press("up", "plus", "plus")
        await until(pilot, lambda: graph.scene is not None and graph.scene.kind == "boxes", "+ does not enlarge it")


async def test_what_is_related_stands_out(workshop: RunningSite, forked: str) -> None:
    async with connected(workshop.home, (140, 45)) as pilot:
        graph = (await opened(pilot, forked)).graph
        graph.select("sleep_b")
        await pilot.pause()
        assert graph._related == {"sleep_a", "sleep_b", "sleep_d"}
        app = pilot.app
        assert isinstance(app, DashApp)
        muted, drawn = app.palette["muted"].color, _styles_of(graph)
        assert drawn["sleep_c"].color == muted
        assert drawn["sleep_a"].color != muted


async def test_long_messages_are_read_to_their_end(workshop: RunningSite, failed: str) -> None:
    async with connected(workshop.home, (80, 24)) as pilot:
        screen = await opened(pilot, failed, "log")
        pane = screen.query_one(LogPane)
        screen.graph.select("dataio_0")
        text = await shows(pilot, "E G dataio_0 failed: table")
        assert "for the label" not in text
        await pilot.press("right", "right", "right")
        text = await shows(pilot, "for the label")
        row = next(line for line in text.split("\n") if " E G …" in line)
        assert re.search(r"\d\d:\d\d:\d\d E G …", row), "when, how bad and who stay"
        end = pane._shifted
        await pilot.press("right")
        assert pane._shifted == end, "it goes on behind the end"
        await pilot.press("left", "left", "left", "left")
        await shows(pilot, "E G dataio_0 failed: table")
        await pilot.press("e")
        await shows(pilot, "running → ✗ failed: t", "TIME")
        await pilot.press(*["right"] * 8)
        await shows(pilot, "for the label", "TIME", "dataio_0 guest:9999")


async def test_the_log_is_found_in_and_filtered(workshop: RunningSite, trained: str) -> None:
    async with connected(workshop.home, (140, 45)) as pilot:
        screen = await opened(pilot, trained, "log")
        pane = screen.query_one(LogPane)
        await shows(pilot, "EndAcknowledged", "info+")
        await pilot.press("slash", *"loss", "enter")
        await shows(pilot, "/ loss 2 of 2")
        assert "loss" in pane.book.line(pane.cursor).text
        await pilot.press("n")
        await shows(pilot, "/ loss 1 of 2")
        await pilot.press("N")
        await shows(pilot, "/ loss 2 of 2")
        await pilot.press("y")
        assert "loss" in pilot.app.clipboard
        await pilot.press("escape")
        await lacks(pilot, "/ loss")
        everything = len(pane.book.shown)
        await pilot.press("p")
        await until(pilot, lambda: len(pane.book.shown) < everything, "the party is not chosen")
        assert {pane.book.line(place).party for place in range(len(pane.book.shown))} == {"guest:9999", ""}
        await pilot.press("p", "p", "p", "L")
        await shows(pilot, "warning+")
        await pilot.press("L", "L")
        await shows(pilot, "debug+")
        await until(pilot, lambda: len(pane.book.shown) > everything, "debug shows no more than info")
        screen.graph.select("hetero_lr_0")
        await until(
            pilot,
            lambda: {pane.book.line(place).component for place in range(len(pane.book.shown))} == {"hetero_lr_0"},
            "lines of other components are shown",
        )


async def test_curves_and_scores_are_drawn(workshop: RunningSite, trained: str) -> None:
    async with connected(workshop.home, (140, 60)) as pilot:
        screen = await opened(pilot, trained, "metrics")
        text = await shows(pilot, "ROC", "KS of hetero_lr_0", "arbiter:10001, train", "auc 0.", "ks 0.")
        assert any("⠀" < sign <= "⣿" for sign in text), "no curve is drawn"
        screen.graph.select("reader_0")
        await shows(pilot, "reader_0 has no metrics at this site")
        screen.graph.select("hetero_lr_0")
        await shows(pilot, "hetero_lr_0 at arbiter:10001, train")
        await lacks(pilot, "ROC")


async def test_outputs_are_tables_trees_and_a_summary(workshop: RunningSite, trained: str) -> None:
    async with connected(workshop.home, (140, 45)) as pilot:
        screen = await opened(pilot, trained, "output")
        await shows(pilot, "demo.breast_guest", "7 tables")
        screen.graph.select("hetero_lr_0")
        await shows(pilot, "predict_score", "40 rows", "p00")
        await pilot.press("O")
        await shows(pilot, "40 of 40 rows", "$ fateflow table peek output_data_")
        await pilot.press("escape", "x")
        await shows(pilot, "▾ weight", "intercept")
        await pilot.press("x")
        await shows(pilot, "▾ coef")
        await pilot.press("p")
        await shows(pilot, "hetero_lr_0", "z0")
        screen.graph.select("reader_0")
        await shows(pilot, "z0", "40 rows")
        await pilot.press("O")
        await shows(pilot, "fateflow table peek demo breast_host")


async def test_a_job_without_outputs_says_so_for_the_whole_site(workshop: RunningSite, forked: str) -> None:
    async with connected(workshop.home, (140, 45)) as pilot:
        screen = await opened(pilot, forked, "output")
        text = await shows(pilot, "this job has no output table or model at this site")
        assert "at this site yet" not in text
        screen.graph.select("sleep_a")
        text = await shows(pilot, "sleep_a has no output table or model at guest:9999")
        assert "9999 yet" not in text


async def test_parameters_say_where_they_come_from(workshop: RunningSite, trained: str) -> None:
    async with connected(workshop.home, (140, 45)) as pilot:
        screen = await opened(pilot, trained, "conf")
        await shows(pilot, '"job_type": "train"')
        screen.graph.select("dataio_0")
        text = await shows(pilot, "output_format", "DataIO · ")
        rows = [line.strip("▌ ").split() for line in _beside(text)]
        origins = {row[0]: row[-1] for row in rows if len(row) > 2}
        assert origins["label_name"] == "guest:9999"
        await pilot.press("x")
        await shows(pilot, '"module": "DataIO"')
        await pilot.press("x")
        await shows(pilot, '"label_name": "y"')


async def test_the_history_is_filtered_and_why_is_answered(workshop: RunningSite, failed: str) -> None:
    async with connected(workshop.home, (140, 45)) as pilot:
        screen = await opened(pilot, failed, "history")
        screen.graph.select("")
        await shows(pilot, "job submitted", "running → ✗ failed")
        await pilot.press("slash", *"dataio guest failed", "enter")
        await lacks(pilot, "job submitted")
        await shows(pilot, "running → ✗ failed", "/ dataio guest failed")
        await pilot.press("escape")
        await shows(pilot, "job submitted")
        await pilot.press("w")
        await shows(pilot, "✗ failed", "cause", "has no column 'nope'")


async def test_without_colors_nothing_is_lost(
    workshop: RunningSite, forked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with connected(workshop.home, (140, 45)) as pilot:
        screen = await opened(pilot, forked)
        screen.graph.select("sleep_a")
        for key in "tlmocehfw":
            await pilot.press(key)
            await pilot.pause()
        await shows(pilot, "┏ sleep_a ", "✓ success", "G✓ H✓ A✓", "w why")
        segments = _segments(pilot)
        assert segments
        assert all(part.style is None or part.style.color is None or part.style.color.is_default for part in segments)


async def test_tabs_and_panes_by_keys(workshop: RunningSite, forked: str) -> None:
    async with connected(workshop.home, (140, 45)) as pilot:
        screen = await opened(pilot, forked)
        await pilot.press("h", "g")
        await shows(pilot, "job submitted")
        await pilot.press("right_square_bracket", "right_square_bracket")
        assert screen.tab == "why"
        await pilot.press("right_square_bracket")
        assert screen.tab == "tasks"
        await pilot.press("left_square_bracket", "left_square_bracket")
        await shows(pilot, "no failures in this job")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.focused, Listing), "the tab has not the focus")
        await pilot.press("t")
        await until(pilot, lambda: isinstance(pilot.app.focused, GraphView), "the same key does not lead back")
        width = screen.query_one("#graph").size.width
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: screen.query_one("#graph").size.width > width, "the graph is not wider")
        await pilot.press("z")
        await lacks(pilot, "h history")
        await pilot.press("escape")
        await shows(pilot, "h history")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, JobScreen), "escape does not lead back")


async def test_a_job_that_is_not_there_says_so(workshop: RunningSite) -> None:
    async with connected(workshop.home, (80, 24)) as pilot:
        pilot.app.open_job("20200101000000000000000")  # type: ignore[attr-defined]
        await shows(pilot, "job not found at this site")
        await pilot.press("s")
        await shows(pilot, "no job selected")


def _segments(pilot: Dash) -> list[object]:
    from textual.color import Color

    strips = pilot.app.screen._compositor.render_strips()
    return [part for strip in strips for part in strip.apply_filter(pilot.app._filters[-1], Color(0, 0, 0))]


def _styles_of(graph: GraphView) -> dict[str, object]:
    """The style of each component's name in the drawing."""
    found = {}
    for y in range(graph.size.height):
        for part in graph.render_line(y):
            name = part.text.strip()
            if name in graph._components:
                found[name] = part.style
    return found


def _beside(text: str) -> list[str]:
    """The lines of the pane at the right, without frames."""
    return [line.split("││")[-1].strip("│ ") if "││" in line else line for line in text.split("\n")]
