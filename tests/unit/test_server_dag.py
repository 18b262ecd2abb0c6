"""The DAG of a DSL as boards draw it."""

from __future__ import annotations

from typing import Any

import pytest

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.server.dag import dependencies


def test_edges_name_the_port_they_come_from() -> None:
    dsl: dict[str, Any] = {
        "components": {
            "evaluation_0": {"module": "Evaluation", "input": {"data": {"data": ["split_0.train", "split_0.test"]}}},
            "lr_0": {"module": "HeteroLR", "input": {"data": {"train_data": ["split_0.test"]}, "model": ["bin_0.m"]}},
            "split_0": {"module": "HeteroDataSplit", "output": {"data": ["train", "test"]}},
            "bin_0": {"module": "HeteroFeatureBinning", "output": {"model": ["m"]}},
        }
    }
    graph = dependencies(dsl)
    assert graph["component_list"] == ["split_0", "evaluation_0", "bin_0", "lr_0"]
    assert graph["dependencies"]["evaluation_0"] == [
        {"component_name": "split_0", "type": "data", "up_output_info": ["data", 0]},
        {"component_name": "split_0", "type": "data", "up_output_info": ["data", 1]},
    ]
    assert graph["dependencies"]["lr_0"] == [
        {"component_name": "split_0", "type": "train_data", "up_output_info": ["data", 1]},
        {"component_name": "bin_0", "type": "model", "up_output_info": ["model", 0]},
    ]
    assert graph["component_module"]["lr_0"] == "HeteroLR"


@pytest.mark.parametrize(
    "dsl",
    [
        {},
        {"components": []},
        {"components": {"a": 1}},
        {"components": {"a": {"input": {"data": {"data": ["a.data"]}}}}},
    ],
)
def test_what_is_no_dag_is_refused(dsl: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        dependencies(dsl)
