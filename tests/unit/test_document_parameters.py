"""Merging parameters: order, nesting, leaves, lists of version 1, and what a model's source passes on."""

from __future__ import annotations

from typing import Any

from fateflow_tui.core.document import CheckedJob, check_job
from fateflow_tui.core.ids import Party
from tests.unit.document_catalog import FateCatalog
from tests.unit.document_jobs import conf_1, conf_2, dsl_1, dsl_2

GUEST, ARBITER = Party("guest", "9999"), Party("arbiter", "10002")
HOST_0, HOST_1 = Party("host", "10000"), Party("host", "10001")


def parameters(component: str, conf: dict[str, Any], party: Party, dsl: dict[str, Any] | None = None) -> dict[str, Any]:
    return check_job(dsl or dsl_2(), conf, FateCatalog()).parameters[component][party]


def test_defaults_then_common_then_own():
    conf = conf_2()
    assert [parameters("hetero_lr_0", conf, party)["alpha"] for party in (GUEST, HOST_0, HOST_1)] == [1.0, 1.0, 0.5]
    found = parameters("hetero_lr_0", conf, HOST_1)
    assert found["max_iter"] == 3
    assert found["init_param"] == {
        "init_method": "zeros",
        "init_const": 1,
        "fit_intercept": True,
        "random_seed": None,
    }


def test_index_keys_apply_in_the_order_of_the_document():
    conf = conf_2()
    conf["component_parameters"]["role"]["host"] |= {
        "0": {"hetero_lr_0": {"alpha": 1, "init_param": {"init_const": 7}}},
        "1|0": {"hetero_lr_0": {"alpha": 2, "init_param": {"random_seed": 8}}},
        "all": {"hetero_lr_0": {"alpha": 3}},
    }
    for party, constant in ((HOST_0, 7), (HOST_1, 1)):
        found = parameters("hetero_lr_0", conf, party)
        assert (found["alpha"], found["init_param"]["init_const"], found["init_param"]["random_seed"]) == (
            3,
            constant,
            8,
        )


def test_parameter_objects_are_merged_but_plain_objects_replaced():
    conf = conf_2()
    conf["component_parameters"]["common"]["evaluation_0"] = {"default_metrics": {"binary": ["auc"]}}
    conf["component_parameters"]["role"]["guest"]["0"]["evaluation_0"] = {"default_metrics": {"multi": []}}
    assert parameters("evaluation_0", conf, GUEST)["default_metrics"] == {"multi": []}
    assert parameters("evaluation_0", conf, HOST_0)["default_metrics"] == {"binary": ["auc"]}


def test_merging_changes_neither_conf_nor_defaults():
    conf = conf_2()
    catalog = FateCatalog()
    check_job(dsl_2(), conf, catalog)
    assert conf == conf_2()
    assert catalog.defaults("HeteroLR")["init_param"]["init_method"] == "random_uniform"


def test_parties_with_the_same_parameters_are_checked_once():
    catalog = FateCatalog()
    check_job(dsl_2(), conf_2(), catalog)
    # reader, dataio and hetero_lr differ between two sorts of parties; intersection and evaluation do not
    assert catalog.checks == 2 + 2 + 1 + 2 + 1


def test_parameters_of_modules_that_are_not_built_are_not_checked():
    dsl, conf = dsl_2(), conf_2()
    dsl["components"]["evaluation_0"]["module"] = "HeteroKmeans"
    conf["component_parameters"]["common"]["evaluation_0"] = {"k": 2}
    assert parameters("evaluation_0", conf, GUEST, dsl) == {"k": 2}


def test_version_1_lists_reach_into_parameter_objects_and_keep_lists_and_objects_at_the_leaves():
    conf = conf_1()
    conf["role_parameters"]["host"]["hetero_lr_0"]["metrics"] = [["auc"], ["ks"]]
    conf["role_parameters"]["host"]["evaluation_0"] = {"default_metrics": [{"binary": ["ks"]}, {}]}
    checked = check_job(dsl_1(), conf, FateCatalog())
    assert [checked.parameters["hetero_lr_0"][p]["metrics"] for p in (GUEST, HOST_0, HOST_1)] == [
        ["auc", "ks"],
        ["auc"],
        ["ks"],
    ]
    assert checked.parameters["evaluation_0"][HOST_0]["default_metrics"] == {"binary": ["ks"]}


def _second_model(**inputs: Any) -> CheckedJob:
    dsl, conf = dsl_2(), conf_2()
    conf["component_parameters"]["common"] |= {
        "hetero_lr_0": {"alpha": 0.25},
        "hetero_lr_1": inputs.pop("parameters", {}),
    }
    dsl["components"]["hetero_lr_1"] = {
        "module": "HeteroLR",
        "input": {"data": {"test_data": ["intersection_0.data"]}, "model": ["hetero_lr_0.model"], **inputs},
    }
    return check_job(dsl, conf, FateCatalog())


def test_a_component_that_goes_on_with_a_model_starts_from_its_parameters():
    checked = _second_model(parameters={"max_iter": 9})
    found = checked.parameters["hetero_lr_1"][GUEST]
    assert (found["alpha"], found["max_iter"]) == (0.25, 9)
    assert checked.parameters["hetero_lr_1"][HOST_1]["alpha"] == 0.5
    assert checked.warnings == []


def test_what_is_not_valid_there_is_ignored_with_a_warning():
    checked = _second_model(parameters={"max_iter": 9, "no_such": 1})
    assert checked.parameters["hetero_lr_1"][GUEST] == checked.parameters["hetero_lr_0"][GUEST]
    assert [(p.code, p.severity, p.path) for p in checked.warnings] == [
        ("RedundantParameterError", "warning", "$.component_parameters.common.hetero_lr_1.no_such")
    ]


def test_nothing_is_inherited_by_a_warm_start_or_from_another_module():
    warm = _second_model(data={"train_data": ["intersection_0.data"]})
    assert warm.parameters["hetero_lr_1"][GUEST]["alpha"] == 1.0
    dsl, conf = dsl_2(), conf_2()
    dsl["components"]["evaluation_0"]["input"]["model"] = ["hetero_lr_0.model"]
    assert "alpha" not in parameters("evaluation_0", conf, GUEST, dsl)
