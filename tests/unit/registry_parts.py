"""A small model at one party, for the tests of the registry."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.artifacts.models import ComponentModel, PartyModels
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import Pipeline, part_digest
from fateflow_tui.registry import Part, Registry

GUEST, HOST, ARBITER = Party("guest", "9999"), Party("host", "10000"), Party("arbiter", "10000")
MODEL = "arbiter-10000#guest-9999#host-10000#model"
ROLES = {"guest": [9999], "host": [10000], "arbiter": [10000]}
ELSEWHERE = {"host:10000": "0" * 64, "arbiter:10000": "1" * 64}


def pipeline(version: str = "1", party: Party = GUEST, **changes: Any) -> Pipeline:
    conf = {
        "initiator": {"role": "guest", "party_id": 9999},
        "role": ROLES,
        "job_parameters": {"common": {"model_id": MODEL, "model_version": version}},
        "component_parameters": {"role": {"guest": {"0": {"reader_0": {"table": {"name": "a", "namespace": "b"}}}}}},
    }
    made = Pipeline(
        party,
        MODEL,
        version,
        ROLES,
        GUEST,
        {"components": {"hetero_lr_0": {"module": "HeteroLR"}}},
        conf,
        conf,
        job_id=version,
        created_at=1_700_000_000_000,
        fateflow_version="1.6.0",
    )
    return msgspec.structs.replace(made, **changes)


def lr(weight: float = 0.5) -> ComponentModel:
    return ComponentModel("hetero_lr_0", "HeteroLR", {"weight": {"x0": weight, "x1": -1.0}, "iters": 3}, {"tol": 0.1})


def scale() -> ComponentModel:
    return ComponentModel("scale_0", "FeatureScale", {"mean": [1.0]}, {}, alias="scale")


def trained(root: Path, of: Pipeline, *models: ComponentModel) -> list[tuple[str, str, str]]:
    """What a training leaves: model files in place. Gives what its tasks report."""
    saved = [(model, PartyModels(root).save(of.party_model_id, of.model_version, model)) for model in models]
    return [(model.component, model.alias, hashlib.sha256(content).hexdigest()) for model, content in saved]


def agreed(of: Pipeline, reports: list[tuple[str, str, str]]) -> dict[str, str]:
    return {**ELSEWHERE, str(of.party): part_digest(of.party, of.model_version, reports)}


def registered(registry: Registry, of: Pipeline, *models: ComponentModel) -> Part:
    reports = trained(registry.root, of, *(models or (lr(), scale())))
    return registry.register(of, agreed(of, reports), reports)
