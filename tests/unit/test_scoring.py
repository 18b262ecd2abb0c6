"""From a predict DSL to the steps that a row goes through."""

from __future__ import annotations

from typing import Any

import pytest

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.components.online import Row
from fateflow_tui.core.errors import BadRequest, ComponentFailed, NotBuilt, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import Manifest, Pipeline
from fateflow_tui.runtime.serving.models import OnlineModel, online_model

GUEST, ARBITER = Party("guest", "9999"), Party("arbiter", "10000")
LR = ComponentModel(
    "hetero_lr_0",
    "HeteroLR",
    {"header": ["x0"], "weight": {"x0": 2.0}, "intercept": 1.0, "iters": 1, "isConverged": True},
    {"fitIntercept": True},
)


class Models:
    """One model, whatever it is asked for by."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def load(self, component: str, alias: str = "default") -> ComponentModel:
        self.asked.append((component, alias))
        return LR


class Part:
    """A party's part with a predict DSL of these components."""

    def __init__(self, components: dict[str, Any], version: int = 2, party: Party = GUEST) -> None:
        conf = {"dsl_version": 2} if version == 2 else {}
        roles = {"guest": [9999], "host": [10000], "arbiter": [10000]}
        dsl = {"components": components}
        self.pipeline = Pipeline(party, "model", "1", roles, GUEST, dsl, conf, {}, dsl, parent=False)
        self.manifest = Manifest(party, "model", "1", [], "", {})
        self.models = Models()


def component(module: str, *sources: str, key: str = "data", model: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"module": module, "input": {"data": {key: list(sources)}}, "output": {"data": ["data"]}}
    if model:
        found["input"]["model"] = [f"pipeline.{model}"]
    return found


def served(components: dict[str, Any], **facts: Any) -> OnlineModel:
    return online_model(Part(components, **facts), load_catalog().module)


def test_rows_of_version_1_come_from_outside() -> None:
    part = Part(
        {
            "intersection_0": component("Intersection", "args.eval_data"),
            "hetero_lr_0": component("HeteroLR", "intersection_0.data", key="test_data", model="hetero_lr_0.lr"),
        },
        version=1,
    )
    model = online_model(part, load_catalog().module)
    assert part.models.asked == [("hetero_lr_0", "lr")]
    assert model.share(Row({"x0": 3.0})) == [7.0]
    assert model.score([[7.0], [-7.0]]).value == 0.5


def test_a_row_has_one_source() -> None:
    with pytest.raises(NotBuilt, match="hetero_lr_0 reads rows of reader_0, reader_1"):
        served(
            {
                "reader_0": component("Reader"),
                "reader_1": component("Reader"),
                "hetero_lr_0": component("HeteroLR", "reader_0.data", "reader_1.data", key="test_data", model="a.b"),
            }
        )


def test_an_arbiter_serves_nothing() -> None:
    with pytest.raises(BadRequest, match="only guests and hosts serve"):
        served({"hetero_lr_0": component("HeteroLR", model="hetero_lr_0.lr")}, party=ARBITER)


def test_modules_that_are_not_here_are_named() -> None:
    scorer = component("HeteroLR", "other_0.data", key="test_data", model="hetero_lr_0.lr")
    with pytest.raises(NotBuilt, match="HeteroSecureBoost"):
        served({"other_0": component("HeteroSecureBoost"), "hetero_lr_0": scorer})
    with pytest.raises(NotFound, match="NoModule"):
        served({"other_0": component("NoModule"), "hetero_lr_0": scorer})


def test_a_dsl_with_a_fault_is_refused() -> None:
    with pytest.raises(BadRequest, match="is invalid"):
        served({"hetero_lr_0": component("HeteroLR", "missing_0.data", key="test_data")})


def test_a_component_without_its_model_is_named() -> None:
    components = {
        "reader_0": component("Reader"),
        "dataio_0": component("DataIO", "reader_0.data"),
        "hetero_lr_0": component("HeteroLR", "dataio_0.data", key="test_data", model="hetero_lr_0.lr"),
    }
    with pytest.raises(ComponentFailed, match="dataio_0"):
        served(components)
