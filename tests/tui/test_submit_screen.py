"""Submitting from any screen: documents are chosen, checked in place, planned, submitted; the demo by two keys."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from textual.widgets import Input

from fateflow_tui.tui import drafts
from fateflow_tui.tui.widgets.file_list import FileList
from tests.integration.clusters import RunningSite, standalone
from tests.tui.reading import connected, lacks, matches_golden, screen_text, shows, until
from tests.tui.trained import DEMO, Trained, documents, steady


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Documents that fit together, among others."""
    dsl, conf = documents()
    found = tmp_path / "jobs"
    (found / "older").mkdir(parents=True)
    (found / "lr_dsl.json").write_text(json.dumps(dsl, indent=2))
    (found / "lr_conf.json").write_text(json.dumps(conf, indent=2))
    (found / "notes.txt").write_text("no document")
    return found


async def test_a_new_user_gets_to_a_running_job_by_two_keys(tmp_path: Path) -> None:
    with standalone(tmp_path / "home") as site:
        async with connected(site.home, (80, 24), demo=lambda: DEMO) as pilot:
            await shows(pilot, "no jobs yet")
            await pilot.press("S")
            await shows(
                pilot,
                "FATE Flow",
                "Submit the demo job",
                "✓ no problems",
                "[x] upload its tables",
                "are uploaded first",
            )
            matches_golden("submit_demo_80x24", steady(screen_text(pilot.app)))
            await pilot.press("enter")
            await shows(pilot, "▶ running", "intersection_0", timeout=60)
            job = site.flow.jobs(1)[0]
            assert set(job.parties) == {"guest:9999", "host:10000", "arbiter:10001"}
            site.flow.stop(job.job_id)
            site.flow.wait(job.job_id, timeout=30)


async def test_problems_are_shown_where_they_are_until_they_are_mended(site: RunningSite, folder: Path) -> None:
    file = folder / "lr_dsl.json"
    sound = file.read_text()
    file.write_text(sound.replace('"HeteroLR"', '"HeteroLRR"'))
    async with connected(site.home, (140, 45)) as pilot:
        pilot.app.layout.set("submit", "folder", str(folder))
        await pilot.press("3", "S")
        await shows(pilot, "choose a DSL and a conf", "older/", "lr_conf.json")
        await lacks(pilot, "notes.txt")
        await pilot.press("down", "enter")
        line = next(number for number, text in enumerate(file.read_text().splitlines(), 1) if "HeteroLRR" in text)
        text = await shows(pilot, "✗ 1 error", f"lr_dsl.json:{line}:", "did you mean HeteroLR?")
        rows = text.splitlines()
        at = next(number for number, row in enumerate(rows) if '"module": "HeteroLRR"' in row)
        assert rows[at + 1].index("^") == rows[at].index('"module"')
        await pilot.press("s")
        await shows(pilot, "✗ not submitted: fix the errors first")
        file.write_text(sound)
        os.utime(file, (1, 1))
        await shows(pilot, "✓ no problems", "guest:9999 cannot take part")
        await pilot.press("escape")
        await lacks(pilot, "Submit a job")


async def test_folders_are_walked_through_and_remembered(site: RunningSite, folder: Path) -> None:
    async with connected(site.home, (100, 30)) as pilot:
        pilot.app.layout.set("submit", "folder", str(folder / "older"))
        await pilot.press("S")
        await shows(pilot, "no .json files here")
        await pilot.press("backspace")
        await shows(pilot, "lr_dsl.json")
        files = pilot.app.screen.query_one(FileList)
        assert files.cursor == "older/"
        await pilot.press("s")
        await shows(pilot, "choose a DSL and a conf first")
        await pilot.press("escape")
        assert pilot.app.layout.get("submit", "folder", "") == str(folder)


async def test_what_was_done_alike_is_reused(trained: Trained, folder: Path) -> None:
    async with connected(trained.site.home, (140, 45)) as pilot:
        pilot.app.layout.set("submit", "folder", str(folder))
        await pilot.press("S")
        await shows(pilot, "lr_conf.json")
        await pilot.press("down", "enter")
        await shows(pilot, "✓ no problems", "reads demo.breast_guest", "train job of guest:9999")
        await pilot.press("u")
        await shows(pilot, "[x] reuse results", "↻ 5 of them are reused", "--reuse")
        before = trained.site.flow.jobs(1)[0].job_id
        await pilot.press("s")
        await until(pilot, lambda: trained.site.flow.jobs(1)[0].job_id != before, "it is not submitted")
        job = trained.site.flow.jobs(1)[0].job_id
        await until(pilot, lambda: trained.site.flow.job(job).status.succeeded, "it does not succeed", 60)
        assert {one.reused_from for one in trained.site.flow.job(job).components} == {trained.first}
        await shows(pilot, "✓ success")
    trained.site.flow.models.delete(job)


async def test_a_path_may_be_typed(trained: Trained, folder: Path) -> None:
    async with connected(trained.site.home, (140, 45)) as pilot:
        pilot.app.layout.set("submit", "folder", str(folder))
        await pilot.press("S")
        await shows(pilot, "lr_conf.json")
        for kind in ("dsl", "conf"):
            pilot.app.screen.query_one(f"#{kind}", Input).value = str(folder / f"lr_{kind}.json")
        await shows(pilot, "✓ no problems")
        await pilot.press("escape")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("test_hetero_lr_job_dsl.json", "", "dsl"),
        ("x_conf.json", "", "conf"),
        ("a.json", '{"components": {}}', "dsl"),
        ("b.json", '{"initiator": {}, "component_parameters": {}}', "conf"),
        ("c.json", "[]", ""),
    ],
)
def test_documents_are_told_apart(tmp_path: Path, name: str, content: str, kind: str) -> None:
    (tmp_path / name).write_text(content)
    assert drafts.kind_of(tmp_path / name) == kind


def test_what_lies_beside_a_document_is_found(tmp_path: Path) -> None:
    dsl, conf = tmp_path / "x_dsl.json", tmp_path / "x_conf.json"
    dsl.write_text("{}")
    assert drafts.partner_of(dsl, "dsl") is None
    conf.write_text("{}")
    (tmp_path / "y_conf.json").write_text("{}")
    assert drafts.partner_of(dsl, "dsl") == conf
    assert drafts.partner_of(conf, "conf") == dsl
