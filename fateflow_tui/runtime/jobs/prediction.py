"""What a predict job takes from its model, and what a deployed version consists of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fateflow_tui.core.document import (
    check_predict_dsl,
    conf_for,
    derive_predict_dsl,
)
from fateflow_tui.core.document.json_text import JsonDocument
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import Pipeline
from fateflow_tui.core.ports import ModuleCatalog
from fateflow_tui.core.records import JobState


class Prediction(msgspec.Struct, frozen=True):
    """parts: the digest of each party's part of the model, by `str(party)`."""

    predict_dsl: dict[str, Any]
    train_conf: dict[str, Any]
    parts: dict[str, str]


class WantedModel(msgspec.Struct, frozen=True):
    """The model that a predict conf names. initiator: None if the conf names none that can be read."""

    model_id: str
    model_version: str
    initiator: Party | None


def wanted_model(conf: JsonDocument) -> WantedModel | None:
    """Return None for a training job, and for a conf that is too broken to tell: its check reports what is wrong."""
    document = conf.value
    if not isinstance(document, dict):
        return None
    parameters = document.get("job_parameters")
    if isinstance(parameters, dict) and isinstance(parameters.get("common"), dict):
        parameters = parameters["common"]
    if not isinstance(parameters, dict) or parameters.get("job_type") != "predict":
        return None
    names = [parameters.get(name) for name in ("model_id", "model_version")]
    if not all(isinstance(name, str | int) and str(name) for name in names):
        return None
    initiator = document.get("initiator")
    party = None
    if isinstance(initiator, dict) and initiator.get("role") and initiator.get("party_id") is not None:
        party = Party.of(str(initiator["role"]), str(initiator["party_id"]))
    return WantedModel(str(names[0]), str(names[1]), party)


def training_pipeline(state: JobState, party: Party, catalog: ModuleCatalog, *, version: str, at: int) -> Pipeline:
    """Describe a trained model in a party's part. version: of this program. at: ms since the epoch.

    The initiator's part has the whole conf, because a predict job takes from it what all parties' components were
    trained with. Models of dsl_version 1 are deployed right away.
    """
    document = state.documents[str(party)]
    whole = state.plan.conf if state.plan is not None and party == document.initiator else document.conf
    dsl_version = int(whole.get("dsl_version") or 1)
    return Pipeline(
        party=party,
        model_id=document.model_id,
        model_version=document.model_version,
        roles=document.roles,
        initiator=document.initiator,
        train_dsl=document.dsl,
        train_conf=whole,
        conf_on_party={**conf_for(whole, party), "job_parameters": document.job_parameters},
        predict_dsl=derive_predict_dsl(document.dsl, version=1, catalog=catalog) if dsl_version == 1 else {},
        job_id=state.job_id,
        created_at=at,
        fateflow_version=version,
    )


def deployed_dsl(
    pipeline: Pipeline, components: list[str] | None, predict_dsl: dict[str, Any] | None
) -> dict[str, Any]:
    """The predict DSL of a deployed version: given, or derived from the training DSL. Raises BadDocument."""
    if pipeline.predict_dsl:
        return pipeline.predict_dsl
    if predict_dsl is not None:
        check_predict_dsl(predict_dsl, pipeline.train_dsl.get("components", {}))
        return predict_dsl
    return derive_predict_dsl(pipeline.train_dsl, components)


def used_models(predict_dsl: Mapping[str, Any]) -> list[str]:
    """The trained components whose models a predict DSL reads, sorted."""
    references = (
        reference
        for component in predict_dsl.get("components", {}).values()
        for kind in ("model", "isometric_model")
        for reference in component.get("input", {}).get(kind, [])
    )
    return sorted({reference.split(".")[1] for reference in references if reference.startswith("pipeline.")})
