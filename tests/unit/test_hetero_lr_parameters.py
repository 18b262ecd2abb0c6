"""HeteroLR's parameters: FATE's names, defaults and checks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam


def test_names_and_defaults_are_those_of_the_original(shared: Path) -> None:
    answer = (shared / "fate/wire/tracking_component_parameters_hetero_lr_0.json").read_bytes()
    recorded = msgspec.json.decode(answer)["data"]["HeteroLogisticParam"]
    ours = HeteroLogisticParam().model_dump()
    set_by_the_job = {"alpha": 1.0, "learning_rate": 0.01, "max_iter": 100}
    recorded |= set_by_the_job
    recorded["init_param"]["init_method"] = "random_uniform"
    recorded["cv_param"] |= {"shuffle": True, "random_seed": 1}
    assert ours == recorded


def test_keywords_are_case_insensitive() -> None:
    found = HeteroLogisticParam.model_validate(
        {
            "penalty": "l1",
            "optimizer": "RMSProp",
            "early_stop": "Weight_Diff",
            "init_param": {"init_method": "Zeros"},
            "encrypt_param": {"method": "PAILLIER"},
        }
    )
    assert (found.penalty, found.optimizer, found.early_stop) == ("L1", "rmsprop", "weight_diff")
    assert found.init_param.init_method == "zeros"
    assert found.encrypt_param.method == "Paillier"


@pytest.mark.parametrize(
    "given",
    [
        {"penalty": None},
        {"optimizer": "sqn", "batch_size": 5000},
        {"tol": 1, "alpha": 0, "decay": 0.3},
        {"validation_freqs": [1, 5], "early_stopping_rounds": 2},
        {"metrics": []},
        {"floating_point_precision": None},
        {"encrypt_param": {"method": None}},
    ],
)
def test_accepted(given: dict[str, Any]) -> None:
    HeteroLogisticParam.model_validate(given)


@pytest.mark.parametrize(
    "given",
    [
        {"penalty": "L3"},
        {"tol": "small"},
        {"optimizer": "newton"},
        {"batch_size": 9},
        {"batch_size": 0},
        {"max_iter": 0},
        {"max_iter": True},
        {"early_stop": "never"},
        {"early_stopping_rounds": 3},
        {"validation_freqs": 0},
        {"floating_point_precision": 64},
        {"encrypt_param": {"key_length": 512}},
        {"encrypt_param": {"method": "RSA"}},
        {"cv_param": {"n_splits": 1}},
        {"init_param": {"fit_intercept": 1}},
        {"stepwise_param": {"direction": "sideways"}},
        {"sqn_param": {"memory_M": 0}},
        {"need_run": True},
        {"eps": 0.1},
    ],
)
def test_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HeteroLogisticParam.model_validate(given)


def test_when_an_evaluation_follows() -> None:
    assert not HeteroLogisticParam().validates(0)
    every_third = HeteroLogisticParam(validation_freqs=3)
    assert [every_third.validates(iteration) for iteration in range(6)] == [False, False, True] * 2
    listed = HeteroLogisticParam(validation_freqs=[0, 4])
    assert [iteration for iteration in range(6) if listed.validates(iteration)] == [0, 4]


def test_the_scheduler_can_know_the_module_without_its_libraries() -> None:
    code = (
        "import sys, fateflow_tui.components.hetero_lr;"
        "print([name for name in ('numpy', 'polars', 'sklearn', 'gmpy2', 'cryptography') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
