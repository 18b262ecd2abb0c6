"""What an earlier job has done alike is not done again, if all parties still have it."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.effects import StartTask
from fateflow_tui.core.messages import Want
from fateflow_tui.core.plan import JobPlan
from fateflow_tui.core.records import TaskRecord
from fateflow_tui.core.status import Status
from fateflow_tui.engine import reusable_components
from tests.simulation.engine_world import ALL, GUEST, HOST, chain, one_site, tasks, two_sites
from tests.simulation.scenario import again
from tests.simulation.world import World

FIRST, SECOND = "202601010001", "202601010002"


def run(world: World, plan: JobPlan) -> list[str]:
    """Runs a job to its end and gives the tasks that were started for it."""
    started: list[str] = []
    outcome = world.outcome

    def noted(effect: StartTask) -> Status:
        if effect.job_id == plan.job_id:
            started.append(f"{effect.party}/{effect.component}/{effect.version}")
        return outcome(effect)

    world.outcome = noted
    world.submit(plan)
    world.run()
    world.outcome = outcome
    return sorted(started)


def remembering(world: World) -> World:
    world.forgets = lambda task: False
    return world


def test_a_job_that_was_done_before_runs_nothing() -> None:
    for world in (remembering(one_site()), remembering(two_sites())):
        plan = chain()
        run(world, plan)
        assert run(world, again(plan, SECOND)) == []
        driver = world.driver(SECOND)
        assert driver.status is Status.SUCCESS
        assert {record.reused_from for record in driver.components.values()} == {FIRST}
        assert {record.want for record in driver.components.values()} == {Want.KEEP}
        assert tasks(world, HOST, SECOND) == {f"step_{i}/0": Status.SUCCESS for i in range(3)}


def test_what_one_party_has_lost_runs_again_at_all_with_all_that_needs_it() -> None:
    world = remembering(two_sites())
    plan = chain()
    run(world, plan)

    def lost(task: TaskRecord) -> bool:
        return task.component == "step_1" and task.party == HOST

    world.forgets = lost
    expected = sorted(f"{party}/{name}/1" for party in ALL for name in ("step_1", "step_2"))
    assert run(world, again(plan, SECOND)) == expected
    driver = world.driver(SECOND)
    assert driver.status is Status.SUCCESS
    assert {name: record.reused_from for name, record in driver.components.items()} == {
        "step_0": FIRST,
        "step_1": "",
        "step_2": "",
    }
    # Not what the others had taken over before they knew.
    assert tasks(world, GUEST, SECOND)["step_1/1"] is Status.SUCCESS


def test_what_nobody_has_any_more_just_runs() -> None:
    world = two_sites()
    plan = chain()
    run(world, plan)
    world.forgets = lambda task: True
    assert run(world, again(plan, SECOND)) == sorted(f"{party}/step_{i}/0" for party in ALL for i in range(3))


def test_a_rerun_of_a_reused_component_is_its_own() -> None:
    world = remembering(two_sites())
    plan = chain()
    run(world, plan)
    run(world, again(plan, SECOND))
    world.rerun(SECOND, ["step_1"])
    world.run()
    driver = world.driver(SECOND)
    assert driver.status is Status.SUCCESS
    assert [record.reused_from for record in driver.components.values()] == [FIRST, "", ""]


def test_only_what_is_alike_qualifies() -> None:
    world = remembering(one_site())
    plan = chain(length=4)
    run(world, plan)
    engine = world.site_of(GUEST).engine
    assert engine is not None
    source = engine.job(FIRST)
    assert source is not None
    new = again(plan, SECOND)
    assert reusable_components(new, source) == ["step_0", "step_1", "step_2", "step_3"]

    def changed(name: str) -> JobPlan:
        """With other parameters of a component at the host."""
        documents = [
            msgspec.structs.replace(
                document,
                tasks=[
                    msgspec.structs.replace(task, parameters={"seconds": 1})
                    if task.component == name and document.party == HOST
                    else task
                    for task in document.tasks
                ],
            )
            for document in new.documents
        ]
        return msgspec.structs.replace(new, documents=documents)

    assert reusable_components(changed("step_1"), source) == ["step_0"]
    assert reusable_components(changed("step_3"), source) == ["step_0", "step_1", "step_2"]
    fewer = msgspec.structs.replace(new, documents=[d for d in new.documents if d.party != HOST])
    assert reusable_components(fewer, source) == []
