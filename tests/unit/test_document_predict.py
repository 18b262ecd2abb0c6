"""Predict jobs: deriving the DSL, merging the confs, the template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.core.document import (
    check_job,
    check_predict_dsl,
    component_list,
    derive_predict_dsl,
    examine_job,
    generate_predict_dsl,
    plan_job,
    predict_conf_template,
)
from fateflow_tui.core.errors import BadDocument, BadRequest
from fateflow_tui.core.ids import Party
from tests.unit.document_catalog import FateCatalog
from tests.unit.document_jobs import conf_1, conf_2, dsl_1, dsl_2

GUEST, HOST_0, HOST_1 = Party("guest", "9999"), Party("host", "10000"), Party("host", "10001")


def data_of(derived: dict[str, Any], name: str) -> dict[str, list[str]] | None:
    return derived["components"][name].get("input", {}).get("data")


def test_derivation_from_the_recorded_call(shared: Path):
    calls = [json.loads(line) for line in (shared / "fate/wire/INDEX.jsonl").read_text().splitlines()]
    bodies = {call["file"]: call["body"] for call in calls if call["file"].startswith("job_dsl_generate")}
    for name in ("job_dsl_generate.json", "job_dsl_generate_list.json"):
        answer = json.loads((shared / "fate/wire" / name).read_text())["data"]
        body = bodies[name]
        assert generate_predict_dsl(body["train_dsl"], body["cpn_str"], body.get("version", "2")) == answer
    body = bodies["job_dsl_generate_file.json"]
    answer = (shared / "fate/wire/job_dsl_generate_file.json").read_text()
    assert json.dumps(generate_predict_dsl(body["train_dsl"], body["cpn_str"]), indent=4) == answer.rstrip("\n")
    for name in ("badcpn", "emptycpn", "slash"):
        body = bodies[f"job_dsl_generate_{name}.json"]
        with pytest.raises(BadRequest):
            generate_predict_dsl(body["train_dsl"], body["cpn_str"])


def test_component_lists_as_clients_write_them():
    assert component_list(" [reader_0,\n dataio_0,] ") == ["reader_0", "dataio_0"]
    assert component_list(["a", " b "]) == ["a", "b"]
    with pytest.raises(BadRequest):
        component_list(7)


def test_unknown_components_cannot_be_deployed():
    with pytest.raises(BadDocument) as caught:
        derive_predict_dsl(dsl_2(), ["reader_0", "hetero_lr_1"])
    [problem] = caught.value.data
    assert (problem["code"], problem["suggestion"]) == ("DeployComponentNotExistError", "hetero_lr_0")


def test_components_left_out_are_bridged_whichever_port_is_read():
    dsl = dsl_2()
    components = dsl["components"]
    components["split_0"] = {
        "module": "HeteroDataSplit",
        "input": {"data": {"data": ["intersection_0.data"]}},
        "output": {"data": ["train_data", "validate_data", "test_data"]},
    }
    components["hetero_lr_0"]["input"]["data"] = {"train_data": ["split_0.train_data"]}
    components["hetero_lr_1"] = {
        "module": "HeteroLR",
        "input": {"data": {"eval_data": ["split_0.test_data"]}, "model": ["hetero_lr_0.model"]},
        "output": {"data": ["data"]},
    }
    derived = derive_predict_dsl(dsl, ["reader_0", "dataio_0", "hetero_lr_0", "hetero_lr_1", "evaluation_0"])
    assert data_of(derived, "hetero_lr_0") == {"test_data": ["dataio_0.data"]}
    assert derived["components"]["hetero_lr_1"] == {
        "module": "HeteroLR",
        "input": {"model": ["pipeline.hetero_lr_0.model"], "data": {"test_data": ["dataio_0.data"]}},
        "output": {"data": ["data"]},
    }
    assert derived["components"]["evaluation_0"] == components["evaluation_0"]


def test_inputs_that_lead_nowhere_are_left_out():
    dsl = dsl_2()
    dsl["components"]["reader_1"] = {"module": "Reader", "output": {"data": ["data"]}}
    dsl["components"]["dataio_0"]["input"]["data"]["data"].append("reader_1.data")
    assert data_of(derive_predict_dsl(dsl, ["reader_1", "dataio_0"]), "dataio_0") == {"data": ["reader_1.data"]}
    assert data_of(derive_predict_dsl(dsl, ["dataio_0"]), "dataio_0") is None


def test_version_1_asks_the_dsl_and_then_the_module():
    dsl = dsl_1()
    derived = derive_predict_dsl(dsl, version=1, catalog=FateCatalog())
    assert list(derived["components"]) == ["dataio_0", "intersection_0", "hetero_lr_0"]
    assert data_of(derived, "dataio_0") == {"data": ["args.eval_data"]}
    dsl["components"]["dataio_0"]["need_deploy"] = False
    dsl["components"]["evaluation_0"]["need_deploy"] = True
    derived = derive_predict_dsl(dsl, version=1, catalog=FateCatalog())
    assert data_of(derived, "intersection_0") == {"data": ["args.eval_data"]}
    assert "evaluation_0" in derived["components"]


def test_a_predict_dsl_may_only_read_models_of_the_training():
    derived = derive_predict_dsl(dsl_2())
    check_predict_dsl(derived, dsl_2()["components"])
    with pytest.raises(BadDocument, match="hetero_lr_0, which was not trained"):
        check_predict_dsl(derived, ["dataio_0"])
    derived["components"]["dataio_0"]["input"]["data"]["data"] = ["reader_9.data"]
    with pytest.raises(BadDocument, match="reader_9"):
        check_predict_dsl(derived, dsl_2()["components"])


def predict_conf(**roles: list[int]) -> dict[str, Any]:
    hosts = roles.get("host", [10000, 10001])
    table = {"reader_0": {"table": {"name": "new", "namespace": "experiment"}}}
    return {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999], "host": hosts, **{k: v for k, v in roles.items() if k != "host"}},
        "job_parameters": {"common": {"job_type": "predict", "model_id": "m", "model_version": "1"}},
        "component_parameters": {"role": {"guest": {"0": table}, "host": {"all": table}}},
    }


def test_parameters_of_the_training_hold_unless_the_predict_conf_has_others():
    train = conf_2()
    train["job_parameters"]["common"]["task_cores"] = 9
    conf = predict_conf()
    conf["component_parameters"]["common"] = {"hetero_lr_0": {"init_param": {"init_const": 5}}}
    checked = check_job(derive_predict_dsl(dsl_2()), conf, FateCatalog(), train_conf=train)
    lr = checked.parameters["hetero_lr_0"]
    assert [lr[party]["alpha"] for party in (GUEST, HOST_0, HOST_1)] == [1.0, 1.0, 0.5]
    assert (lr[GUEST]["max_iter"], lr[GUEST]["init_param"]["init_const"]) == (3, 5)
    assert checked.parameters["reader_0"][HOST_1]["table"]["name"] == "new"
    planned = plan_job(checked, "2026", GUEST)
    guest = planned.documents[0]
    assert (guest.model_id, guest.model_version, guest.task_need.cores) == ("m", "1", 4)
    assert guest.train_conf["component_parameters"]["role"] == {"guest": train["component_parameters"]["role"]["guest"]}
    assert planned.conf["component_parameters"] == conf["component_parameters"]
    assert planned.conf["job_parameters"]["common"]["job_type"] == "predict"


def test_parameters_follow_a_party_to_its_new_index_and_roles_that_are_gone_take_no_part():
    dsl = derive_predict_dsl(dsl_2())
    for hosts in ([10001], [10001, 10000]):
        checked = check_job(dsl, predict_conf(host=hosts), FateCatalog(), train_conf=conf_2())
        assert checked.parameters["hetero_lr_0"][HOST_1]["alpha"] == 0.5
        assert {party.role for party in checked.parameters["hetero_lr_0"]} == {"guest", "host"}
    assert checked.parameters["hetero_lr_0"][HOST_0]["alpha"] == 1.0


def test_only_trained_parties_can_predict():
    _, found = examine_job(
        derive_predict_dsl(dsl_2()), predict_conf(host=[10000, 77]), FateCatalog(), train_conf=conf_2()
    )
    assert [(p.code, p.path) for p in found] == [("PredictPartyNotTrainedError", "$.role.host[1]")]


def predict_conf_1(hosts: list[int]) -> dict[str, Any]:
    def tables(count: int) -> dict[str, Any]:
        return {"args": {"data": {"eval_data": [{"name": f"t{i}", "namespace": "n"} for i in range(count)]}}}

    return {
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999], "host": hosts},
        "job_parameters": {"job_type": "predict", "model_id": "m", "model_version": "1"},
        "role_parameters": {"guest": tables(1), "host": tables(len(hosts))},
    }


def test_version_1_predicts_with_moved_parties_and_skips_unknown_parameters():
    conf = predict_conf_1([10001, 10000])
    conf["role_parameters"]["guest"]["dataio_0"] = {"label_idx": [3]}
    dsl = derive_predict_dsl(dsl_1(), version=1, catalog=FateCatalog())
    checked = check_job(dsl, conf, FateCatalog(), train_conf=conf_1())
    assert [checked.parameters["hetero_lr_0"][p]["alpha"] for p in (HOST_0, HOST_1)] == [0.1, 0.2]
    assert checked.tables[HOST_1] == {"args.eval_data": {"name": "t0", "namespace": "n"}}
    assert "label_idx" not in checked.parameters["dataio_0"][GUEST]
    assert [p.code for p in checked.warnings] == ["RedundantParameterError"]


def test_the_template_of_the_recorded_answers(shared: Path):
    wire = shared / "fate/wire"
    job = json.loads((wire / "job_query.json").read_text())["data"][0]
    for name, deployed in (("model_get_predict_conf", True), ("model_get_predict_conf_undeployed", False)):
        answer = json.loads((wire / f"{name}.json").read_text())["data"]
        model = answer["job_parameters"]["common"]
        dsl = derive_predict_dsl(job["f_dsl"]) if deployed else {}
        found = predict_conf_template(
            job["f_runtime_conf"], dsl, model["model_id"], model["model_version"], FateCatalog()
        )
        assert found == answer


def test_templates_number_readers_in_version_2_and_parties_in_version_1():
    dsl = dsl_2()
    dsl["components"]["reader_1"] = dsl["components"]["reader_0"]
    found = predict_conf_template(conf_2(), dsl, "m", "1", FateCatalog())["component_parameters"]["role"]
    assert found.keys() == {"guest", "host"}
    assert found["host"]["1"]["reader_1"]["table"] == {
        "name": "name_to_be_filled_1",
        "namespace": "namespace_to_be_filled_1",
    }
    derived = derive_predict_dsl(dsl_1(), version=1, catalog=FateCatalog())
    found = predict_conf_template(conf_1(), derived, "m", "1", FateCatalog())
    assert found["job_parameters"] == {"work_mode": 0, "job_type": "predict", "model_id": "m", "model_version": "1"}
    assert [table["name"] for table in found["role_parameters"]["host"]["args"]["data"]["eval_data"]] == [
        "name_to_be_filled_0",
        "name_to_be_filled_1",
    ]
    assert "dsl_version" not in found
