"""The job language on random jobs and on random damage to valid ones."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.core.document import check_job, derive_predict_dsl, examine_job, plan_job
from fateflow_tui.core.document.dsl import topological_order
from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import JobPlan
from tests.unit.document_catalog import ROLES, FateCatalog
from tests.unit.document_jobs import conf_1, conf_2, dsl_1, dsl_2

CATALOG = FateCatalog()
MODULES = ["Sleep", "FeatureScale", "ColumnExpand", "HeteroLR", "Union"]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def dags(draw: st.DrawFn) -> dict[str, Any]:
    """A valid DSL whose components stand in any order."""
    count = draw(st.integers(1, 14))
    components: dict[str, Any] = {}
    for index in range(count):
        upstream = draw(st.lists(st.sampled_from(sorted(components)), max_size=3)) if components else []
        component: dict[str, Any] = {
            "module": draw(st.sampled_from(MODULES)),
            "output": {"data": ["data", "more"], "model": ["model"]},
        }
        data = [f"{up}.{draw(st.sampled_from(['data', 'more']))}" for up in upstream]
        inputs: dict[str, Any] = {}
        if data:
            inputs["data"] = {draw(st.sampled_from(["data", "train_data", "eval_data"])): data}
        if components and draw(st.booleans()):
            inputs["isometric_model"] = [f"{draw(st.sampled_from(sorted(components)))}.model"]
        if inputs:
            component["input"] = inputs
        components[f"c_{index}"] = component
    order = draw(st.permutations(sorted(components)))
    return {"components": {name: components[name] for name in order}}


def bare_conf() -> dict[str, Any]:
    return {**conf_2(), "component_parameters": {}}


def written_needs(component: dict[str, Any]) -> set[str]:
    inputs = component.get("input", {})
    refs = [ref for refs in inputs.get("data", {}).values() for ref in refs] + inputs.get("isometric_model", [])
    return {ref.partition(".")[0] for ref in refs}


@given(dags())
def test_plans_follow_the_dsl_and_survive_the_wire(dsl: dict[str, Any]):
    planned = plan_job(check_job(json.dumps(dsl), bare_conf(), CATALOG), "2026", Party("guest", "9999"))
    assert msgspec.json.decode(msgspec.json.encode(planned), type=JobPlan) == planned
    names = [component.name for component in planned.components]
    assert sorted(names) == sorted(dsl["components"])
    upstream: dict[str, set[str]] = {}  # everything that a component waits for, however far
    for component in planned.components:
        assert set(component.needs) == written_needs(dsl["components"][component.name])
        assert len(component.needs) == len(set(component.needs))
        upstream[component.name] = set(component.needs).union(*(upstream[need] for need in component.needs))
    for document in planned.documents:
        here = [task.component for task in document.tasks]
        assert here == [name for name in names if document.party.role in ROLES[dsl["components"][name]["module"]]]
        reached: dict[str, set[str]] = {}
        for task in document.tasks:
            reached[task.component] = set(task.needs).union(*(reached[need] for need in task.needs))
            assert reached[task.component] == upstream[task.component] & set(here)


@given(dags(), st.data())
def test_any_part_of_a_job_can_be_deployed(dsl: dict[str, Any], data: st.DataObject):
    kept = data.draw(st.sets(st.sampled_from(sorted(dsl["components"])), min_size=1))
    derived = derive_predict_dsl(dsl, kept)["components"]
    assert set(derived) == kept
    for name, component in derived.items():
        assert component["input"]["model"] == [f"pipeline.{name}.model"]
        assert component["output"] == {"data": ["data", "more"]}
        for refs in component["input"].get("data", {}).values():
            assert {ref.partition(".")[0] for ref in refs} <= kept
        if written_needs({"input": {"data": dsl["components"][name].get("input", {}).get("data", {})}}) & kept:
            assert component["input"]["data"]


@given(st.dictionaries(st.integers(0, 12).map(str), st.lists(st.integers(0, 12).map(str), max_size=3)))
def test_what_is_not_in_the_order_is_in_or_behind_a_loop(needs: dict[str, list[str]]):
    order, loops = topological_order(needs)
    for index, name in enumerate(order):
        assert {up for up in needs[name] if up in needs} <= set(order[:index])
    for loop in loops:
        assert loop[0] == loop[-1]
        assert all(up in needs[down] for up, down in pairwise(loop))
    assert bool(loops) == (len(order) < len(needs))


@given(JSON_VALUES, JSON_VALUES)
def test_arbitrary_documents_are_answered_with_problems(dsl: Any, conf: Any):
    checked, problems = examine_job(dsl, conf, CATALOG)
    assert checked is None
    assert any(problem.is_error for problem in problems)


@st.composite
def damaged(draw: st.DrawFn, value: Any) -> Any:
    """The value with one of its members replaced, renamed or removed."""
    value = json.loads(json.dumps(value))
    holder = value
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = draw(st.sampled_from(keys))
        inner = holder[key]
        if isinstance(inner, dict | list) and inner and draw(st.integers(0, 4)):
            holder = inner
            continue
        what = draw(st.sampled_from(["replace", "rename", "remove"]))
        if what == "replace":
            holder[key] = draw(JSON_VALUES)
        elif what == "rename" and isinstance(holder, dict):
            holder[draw(st.text(max_size=12))] = holder.pop(key)
        else:
            del holder[key]
        return value


@given(st.data())
def test_damaged_jobs_are_planned_or_refused_but_never_crash(data: st.DataObject):
    version = data.draw(st.sampled_from([1, 2]))
    dsl, conf = (dsl_2(), conf_2()) if version == 2 else (dsl_1(), conf_1())
    if data.draw(st.booleans()):
        dsl = data.draw(damaged(dsl))
    for _ in range(data.draw(st.integers(0, 3))):
        conf = data.draw(damaged(conf)) if conf else conf
    train_conf = (conf_1() if version == 1 else conf_2()) if data.draw(st.booleans()) else None
    checked, problems = examine_job(dsl, conf, CATALOG, train_conf=train_conf)
    assert (checked is None) == any(problem.is_error for problem in problems)
    if checked is not None:
        planned = plan_job(checked, "2026", checked.initiator)
        assert msgspec.json.decode(msgspec.json.encode(planned), type=JobPlan) == planned
