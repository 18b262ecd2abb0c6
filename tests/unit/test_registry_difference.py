"""What differs between two versions."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.registry import Registry, difference
from fateflow_tui.registry.difference import changes
from tests.unit.registry_parts import lr, pipeline, registered, scale


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


def test_two_versions_of_the_same_content_do_not_differ(registry: Registry) -> None:
    found = difference(registered(registry, pipeline("1")), registered(registry, pipeline("2")))
    assert found["same"] is True
    assert (found["a"]["model_version"], found["b"]["model_version"]) == ("1", "2")
    assert found["documents"] == {"train_dsl": [], "predict_dsl": [], "conf": []}
    assert found["parameters"] == {}
    assert [model["change"] for model in found["models"].values()] == ["same", "same"]


def test_documents_and_parameters(registry: Registry) -> None:
    conf = copy.deepcopy(pipeline("1").train_conf)
    conf["component_parameters"]["role"]["guest"]["0"]["reader_0"]["table"]["name"] = "c"
    conf["component_parameters"]["common"] = {"hetero_lr_0": {"max_iter": 3}}
    conf["job_parameters"]["common"]["task_cores"] = 4
    dsl = {"components": {"hetero_lr_0": {"module": "HeteroLR"}, "scale_0": {"module": "FeatureScale"}}}
    one = registered(registry, pipeline("1"))
    other = registered(registry, pipeline("2", train_conf=conf, train_dsl=dsl, predict_dsl={"components": {}}))

    found = difference(one, other)

    assert found["same"] is False
    assert found["documents"]["train_dsl"] == [
        {"path": "components.scale_0", "change": "added", "old": None, "new": {"module": "FeatureScale"}}
    ]
    assert [change["path"] for change in found["documents"]["predict_dsl"]] == ["components"]
    assert found["documents"]["conf"] == [
        {"path": "job_parameters.common.task_cores", "change": "added", "old": None, "new": 4}
    ]
    assert found["parameters"] == {
        "hetero_lr_0": [{"path": "common", "change": "added", "old": None, "new": {"max_iter": 3}}],
        "reader_0": [{"path": "guest.0.table.name", "change": "changed", "old": "a", "new": "c"}],
    }
    assert json.loads(json.dumps(found)) == found


def test_parameters_of_the_first_version_of_the_language(registry: Registry) -> None:
    old = {"algorithm_parameters": {"lr_0": {"tol": 1}}, "role_parameters": {"host": {"dataio_0": {"x": [1, 2]}}}}
    new = {"algorithm_parameters": {"lr_0": {"tol": 2}}, "role_parameters": {"host": {"dataio_0": {"x": [1, 3]}}}}
    found = difference(
        registered(registry, pipeline("1", train_conf=old)), registered(registry, pipeline("2", train_conf=new))
    )
    assert found["documents"]["conf"] == []
    assert [(name, [c["path"] for c in found["parameters"][name]]) for name in found["parameters"]] == [
        ("dataio_0", ["host.x.1"]),
        ("lr_0", ["common.tol"]),
    ]


def test_learned_models(registry: Registry) -> None:
    old = ComponentModel(
        "lr_0", "HeteroLR", {"header": ["a", "b"], "weight": {"a": 1.0, "b": 2.0}, "iters": 3, "converged": True}, {}
    )
    new = ComponentModel(
        "lr_0",
        "HeteroLR",
        {"header": ["b", "c"], "weight": {"b": 1.5, "c": 0.1}, "iters": 5, "converged": False},
        {"alpha": 0.1},
    )
    gone = ComponentModel("gone_0", "FeatureScale", {}, {})
    found = difference(
        registered(registry, pipeline("1"), old, gone), registered(registry, pipeline("2"), new, scale())
    )["models"]
    assert found["gone_0.default"] == {"change": "removed", "module": "FeatureScale"}
    assert found["scale_0.scale"] == {"change": "added", "module": "FeatureScale"}
    model = found["lr_0.default"]
    assert model["change"] == "changed"
    assert model["header"] == {"added": ["c"], "removed": ["a"], "moved": False}
    assert model["weights"] == [
        {"path": "weight.b", "old": 2.0, "new": 1.5, "delta": -0.5},
        {"path": "iters", "old": 3, "new": 5, "delta": 2},
    ]
    assert model["largest_delta"] == 2
    assert [(change["path"], change["change"]) for change in model["other"]] == [
        ("weight.a", "removed"),
        ("weight.c", "added"),
        ("converged", "changed"),
        ("meta.alpha", "added"),
    ]


def test_features_in_another_order(registry: Registry) -> None:
    models = [ComponentModel("lr_0", "HeteroLR", {"header": list(order)}, {}) for order in ("ab", "ba")]
    parts = [registered(registry, pipeline(str(n)), model) for n, model in enumerate(models)]
    model = difference(*parts)["models"]["lr_0.default"]
    assert (model["change"], model["header"]["moved"], model["other"]) == ("changed", True, [])


def test_long_lists_are_cut(registry: Registry) -> None:
    models = [ComponentModel("lr_0", "HeteroLR", {"w": [float(x + n) for x in range(50)]}, {}) for n in range(2)]
    parts = [registered(registry, pipeline(str(n)), model) for n, model in enumerate(models)]
    model = difference(*parts, shown=10)["models"]["lr_0.default"]
    assert (len(model["weights"]), model["left_out"], model["largest_delta"]) == (10, 40, 1.0)


def test_a_rerun_that_learned_the_same_differs_in_nothing(registry: Registry) -> None:
    parts = [registered(registry, pipeline(str(n)), lr(0.5)) for n in range(2)]
    assert difference(*parts)["models"] == {"hetero_lr_0.default": {"change": "same", "module": "HeteroLR"}}


def test_types_of_values_are_distinguished() -> None:
    assert list(changes({"a": 1}, {"a": True})) == [{"path": "a", "change": "changed", "old": 1, "new": True}]
    assert list(changes({"a": [1]}, {"a": {"0": 1}})) == [
        {"path": "a", "change": "changed", "old": [1], "new": {"0": 1}}
    ]
    assert list(changes([1, 2], [1])) == [{"path": "1", "change": "removed", "old": 2, "new": None}]
    assert list(changes({"a": None}, {"a": None})) == []
