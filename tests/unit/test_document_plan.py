"""From documents to the driver's plan and each party's part of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pytest

from fateflow_tui.core.document import check_job, plan_job
from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import JobOptions, JobPlan, PartyDocument, Resources, TaskPlan
from tests.unit.document_catalog import FateCatalog
from tests.unit.document_jobs import chain_job, conf_1, conf_2, dsl_1, dsl_2

GUEST, ARBITER = Party("guest", "9999"), Party("arbiter", "10002")
HOST_0, HOST_1 = Party("host", "10000"), Party("host", "10001")


def plan(dsl: object, conf: object) -> JobPlan:
    return plan_job(check_job(dsl, conf, FateCatalog()), "2026010112000000000000", GUEST, submitted_by="alice")


def document(planned: JobPlan, party: Party) -> PartyDocument:
    return next(document for document in planned.documents if document.party == party)


def task(planned: JobPlan, party: Party, component: str) -> TaskPlan:
    return next(task for task in document(planned, party).tasks if task.component == component)


def test_the_plan_of_a_hetero_job():
    planned = plan(dsl_2(), conf_2())
    assert planned.parties == [GUEST, HOST_0, HOST_1, ARBITER]
    assert (planned.initiator, planned.driver, planned.submitted_by) == (GUEST, GUEST, "alice")
    assert [(c.name, c.needs) for c in planned.components] == [
        ("reader_0", []),
        ("dataio_0", ["reader_0"]),
        ("intersection_0", ["dataio_0"]),
        ("hetero_lr_0", ["intersection_0"]),
        ("evaluation_0", ["hetero_lr_0"]),
    ]
    assert planned.components[0].parties == [GUEST, HOST_0, HOST_1]
    assert planned.components[3].parties == planned.parties
    assert [t.component for t in document(planned, HOST_1).tasks] == [c.name for c in planned.components]
    assert [t.component for t in document(planned, ARBITER).tasks] == ["hetero_lr_0", "evaluation_0"]
    lr = task(planned, GUEST, "hetero_lr_0")
    assert lr.inputs == {"data": {"train_data": ["intersection_0.data"]}}
    assert (lr.data_ports, lr.model_port, lr.module) == (["data"], "model", "HeteroLR")
    assert task(planned, GUEST, "reader_0").model_port == "default"
    assert task(planned, GUEST, "reader_0").parameters == {"table": {"name": "guest_table", "namespace": "experiment"}}
    assert document(planned, GUEST).model_id == "arbiter-10002#guest-9999#host-10000_10001#model"
    assert document(planned, GUEST).model_version == planned.job_id
    assert msgspec.json.decode(msgspec.json.encode(planned), type=JobPlan) == planned


def test_needs_reach_through_components_that_a_party_does_not_run():
    sleep = {"module": "Sleep", "output": {"data": ["data"]}}
    scale = {"module": "FeatureScale", "output": {"data": ["data"]}}
    dsl = {
        "components": {
            "end": {**sleep, "input": {"data": {"data": ["b.data", "c.data"], "train_data": ["b.data"]}}},
            "a": sleep,
            "b": {**scale, "input": {"data": {"data": ["a.data"]}}},
            "c": {**scale, "input": {"data": {"data": ["b.data", "a.data"]}}},
        }
    }
    conf = conf_2()
    conf["component_parameters"] = {}
    planned = plan(dsl, conf)
    assert [c.name for c in planned.components] == ["a", "b", "c", "end"]
    assert planned.components[3].needs == ["b", "c"]
    assert task(planned, GUEST, "end").needs == ["b", "c"]
    assert [(t.component, t.needs) for t in document(planned, ARBITER).tasks] == [("a", []), ("end", ["a"])]


def test_a_party_sees_common_and_own_parameters_only():
    conf = conf_2()
    conf["job_parameters"]["role"] = {"host": {"0": {"task_cores": 7}, "1": {"task_cores": 8}}}
    planned = plan(dsl_2(), conf)
    assert planned.conf["component_parameters"] == conf["component_parameters"]
    seen = document(planned, HOST_0)
    assert seen.conf["component_parameters"] == {
        "common": conf["component_parameters"]["common"],
        "role": {"host": {"0|1": conf["component_parameters"]["role"]["host"]["0|1"]}},
    }
    assert seen.conf["job_parameters"]["role"] == {"host": {"0": {"task_cores": 7}}}
    assert "guest_table" not in msgspec.json.encode(seen).decode()
    for party in (GUEST, ARBITER):
        assert "host_table" not in msgspec.json.encode(document(planned, party)).decode()


def test_unknown_conf_sections_are_sent_to_no_party():
    conf = conf_2()
    conf["role_parameters"] = conf["component_parameters"]["roles"] = {"host": {"secret": 1}}
    planned = plan(dsl_2(), conf)
    assert "secret" in msgspec.json.encode(planned.conf).decode()
    assert not [d for d in planned.documents if "secret" in msgspec.json.encode(d).decode()]


def test_a_job_of_one_site():
    conf = {
        "dsl_version": "2",
        "initiator": {"role": "local", "party_id": "0"},
        "role": {"local": ["0"]},
        "job_parameters": {"common": {"task_cores": 1}},
        "component_parameters": {"role": {"local": {"0": {"upload_0": {"name": "a", "namespace": "b"}}}}},
    }
    planned = plan({"components": {"upload_0": {"module": "Upload"}}}, conf)
    assert planned.initiator == planned.components[0].parties[0] == Party("local", "0")
    assert task(planned, Party("local", "0"), "upload_0").parameters == {"name": "a", "namespace": "b"}
    assert planned.documents[0].model_id == "local-0#model"
    assert (planned.conf["role"], planned.conf["dsl_version"]) == ({"local": [0]}, 2)


def test_a_party_of_a_version_1_job_sees_its_own_elements_of_the_lists():
    planned = plan(dsl_1(), conf_1())
    seen = document(planned, HOST_1)
    assert seen.conf["role_parameters"] == {
        "host": {
            "args": {"data": {"train_data": [None, {"name": "host_b", "namespace": "experiment"}]}},
            "hetero_lr_0": {"alpha": [None, 0.2], "init_param": {"init_const": [None, 2]}},
        }
    }
    assert task(planned, HOST_1, "dataio_0").inputs == {
        "data": {"data": ["args.train_data"]},
        "tables": {"args.train_data": {"name": "host_b", "namespace": "experiment"}},
    }
    parameters = task(planned, HOST_1, "hetero_lr_0").parameters
    assert (parameters["alpha"], parameters["init_param"]["init_const"], parameters["max_iter"]) == (0.2, 2, 3)
    assert task(planned, GUEST, "dataio_0").parameters["with_label"] is True


def test_job_parameters_become_options():
    conf = conf_2()
    conf["job_parameters"]["common"] |= {
        "priority": "7",
        "schedule_mode": "independent",
        "task_parallelism": 3,
        "auto_retries": 2,
        "auto_retry_delay": 0.5,
        "timeout": 60,
        "waiting_timeout": 30,
        "task_timeout": "10",
    }
    planned = plan(dsl_2(), conf)
    assert planned.options == JobOptions("independent", 7, 3, 2, 500, 30_000, 60_000, 10_000)
    assert plan(dsl_2(), conf_2()).options == JobOptions()


@pytest.mark.parametrize(
    ("common", "own", "guest", "host", "arbiter"),
    [
        ({}, {}, 4, 4, 1),
        ({"task_cores": "6"}, {}, 6, 6, 1),
        ({"task_cores": 6}, {"host": {"0": {"task_cores": 2}}, "arbiter": {"all": {"task_cores": 3}}}, 6, 2, 3),
        ({"task_cores": 6, "eggroll_run": {"eggroll.session.processors.per.node": 2}}, {}, 2, 2, 2),
        ({"eggroll_run": {"eggroll.session.processors.per.node": 0}}, {}, 4, 4, 1),
        ({"backend": 1, "spark_run": {"num-executors": 3, "executor-cores": 2}}, {}, 6, 6, 6),
        ({"backend": 2, "task_cores": 9, "spark_run": {"num-executors": 2}}, {}, 8, 8, 2),
        ({"processors_per_node": 5}, {}, 5, 5, 5),
    ],
)
def test_what_a_task_needs(common: dict[str, Any], own: dict[str, Any], guest: int, host: int, arbiter: int):
    conf = conf_2()
    conf["job_parameters"] = {"common": {**common, "task_parallelism": 2, "task_memory": 100}, "role": own}
    planned = plan(dsl_2(), conf)
    needs = {party: document(planned, party).task_need for party in (GUEST, HOST_0, ARBITER)}
    assert needs == {
        GUEST: Resources(guest, 100),
        HOST_0: Resources(host, 100),
        ARBITER: Resources(arbiter, 100),
    }
    assert document(planned, HOST_0).need == Resources(host * 2, 200)


def test_filled_in_job_parameters_are_those_of_the_original(shared: Path):
    """The recorded answers, but for engine sizes, which only a party itself knows."""
    for record in json.loads((shared / "fate/wire/job_query_allparties.json").read_text())["data"]:
        submitted = json.loads(json.dumps(record["f_runtime_conf"]))
        submitted["job_parameters"]["common"] = {"job_type": "train", "backend": 0, "work_mode": 0}
        submitted["initiator"]["party_id"] = str(submitted["initiator"]["party_id"])
        planned = plan_job(check_job(record["f_dsl"], submitted, FateCatalog()), record["f_job_id"], GUEST)
        assert planned.conf == record["f_runtime_conf"]
        party = Party.of(record["f_role"], record["f_party_id"])
        expected = record["f_runtime_conf_on_party"]["job_parameters"] | {"engines_address": {}}
        assert document(planned, party).job_parameters == expected
    toy = json.loads((shared / "fate/wire/job_config_toy.json").read_text())["data"]
    submitted = json.loads(json.dumps(toy["runtime_conf"]))
    submitted["job_parameters"] = {"job_type": "train", "task_cores": 2, "work_mode": 0, "unknown": 1}
    planned = plan_job(check_job(toy["dsl"], submitted, FateCatalog()), toy["job_id"], GUEST)
    assert planned.conf == toy["runtime_conf"]


def test_the_order_is_that_of_the_document_where_needs_allow_it():
    dsl = dsl_2()
    dsl["components"] = dict(reversed(dsl["components"].items())) | {"evaluation_1": dsl["components"]["evaluation_0"]}
    names = [c.name for c in plan(dsl, conf_2()).components]
    assert names == ["reader_0", "dataio_0", "intersection_0", "hetero_lr_0", "evaluation_0", "evaluation_1"]


def test_the_work_of_planning_grows_with_the_components_and_no_faster():
    """Counted in function calls. How long it takes is measured by `tests/bench/planning.py`."""
    few, many = (_calls(partial(plan, *chain_job(count))) for count in (50, 200))
    assert many < 5 * few


def _calls(work: Callable[[], object]) -> int:
    """The number of Python functions that are called."""
    work()
    found = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal found
        found += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return found
