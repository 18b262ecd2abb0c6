"""Model parts of a party."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fateflow_tui.artifacts.models import ComponentModel, PartyModels
from fateflow_tui.core.errors import BadRequest, DamagedFile, NotFound

OWNER = "guest#9999#guest-9999#model"


def test_models_are_kept_by_component_and_alias(tmp_path: Path) -> None:
    models = PartyModels(tmp_path)
    lr = ComponentModel(
        "hetero_lr_0", "HeteroLR", {"weight": {"x0": np.float64(0.5)}, "loss": float("nan")}, {"tol": 1}
    )
    scale = ComponentModel("scale_0", "FeatureScale", {}, {}, alias="scale")
    content = models.save(OWNER, "1", lr)
    models.save(OWNER, "1", scale)
    models.save(OWNER, "2", scale)

    assert (tmp_path / OWNER / "1" / "components" / "hetero_lr_0" / "default" / "model.json").read_bytes() == content
    assert models.load(OWNER, "1", "hetero_lr_0").parameters == {"weight": {"x0": 0.5}, "loss": "NaN"}
    assert models.load(OWNER, "1", "scale_0", "scale") == scale
    assert [(m.component, m.module) for m in models.components(OWNER, "1")] == [
        ("hetero_lr_0", "HeteroLR"),
        ("scale_0", "FeatureScale"),
    ]
    assert list(models.components(OWNER, "3")) == []


def test_saving_again_replaces_the_whole(tmp_path: Path) -> None:
    models = PartyModels(tmp_path)
    for value in (1, 2):
        models.save(OWNER, "1", ComponentModel("lr_0", "HeteroLR", {"value": value}, {}))
    assert models.load(OWNER, "1", "lr_0").parameters == {"value": 2}
    assert [p.name for p in (tmp_path / OWNER / "1" / "components" / "lr_0" / "default").iterdir()] == ["model.json"]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    models = PartyModels(tmp_path)
    with pytest.raises(NotFound, match=r"'default'.*lr_0.*guest#9999#guest-9999#model"):
        models.load(OWNER, "1", "lr_0")
    with pytest.raises(BadRequest):
        models.load("../x", "1", "lr_0")
    models.save(OWNER, "1", ComponentModel("lr_0", "HeteroLR", {}, {}))
    (tmp_path / OWNER / "1" / "components" / "lr_0" / "default" / "model.json").write_text("{")
    with pytest.raises(DamagedFile, match="lr_0"):
        models.load(OWNER, "1", "lr_0")
