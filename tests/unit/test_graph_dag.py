"""Graphs and where they come from."""

from __future__ import annotations

import pytest

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.graph import Dag, Edge, dag_of_dsl
from tests.unit.graph_examples import FORK_AND_JOIN


def test_names_come_in_topological_order():
    dag = Dag.of_needs({"evaluation_0": ["hetero_lr_0"], "hetero_lr_0": ["reader_0"], "reader_0": []})
    assert dag.names == ["reader_0", "hetero_lr_0", "evaluation_0"]
    assert dag.links == [("reader_0", "hetero_lr_0"), ("hetero_lr_0", "evaluation_0")]


def test_near_and_far_relatives():
    dag = Dag.of_needs(FORK_AND_JOIN)
    assert dag.parents["hetero_feature_selection_0"] == ("intersection_0", "scorecard_0", "statistic_0")
    assert dag.ancestors("scorecard_0") == {"hetero_feature_binning_0", "intersection_0", "reader_0"}
    assert dag.descendants("statistic_0") == {"hetero_feature_selection_0", "hetero_lr_0"}
    assert dag.ancestors("reader_0") == dag.descendants("hetero_lr_0") == set()


def test_edges_between_the_same_nodes_are_one_link():
    edges = [Edge("binning", "selection"), Edge("binning", "selection", "isometric_model", "model")]
    dag = Dag({"binning": "Binning", "selection": "Selection"}, edges)
    assert dag.links == [("binning", "selection")]
    assert [edge.kind for edge in dag.edges_between("binning", "selection")] == ["data", "isometric_model"]
    assert dag.labels == {"binning": "Binning", "selection": "Selection"}


def test_edges_of_others_are_left_out_and_loops_refused():
    assert Dag(["a"], [("args", "a"), ("a", "b")]).links == []
    with pytest.raises(BadRequest, match="loop: c -> b -> c"):
        Dag.of_needs({"a": [], "b": ["a", "c"], "c": ["b"]})


def test_a_dsl_tells_kinds_and_ports():
    dsl = {
        "components": {
            "reader_0": {"module": "Reader", "output": {"data": ["table"]}},
            "dataio_0": {"input": {"data": {"data": ["reader_0.table"]}}},
            "binning_0": {"input": {"data": {"data": "dataio_0.data"}, "model": ["pipeline.binning_0.model"]}},
            "selection_0": {"input": {"data": {"data": ["dataio_0.data"]}, "isometric_model": ["binning_0.model"]}},
            "hetero_lr_0": {"input": {"data": {"train_data": ["selection_0.data"], "data": ["args.train_data"]}}},
        }
    }
    assert dag_of_dsl(dsl).edges == [
        Edge("reader_0", "dataio_0", "data", "table"),
        Edge("dataio_0", "binning_0", "data", "data"),
        Edge("dataio_0", "selection_0", "data", "data"),
        Edge("binning_0", "selection_0", "isometric_model", "model"),
        Edge("selection_0", "hetero_lr_0", "train_data", "data"),
    ]


@pytest.mark.parametrize(
    "dsl", [{}, {"components": []}, {"components": {"a": None}}, {"components": {"a": {"input": {"data": ["x.y", 3]}}}}]
)
def test_faulty_documents_are_read_as_far_as_they_go(dsl: dict[str, object]):
    assert dag_of_dsl(dsl).links == []
