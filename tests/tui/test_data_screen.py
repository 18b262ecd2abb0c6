"""The Data screen: tables, their rows and lineage, and everything that can be done with one, on a real scheduler."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from fateflow_tui.tui.widgets.listing import Listing
from tests.tui.reading import connected, lacks, matches_golden, screen_text, shows, until
from tests.tui.trained import Trained, steady


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_it_looks_as_it_should(trained: Trained, size: tuple[int, int]) -> None:
    async with connected(trained.site.home, size) as pilot:
        await pilot.press("3")
        await shows(pilot, "breast_host", "breast_guest", "50 of 60", "✓ enabled", "created by")
        matches_golden(f"data_{size[0]}x{size[1]}", steady(screen_text(pilot.app)))


async def test_without_colors_it_says_the_same(trained: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with connected(trained.site.home, (140, 45)) as pilot:
        await pilot.press("3")
        await shows(pilot, "50 of 60", "▌ demo")
        matches_golden("data_140x45", steady(screen_text(pilot.app)))


async def test_lineage_names_those_who_read_a_table_and_what_it_was_made_of(trained: Trained) -> None:
    async with connected(trained.site.home, (140, 45)) as pilot:
        await pilot.press("3")
        await shows(pilot, f"read by    {trained.second}", trained.first)
        await pilot.press("t")
        await shows(pilot, "Data and outputs", "hetero_lr_0")
        await pilot.press("slash", *f"scores {trained.first}", "enter")
        await shows(pilot, "1 of ", "from       demo.breast_guest by hetero_lr_0", "predict_result")
        await pilot.press("enter")
        await shows(pilot, "Graph", "intersection_0")
        await pilot.press("escape", "escape", "t")
        await lacks(pilot, "Data and outputs", "hetero_lr_0")


async def test_a_file_is_uploaded_disabled_and_deleted(trained: Trained, tmp_path: Path) -> None:
    file = tmp_path / "ages.csv"
    file.write_text("id;age\nanna;31\nben;27\n")
    async with connected(trained.site.home, (100, 34)) as pilot:
        pilot.app.layout.set("data", "folder", str(tmp_path))
        await pilot.press("3")
        await shows(pilot, "breast_guest")
        await pilot.press("U")
        await shows(pilot, "Upload a table", "ages.csv")
        await pilot.press("ctrl+s")
        await shows(pilot, "✗ choose a file")
        await pilot.press("enter")
        await shows(pilot, "1 id;age", "2 anna;31", "$ fateflow data upload", "--name ages", "--id-delimiter ';'")
        await pilot.press("ctrl+u", *"years", "ctrl+s")
        await shows(pilot, "uploaded experiment.years", "anna", "age")
        assert trained.site.flow.table_info("experiment", "years").count == 2
        listing = pilot.app.screen.query_one("#list", Listing)
        assert listing.cursor == "experiment\tyears"
        await pilot.press("e")
        await shows(pilot, "■ disabled", "$ fateflow table disable")
        await pilot.press("slash", *"disabled", "enter")
        await shows(pilot, "1 of 3")
        await pilot.press("e")
        await shows(pilot, "no table matches the filter")
        await pilot.press("escape")
        listing.move_to("experiment\tyears")
        await pilot.press("D")
        await shows(pilot, "Delete experiment.years?", "2 rows", "fateflow table delete experiment years")
        await pilot.press("y")
        await shows(pilot, "deleted experiment.years")
        await until(pilot, lambda: "experiment\tyears" not in listing.keys, "it is still listed")
        assert not trained.site.flow.table_info("experiment", "years").exist


async def test_a_file_is_bound_and_a_table_is_written(trained: Trained, tmp_path: Path) -> None:
    file = tmp_path / "bound.csv"
    file.write_text("id,x\na,1\n")
    async with connected(trained.site.home, (140, 45)) as pilot:
        await pilot.press("3")
        await shows(pilot, "breast_guest")
        await pilot.press("b")
        await shows(pilot, "Bind a file as a table?")
        await pilot.press(*"b.csv", "tab", "tab", *"outside", "enter")
        await shows(pilot, "enter an absolute path on the scheduler's machine")
        pilot.app.screen.query_one("#field-0", Input).value = str(file)
        await pilot.press("ctrl+s")
        await shows(pilot, "experiment.outside is", "✓ enabled bound")
        pilot.app.screen.query_one("#list", Listing).move_to("demo\tbreast_guest")
        await shows(pilot, "demo.breast_guest")
        await pilot.press("w")
        await shows(pilot, "Download demo.breast_guest?")
        out = tmp_path / "out.csv"
        pilot.app.screen.query_one("#field-0", Input).value = str(out)
        await pilot.press("ctrl+s")
        await shows(pilot, "wrote")
        assert len(out.read_text().splitlines()) == 60
        trained.site.flow.tables.delete("experiment", "outside")
        assert file.exists()


async def test_wide_rows_are_read_by_keys_and_the_pane_takes_the_screen(trained: Trained) -> None:
    async with connected(trained.site.home, (80, 24)) as pilot:
        await pilot.press("3")
        pilot.app.screen.query_one("#list", Listing).move_to("demo\tbreast_host")
        await shows(pilot, "50 of 60", "radius_error", "p296")
        await pilot.press("tab", "tab", *["right"] * 30)
        text = await shows(pilot, "worst_fractal_dimension", "p296")
        assert "radius_error" not in text
        await pilot.press("z")
        await lacks(pilot, "created by")
        lines = screen_text(pilot.app).split("\n")
        assert lines[-2].startswith("╰"), "the pane reaches down to the footer"
        await pilot.press("z", *["left"] * 30)
        await shows(pilot, "created by", "radius_error")


async def test_a_name_is_copied_as_a_conf_has_it(trained: Trained) -> None:
    async with connected(trained.site.home, (140, 45)) as pilot:
        await pilot.press("3")
        await shows(pilot, "breast_guest")
        pilot.app.screen.query_one("#list", Listing).move_to("demo\tbreast_guest")
        await pilot.press("y")
        await shows(pilot, "copied")
        assert pilot.app.clipboard == '{"namespace": "demo", "name": "breast_guest"}'
