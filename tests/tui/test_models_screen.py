"""The Models screen: details and actions of model versions, on a real scheduler."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.widgets import Input

from fateflow_tui.tui.widgets.listing import Listing
from tests.integration.clusters import RunningSite
from tests.tui.reading import connected, lacks, matches_golden, screen_text, shows, until
from tests.tui.trained import Trained, steady, upload


@pytest.mark.parametrize("size", [(80, 24), (140, 45), (220, 60)])
async def test_it_looks_as_it_should(trained: Trained, size: tuple[int, int]) -> None:
    async with connected(trained.site.home, size) as pilot:
        await pilot.press("2")
        await shows(pilot, "✓ deployed", "· trained", "demo.breast_guest", "arbiter:10001   ✓ valid")
        matches_golden(f"models_{size[0]}x{size[1]}", steady(screen_text(pilot.app)))


async def test_lineage_leads_from_version_to_version_and_to_the_job(trained: Trained) -> None:
    async with connected(trained.site.home, (140, 45)) as pilot:
        await pilot.press("2")
        await shows(pilot, f"base       version {trained.first}", f"trained by job {trained.first}")
        await pilot.press("end")
        await shows(pilot, f"derived    version {trained.deployed} deployed")
        await pilot.press("slash", *"trained", "enter")
        await shows(pilot, "2 of 3")
        await lacks(pilot, "✓ deployed")
        await pilot.press("escape", "end", "enter")
        await shows(pilot, "Graph", "intersection_0")
        await pilot.press("escape")
        await shows(pilot, "✓ deployed")


async def test_two_versions_are_compared(trained: Trained) -> None:
    async with connected(trained.site.home, (140, 45)) as pilot:
        await pilot.press("2")
        await shows(pilot, trained.second)
        await pilot.press("down", "space", "space")
        await shows(pilot, "◆ 2 marked")
        await pilot.press("c")
        text = await shows(pilot, "Comparison of two versions", "documents  no changes", "0.01 → 0.05")
        assert text.index(f"- {trained.first}") < text.index(f"+ {trained.second}")
        assert "~ hetero_lr_0.model" in text
        assert f"$ fateflow model diff {trained.first} {trained.second}" in text
        await pilot.press("escape")
        await lacks(pilot, "Comparison of two versions")
        await pilot.press("escape", "c")
        await shows(pilot, "mark two versions with space")


async def test_a_changed_part_is_told_at_its_party(trained: Trained) -> None:
    [part] = trained.site.home.glob(f"models/host#*/{trained.second}/components/hetero_lr_0/model/model.json")
    sound = part.read_bytes()
    async with connected(trained.site.home, (140, 45)) as pilot:
        await pilot.press("2", "down")
        await shows(pilot, f"Version {trained.second}", "host:10000      ✓ valid")
        part.chmod(0o600)
        part.write_bytes(sound.replace(b"0", b"1", 1))
        try:
            await pilot.press("v")
            text = await shows(pilot, "host:10000      ✗ damaged", "guest:9999      ✓ valid")
            assert "hetero_lr_0" in text
        finally:
            part.write_bytes(sound)
        await pilot.press("v")
        await shows(pilot, "host:10000      ✓ valid")


async def test_a_version_is_deployed_named_served_and_taken_away(trained: Trained, tmp_path: Path) -> None:
    flow = trained.site.flow
    async with connected(trained.site.home, (140, 45)) as pilot:
        await pilot.press("2", "down")
        await shows(pilot, f"Version {trained.second}")
        await pilot.press("l")
        await shows(pilot, "cannot load", f"{trained.second} is not deployed")
        await pilot.press("d")
        await shows(pilot, f"Deploy {trained.second}?", "at guest:9999, host:10000, arbiter:10001", "[x] evaluation_0")
        await pilot.press(*["down"] * 4, "space")
        await shows(pilot, "[ ] evaluation_0", "reader_0,dataio_0,intersection_0,hetero_lr_0")
        await pilot.press("enter")
        await shows(pilot, "deployed as ")
        new = flow.models(1)[0]
        assert new.parent_info["parent_model_version"] == trained.second
        assert "evaluation_0" not in flow.models.predict_dsl(new.model_id, new.model_version)["components"]

        listing = pilot.app.screen.query_one("#list", Listing)
        await until(pilot, lambda: new.model_version in listing.keys, "the new version is not listed")
        await pilot.press("home", "b")
        await shows(pilot, "cannot bind", "is not loaded")
        await pilot.press("l")
        await shows(pilot, f"Load {new.model_version}?")
        await pilot.press("y")
        await shows(pilot, "▶ loaded")
        await pilot.press("b")
        await shows(pilot, f"Bind {new.model_version}?")
        await pilot.press(*"scores", "enter")
        await shows(pilot, "services   scores", "$ fateflow model bind scores")
        await pilot.press("a")
        await shows(pilot, "An alias for")
        await pilot.press(*"churn@prod", "enter")
        await shows(pilot, "aliases    churn@prod")
        await pilot.press("t")
        await shows(pilot, "A tag for")
        await pilot.press(*"spring", "enter")
        await shows(pilot, "tags       spring")
        assert flow.models.resolve("churn@prod") == new.model_version

        await pilot.press("e")
        await shows(pilot, f"Export {new.model_version}")
        file = tmp_path / "part.zip"
        pilot.app.screen.query_one("#field-1", Input).value = str(file)
        await pilot.press("ctrl+s")
        await shows(pilot, "wrote")
        assert file.read_bytes()[:2] == b"PK"

        await pilot.press("D")
        await shows(pilot, "cannot delete", "is loaded;")
        flow.serving.unbind("scores")
        for party in ("guest:9999", "host:10000"):
            flow.serving.unload(new.model_id, new.model_version, party)
        await pilot.press("r")
        await shows(pilot, "kind       ✓ deployed")
        await pilot.press("D")
        await shows(pilot, f"Delete {new.model_version}?", "removes the aliases churn@prod")
        await pilot.press("y")
        await shows(pilot, f"deleted {new.model_version}")
        await until(pilot, lambda: new.model_version not in listing.keys, "the version is still listed")


async def test_predicting_asks_for_tables_and_shows_the_plan(trained: Trained) -> None:
    for party in ("guest", "host"):
        upload(trained.site, party, "new")
    async with connected(trained.site.home, (140, 45)) as pilot:
        await pilot.press("2")
        await shows(pilot, f"Version {trained.deployed}")
        await pilot.press("p")
        await shows(pilot, "tables to predict on:", "demo.breast_guest", "demo.breast_host")
        for place, party in enumerate(("guest", "host")):
            pilot.app.screen.query_one(f"#field-{place}", Input).value = f"demo.new_{party}"
        await pilot.press("ctrl+s")
        await shows(pilot, "predict job", f"predicts with {trained.deployed}", "✓ no problems")
        line = f"$ fateflow model predict {trained.deployed} --table guest:9999=demo.new_guest"
        assert line in screen_text(pilot.app)
        await pilot.press("s")
        await shows(pilot, "submitted ")
        job = trained.site.flow.jobs(1)[0].job_id
        conf = trained.site.flow.jobs.config(job, "guest:9999")["runtime_conf"]
        assert conf["job_parameters"]["common"]["job_type"] == "predict", json.dumps(conf)
        trained.site.flow.stop(job)
        trained.site.flow.wait(job, timeout=30)
    for party in ("guest", "host"):
        trained.site.flow.tables.delete("demo", f"new_{party}")


async def test_without_models_it_says_how_to_get_one(site: RunningSite) -> None:
    async with connected(site.home, (80, 24)) as pilot:
        await pilot.press("2")
        await shows(pilot, "no models yet", "press S to submit one")
        await pilot.press("d")
        await shows(pilot, "no version selected")
