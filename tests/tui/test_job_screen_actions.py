"""What can be done on the screen of one job, by keys, on a real scheduler; also while that is killed and restarted."""

from __future__ import annotations

from pathlib import Path

from fateflow_tui.core.status import Status
from fateflow_tui.tui.screens.parameters import ParameterEditor
from fateflow_tui.tui.widgets.graph_view import GraphView
from tests.integration.clusters import RunningSite, standalone, three_sites
from tests.integration.clusters import until as until_so
from tests.tui.job_jobs import ROLES, broken, fork, regression, sleeping
from tests.tui.reading import connected, lacks, screen_text, shows, until
from tests.tui.test_job_screen import ended, opened


async def test_a_failure_is_mended_and_the_job_succeeds(workshop: RunningSite) -> None:
    job_id = ended(workshop, broken()).job_id
    async with connected(workshop.home, (140, 45)) as pilot:
        await opened(pilot, job_id)
        await shows(pilot, "has no column 'nope'")
        await pilot.press("R")
        text = await shows(pilot, "Parameters of dataio_0", '"label_name": "nope"', "▶ run    dataio_0")
        assert "↻ reuse  reader_0" in text
        assert f"$ fateflow job rerun {job_id} -cpn dataio_0 -c CHANGES.json" in text
        await pilot.press(*["backspace"] * 4, "y", "ctrl+s")
        await shows(pilot, "from dataio_0")
        await shows(pilot, "✓ success", timeout=30)
        await until(pilot, lambda: workshop.flow.job(job_id).status is Status.SUCCESS, "it does not succeed")
        await lacks(pilot, "✗ dataio_0 at guest:9999")
        assert workshop.flow.parameters(job_id, "dataio_0", "guest:9999")["DataIOParam"]["label_name"] == "y"
        await pilot.press("t")
        await shows(pilot, "2/2")


async def test_wrong_parameters_are_shown_in_place_and_not_sent(workshop: RunningSite) -> None:
    job_id = ended(workshop, broken()).job_id
    async with connected(workshop.home, (140, 45)) as pilot:
        await opened(pilot, job_id)
        await pilot.press("R")
        await shows(pilot, "Parameters of dataio_0", "▶ run")
        editor = pilot.app.screen.query_one(ParameterEditor)
        editor.text = '{"common": {"dataio_0": {"output_format": "dense",\n "no_such": 3}}}'
        text = await shows(pilot, "◂", "no_such")  # not "2:2": the clock may show it
        line = next(line for line in text.split("\n") if '"no_such": 3' in line)
        assert "◂" in line, "the line itself says what is wrong"
        assert "▶ run" not in text
        await pilot.press("ctrl+s")
        await shows(pilot, "Parameters of dataio_0", "no_such")
        editor.text = '{"common": {'
        await shows(pilot, "◂", "1:13")
        editor.text = '{"other": {}}'
        await shows(pilot, "parameters go in common or role")
        await pilot.press("f8")
        assert editor.cursor_location == (0, 1)
        editor.text = '{"common": {"dataio_0": {\n3}}}'
        await shows(pilot, "◂ Expecting property name enclosed in double quotes")
        editor.text = '{"role": {"guest": {"0": {"dataio_0": {"with_label": true}}}}}'
        await shows(pilot, '! role.guest.0.dataio_0.label_name = "nope" is left out and stays in effect', "▶ run")
        await pilot.press("escape")
        await lacks(pilot, "Parameters of dataio_0")
        assert workshop.flow.job(job_id).reruns == 0


async def test_a_running_job_moves_and_is_stopped_after_a_question(workshop: RunningSite) -> None:
    job_id = workshop.flow.submit(*fork(seconds=60)).job_id
    async with connected(workshop.home, (140, 45)) as pilot:
        screen = await opened(pilot, job_id)
        await shows(pilot, "▶ running", "running sleep_a", "at guest:9999, host:10000, arbiter:10001")
        await pilot.press("w")
        await shows(pilot, "sleep_a", "last seen")
        await pilot.press("r")
        await shows(pilot, "has not ended")
        await pilot.press("s")
        text = await shows(pilot, f"Stop job {job_id}?", f"$ fateflow job stop {job_id}")
        assert all(f"{role}:{ids[0]}" in text for role, ids in ROLES.items())
        await pilot.press("n")
        await lacks(pilot, "Stop job")
        assert not workshop.flow.job(job_id).status.ended
        await pilot.press("s")
        await shows(pilot, "Stop job")
        await pilot.press("y")
        await shows(pilot, f"stopped {job_id}", "■ canceled", "stopped by")
        assert "✗" not in screen_text(pilot.app), "a stop is not a failure"
        assert screen.graph._moving == {}


async def test_arrows_move_along_the_edges_of_what_runs(workshop: RunningSite) -> None:
    needs = {"first": [], "second": ["first"]}
    dsl, conf = sleeping(needs, 60)
    conf["component_parameters"]["common"]["first"]["seconds"] = 0
    job_id = workshop.flow.submit(dsl, conf).job_id
    try:
        async with connected(workshop.home, (140, 45)) as pilot:
            graph = (await opened(pilot, job_id)).graph
            await shows(pilot, "running second")
            graph.set_view("boxes")
            seen: set[object] = set()

            def moved() -> bool:
                seen.add(tuple((y, *row) for y, row in sorted(graph._moving.items())))
                return len(seen) > 1

            await until(pilot, moved, "nothing moves")
            pilot.app.animation_level = "none"
    finally:
        workshop.flow.stop(job_id)


async def test_the_model_is_deployed(workshop: RunningSite) -> None:
    trained = ended(workshop, regression()).job_id
    async with connected(workshop.home, (140, 45)) as pilot:
        await opened(pilot, trained)
        await shows(pilot, "✓ success")
        await pilot.press("d")
        text = await shows(pilot, f"Deploy {trained}?", f"$ fateflow model deploy {trained}", "[x] evaluation_0")
        assert "at guest:9999, host:10000" in text
        await pilot.press(*["down"] * 4, "space")
        await shows(pilot, "[ ] evaluation_0", "--components", "reader_0,dataio_0,intersection_0,hetero_lr_0")
        await pilot.press("enter")
        await shows(pilot, "deployed as")
        deployed = workshop.flow.models(deployed=True)
        assert any(line.model_id == workshop.flow.job(trained).model_id for line in deployed)


async def test_what_is_not_there_to_deploy_says_why(workshop: RunningSite) -> None:
    job_id = ended(workshop, broken()).job_id
    async with connected(workshop.home, (140, 45)) as pilot:
        await opened(pilot, job_id)
        await shows(pilot, "✗ failed")
        await pilot.press("d")
        await shows(pilot, f"job {job_id} has not succeeded: failed")
        await pilot.press("O")
        await shows(pilot, "no output table shown")
        await pilot.press("escape", "escape")
        upload = next(line.job_id for line in workshop.flow.jobs() if line.initiator.startswith("local:"))
        await opened(pilot, upload)
        await shows(pilot, "✓ success")
        await pilot.press("d")
        await shows(pilot, "cannot deploy", "this job has no model")


async def test_it_goes_on_when_the_scheduler_is_killed_and_restarted(tmp_path: Path) -> None:
    with standalone(tmp_path / "site-k") as site:
        job_id = site.flow.submit(*sleeping({"first": [], "second": ["first"]}, 2)).job_id
        async with connected(site.home, (140, 45)) as pilot:
            screen = await opened(pilot, job_id, "log")
            await shows(pilot, "running first", "· following")
            site.crash()
            text = await shows(pilot, "disconnected; last updated at", "reconnecting")
            assert "first" in text
            await pilot.press("m", "c", "w", "down")
            await pilot.press("s")
            await shows(pilot, "cannot stop")
            await pilot.press("l")
            site.start()
            await shows(pilot, "● connected", timeout=20)
            await lacks(pilot, "last updated at")
            await shows(pilot, "2/2", timeout=30)
            await until(pilot, lambda: site.flow.job(job_id).status.ended, "it does not end")
            book = screen.query_one("LogPane").book  # type: ignore[attr-defined]
            last = "running -> success"
            await until(pilot, lambda: any(last in line.text for line in book.lines[-20:]), "the log does not go on")
            submitted = [line for line in book.lines if line.text.startswith("JobSubmitted")]
            assert len(submitted) == 1, "what was read before the break is not there twice"
            assert "✓ success" in screen_text(pilot.app)


async def test_a_job_of_other_sites_shows_what_this_site_knows(tmp_path: Path) -> None:
    with three_sites(tmp_path) as (guest, host, arbiter):
        dsl, conf = fork()
        conf["role"] = {**ROLES, "arbiter": [10000]}
        job_id = guest.flow.submit(dsl, conf).job_id
        guest.flow.wait(job_id, timeout=60)
        until_so(lambda: host.flow.job(job_id).status.ended, "the host is not told the end", 20)
        async with connected(host.home, (140, 45)) as pilot:
            screen = await opened(pilot, job_id, "tasks")
            await shows(pilot, "✓ success", "driven by guest:9999 at another site", "host:10000")
            await pilot.press("c")
            await shows(pilot, "p party host:10000", '"initiator"')
            screen.graph.select("sleep_a")
            await shows(pilot, "seconds", "common")
            await pilot.press("l")
            await shows(pilot, "lines")
            assert isinstance(screen.graph, GraphView)
        assert arbiter.flow.job(job_id).status is Status.SUCCESS


async def test_a_rerun_from_the_selected_component_shows_its_plan(workshop: RunningSite) -> None:
    job_id = ended(workshop, broken()).job_id
    async with connected(workshop.home, (140, 45)) as pilot:
        await opened(pilot, job_id)
        await shows(pilot, "─ dataio_0 ─")
        await pilot.press("r")
        text = await shows(pilot, f"Rerun job {job_id}?", f"$ fateflow job rerun {job_id} -cpn dataio_0")
        assert "▶ run    dataio_0" in text
        await pilot.press("y")
        await until(pilot, lambda: workshop.flow.job(job_id).reruns == 1, "it was not run again")
        workshop.flow.wait(job_id, timeout=30)
        await pilot.press("y")
        await shows(pilot, f"copied {job_id}")
        await pilot.press("n")
        await shows(pilot, f"Notes on {job_id}")
        await pilot.press(*"labels", "enter")
        await until(pilot, lambda: workshop.flow.job(job_id).description == "labels", "the notes are not kept")
