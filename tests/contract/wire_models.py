"""The model versions of the recorded server, as parts of a home."""

from __future__ import annotations

import hashlib
from typing import Any

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.models import MODEL_FILE
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import Pipeline, part_digest
from fateflow_tui.registry import Registry


def register_models(home: Home, trained: list[dict[str, Any]], deployed: list[dict[str, Any]]) -> None:
    """trained, deployed: `model/query` records of a version whose component models lie in the home already, and of
    one that was deployed from it.
    """
    registry = Registry(home.models)
    pipelines = [_pipeline(record) for record in trained]
    parts = {str(pipeline.party): _digest(home, pipeline) for pipeline in pipelines}
    found = {pipeline.party: registry.register(pipeline, parts) for pipeline in pipelines}
    staged = [registry.stage_copy(found[child.party], child) for child in map(_pipeline, deployed)]
    children = {str(one.party): one.digest for one in staged}
    for one in staged:
        registry.publish(one, children)


def _pipeline(record: dict[str, Any]) -> Pipeline:
    return Pipeline(
        party=Party.of(record["f_role"], record["f_party_id"]),
        model_id=record["f_model_id"],
        model_version=record["f_model_version"],
        roles=record["f_roles"],
        initiator=Party.of(record["f_initiator_role"], record["f_initiator_party_id"]),
        train_dsl=record["f_train_dsl"],
        train_conf=record["f_train_runtime_conf"] or record["f_runtime_conf"],
        conf_on_party=record["f_runtime_conf_on_party"],
        predict_dsl=record["f_inference_dsl"],
        parent=record["f_parent"],
        parent_info=record["f_parent_info"],
        job_id=record["f_job_id"],
        created_at=record["f_create_time"],
    )


def _digest(home: Home, pipeline: Pipeline) -> str:
    folder = home.party_model(pipeline.party_model_id, pipeline.model_version) / "components"
    files = [
        (path.parent.parent.name, path.parent.name, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.glob(f"*/*/{MODEL_FILE}")
    ]
    return part_digest(pipeline.party, pipeline.model_version, files)
