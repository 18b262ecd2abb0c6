"""The DAG of a DSL as boards draw it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.server.job_views import dependencies


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


def test_a_trained_model_is_no_edge() -> None:
    lr = {"module": "HeteroLR", "input": {"data": {"test_data": ["reader_0.data"]}, "model": ["pipeline.lr_0.model"]}}
    graph = dependencies({"components": {"reader_0": {"module": "Reader", "output": {"data": ["data"]}}, "lr_0": lr}})
    assert graph["component_list"] == ["reader_0", "lr_0"]
    assert graph["dependencies"] == {
        "lr_0": [{"component_name": "reader_0", "type": "test_data", "up_output_info": ["data", 0]}]
    }


def test_the_dags_of_all_examples(shared: Path) -> None:
    drawn = 0
    for path in sorted((shared / "fate/dsl").resolve().rglob("*.json")):
        document = json.loads(path.read_text())
        if not isinstance(document, dict) or "components" not in document:
            continue
        graph = dependencies(document)
        order = graph["component_list"]
        assert sorted(order) == sorted(document["components"]), path.name
        for name, edges in graph["dependencies"].items():
            assert all(order.index(edge["component_name"]) < order.index(name) for edge in edges), path.name
        drawn += 1
    assert drawn > 60


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
