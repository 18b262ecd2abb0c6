"""What a job takes over from an earlier one, and why the rest runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import ComponentPlan, JobOptions, JobPlan, PartyDocument, Resources, TaskPlan
from fateflow_tui.core.records import ComponentRecord, DriverRecord, JobState
from fateflow_tui.core.status import Status
from fateflow_tui.engine import (
    ReuseAction,
    RunCause,
    RunReason,
    compare,
    plan_reuse,
    reusable_components,
    run_all,
    similarity,
)
from fateflow_tui.engine.reuse import changes, describe_changes

GUEST, HOST = Party("guest", "9999"), Party("host", "10000")
CHAIN = ("reader_0", "dataio_0", "lr_0")
OLD, NEW = "202601010001", "202601010002"


def planned(
    job_id: str = NEW,
    names: tuple[str, ...] = CHAIN,
    parameters: Mapping[tuple[str, Party], dict[str, Any]] | None = None,
    modules: Mapping[str, str] | None = None,
    inputs: Mapping[str, dict[str, Any]] | None = None,
    ports: Mapping[str, list[str]] | None = None,
    parties: tuple[Party, ...] = (GUEST, HOST),
    model_version: str | None = None,
) -> JobPlan:
    """A chain of components, each at all parties; what is given differs from the usual."""

    def task(name: str, party: Party) -> TaskPlan:
        place = CHAIN.index(name) if name in CHAIN else 0
        needs = [CHAIN[place - 1]] if place else []
        usual = {"data": {"data": [f"{need}.data" for need in needs]}} if needs else {}
        own = (parameters or {}).get((name, party), {"alpha": 0.01, "init": {"method": "zeros", "seed": 1}})
        module = (modules or {}).get(name, "Sleep")
        return TaskPlan(name, module, needs, own, (inputs or {}).get(name, usual), (ports or {}).get(name, ["data"]))

    version = model_version or job_id
    documents = [
        PartyDocument(
            job_id,
            party,
            GUEST,
            {},
            {},
            {},
            {},
            [task(name, party) for name in names],
            Resources(),
            Resources(),
            JobOptions(),
            model_id="m",
            model_version=version,
        )
        for party in parties
    ]
    components = [ComponentPlan(one.component, one.module, one.needs, list(parties)) for one in documents[0].tasks]
    return JobPlan(job_id, GUEST, GUEST, components, documents, JobOptions(), {}, {})


def ended(plan: JobPlan | None = None, statuses: Mapping[str, Status] | None = None) -> JobState:
    """An earlier job, which has succeeded where nothing else is said."""
    plan = plan or planned(OLD)
    records = {
        one.name: ComponentRecord(status=(statuses or {}).get(one.name, Status.SUCCESS)) for one in plan.components
    }
    return JobState(plan.job_id, plan=plan, driver=DriverRecord(plan.job_id, Status.SUCCESS, 0, 0, records, {}))


def whys(plan: JobPlan, source: JobState, lost: Mapping[str, RunReason] | None = None) -> dict[str, str]:
    return {step.component: step.why for step in compare(plan, source, lost)}


def test_identical_components_are_reused() -> None:
    steps = compare(planned(), ended())
    assert [(step.component, step.action, step.change) for step in steps] == [
        (name, ReuseAction.REUSE, RunCause.NONE) for name in CHAIN
    ]
    assert reusable_components(planned(), ended()) == list(CHAIN)


def test_changed_parameters_are_named_and_what_needs_them_runs_too() -> None:
    lower = {"alpha": 0.02, "init": {"method": "zeros", "seed": None}}
    plan = planned(parameters={("dataio_0", party): lower for party in (GUEST, HOST)})
    steps = compare(plan, ended())
    assert [(step.action, step.change) for step in steps] == [
        ("reuse", ""),
        ("run", "parameters"),
        ("run", "upstream"),
    ]
    assert steps[1].why == "parameters changed: alpha 0.01 → 0.02, init.seed 1 → null"
    assert steps[1].paths == ["alpha", "init.seed"]
    assert steps[2].why == "needs dataio_0"
    assert reusable_components(plan, ended()) == ["reader_0"]


def test_a_change_at_one_party_is_attributed_to_it() -> None:
    plan = planned(parameters={("lr_0", HOST): {"alpha": 0.01, "init": {"method": "ones", "seed": 1}}})
    assert whys(plan, ended())["lr_0"] == "parameters changed: init.method zeros → ones at host:10000"


@pytest.mark.parametrize(
    ("plan", "component", "change", "why"),
    [
        (planned(modules={"lr_0": "HeteroLR"}), "lr_0", "module", "module changed: Sleep → HeteroLR"),
        (
            planned(inputs={"lr_0": {"data": {"data": ["reader_0.data"]}}}),
            "lr_0",
            "inputs",
            'inputs changed: data.data ["dataio_0.data"] → ["reader_0.data"]',
        ),
        (planned(ports={"lr_0": ["train"]}), "lr_0", "outputs", 'outputs changed: data ["data"] → ["train"]'),
        (planned(names=(*CHAIN, "late_0")), "late_0", "new", "new"),
        (planned(parties=(GUEST,)), "reader_0", "parties", "parties changed: no longer at host:10000"),
    ],
)
def test_other_changes_have_their_words(plan: JobPlan, component: str, change: str, why: str) -> None:
    step = next(step for step in compare(plan, ended()) if step.component == component)
    assert (step.action, step.change, step.why) == ("run", change, why)


def test_what_has_not_succeeded_runs() -> None:
    source = ended(statuses={"dataio_0": Status.FAILED, "lr_0": Status.WAITING})
    assert whys(planned(), source) == {
        "reader_0": "unchanged",
        "dataio_0": f"ended as failed in job {OLD}",
        "lr_0": "needs dataio_0",
    }
    source = ended(statuses={"lr_0": Status.WAITING})
    assert whys(planned(), source)["lr_0"] == f"did not run in job {OLD}"


def test_what_a_party_has_lost_runs() -> None:
    lost = {"dataio_0": RunReason(RunCause.LOST, "its table data has changed or no longer exists at host:10000")}
    steps = compare(planned(), ended(), lost)
    assert [step.change for step in steps] == ["", "lost", "upstream"]
    assert steps[1].why == lost["dataio_0"].why


def test_predictions_of_another_model_are_other_predictions() -> None:
    reading = {"lr_0": {"data": {"data": ["dataio_0.data"]}, "model": ["pipeline.lr_0.model"]}}

    def predict(job_id: str, version: str) -> JobPlan:
        return planned(job_id, inputs=reading, model_version=version)

    before = ended(predict(OLD, "202501010001"))
    assert reusable_components(predict(NEW, "202501010001"), before) == list(CHAIN)
    assert reusable_components(predict(NEW, "202501010002"), before) == ["reader_0", "dataio_0"]
    assert whys(predict(NEW, "202501010002"), before)["lr_0"] == "predicts with another model"
    # A job that trains has a version of its own each time.
    assert reusable_components(planned(NEW, inputs=reading), ended(planned(OLD, inputs=reading))) == list(CHAIN)


def test_a_plan_names_its_source_only_if_something_is_taken_from_it() -> None:
    found = plan_reuse(planned(), ended())
    assert (found.source, found.compared, found.removed) == (OLD, OLD, [])
    other = planned(parameters={("reader_0", GUEST): {"alpha": 5}})
    found = plan_reuse(other, ended(planned(OLD, names=("reader_0", "dataio_0", "lr_0", "gone_0"))))
    assert (found.source, found.compared, found.removed) == (None, OLD, ["gone_0"])
    found = plan_reuse(planned(), None)
    assert (found.source, found.compared) == (None, None)
    assert {(step.action, step.change) for step in found.components} == {("run", "new")}
    found = run_all(planned(), RunReason(RunCause.OFF, "reuse is off"))
    assert {(step.action, step.change, step.why) for step in found.components} == {("run", "off", "reuse is off")}


def test_a_job_that_another_site_drives_is_not_reused() -> None:
    source = JobState(OLD)
    assert reusable_components(planned(), source) == []
    assert similarity(planned(), source) == 0
    assert whys(planned(), source)["reader_0"] == f"job {OLD} is driven by another site"


def test_jobs_resemble_one_another_by_names_and_modules() -> None:
    assert similarity(planned(modules={"lr_0": "HeteroLR"}), ended()) == 2


def test_changes_are_the_outermost_that_are_not_both_objects() -> None:
    old = {"a": {"b": 1, "c": [1]}, "d": {"e": 1}, "f": None}
    new = {"a": {"b": 1, "c": [2]}, "d": 3, "g": "x"}
    assert list(changes(old, new)) == ["a.c", "d", "f", "g"]
    assert describe_changes({"guest:1": changes(old, new)}) == 'a.c [1] → [2], d {"e":1} → 3, f no longer null, g now x'
    assert changes(new, new) == {}


def test_many_changes_are_counted_and_long_values_are_cut() -> None:
    found = changes(dict.fromkeys("abcdef", 1), dict.fromkeys("abcdef", 2))
    assert describe_changes({"guest:1": found}).endswith("d 1 → 2, 2 more")
    text = describe_changes({"guest:1": changes({"a": "x" * 100}, {"a": ""})})
    assert text == f'a {"x" * 39}… → ""'
