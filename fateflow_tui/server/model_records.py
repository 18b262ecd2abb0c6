"""FATE-Flow's record of a model version at one party, and the modern view of a version over all its parties."""

from __future__ import annotations

from typing import Any

from fateflow_tui.core.models import Pipeline
from fateflow_tui.registry import Part
from fateflow_tui.server.door import Site
from fateflow_tui.server.records import date

_COMPATIBLE = "1.6.0"


def model_record(site: Site, part: Part) -> dict[str, Any]:
    """A `model/query` record; see spec section 3.4."""
    pipeline, manifest = part.pipeline, part.manifest
    updated = manifest.registered_at or pipeline.created_at
    return {
        "f_create_time": pipeline.created_at,
        "f_create_date": date(pipeline.created_at),
        "f_update_time": updated,
        "f_update_date": date(updated),
        "f_role": pipeline.party.role,
        "f_party_id": pipeline.party.party_id,
        "f_roles": pipeline.roles,
        "f_job_id": pipeline.model_version,
        "f_model_id": pipeline.model_id,
        "f_model_version": pipeline.model_version,
        "f_loaded_times": site.models.loaded_times(part),
        "f_size": part.size,
        "f_description": "",
        "f_initiator_role": pipeline.initiator.role,
        "f_initiator_party_id": pipeline.initiator.party_id,
        "f_runtime_conf": pipeline.train_conf if pipeline.parent else {},
        "f_work_mode": _work_mode(pipeline),
        "f_train_dsl": pipeline.train_dsl,
        "f_train_runtime_conf": {} if pipeline.parent else pipeline.train_conf,
        "f_imported": int(manifest.imported),
        "f_job_status": "success" if pipeline.parent and not manifest.imported else None,
        "f_runtime_conf_on_party": pipeline.conf_on_party,
        "f_fate_version": _COMPATIBLE,
        "f_parent": pipeline.parent,
        "f_parent_info": pipeline.parent_info,
        "f_inference_dsl": pipeline.predict_dsl,
    }


def version_line(site: Site, parts: list[Part]) -> dict[str, Any]:
    """One version in a list: what it is and which parties' parts are here. parts: of this site, at least one."""
    pipeline = parts[0].pipeline
    return {
        "model_id": pipeline.model_id,
        "model_version": pipeline.model_version,
        "roles": pipeline.roles,
        "initiator": str(pipeline.initiator),
        "job_id": pipeline.job_id,
        "created_at": pipeline.created_at,
        "parent": pipeline.parent,
        "parent_info": pipeline.parent_info,
        "deployed": pipeline.deployed,
        "imported": any(part.manifest.imported for part in parts),
        "components": _components(parts),
        "here": sorted(str(part.pipeline.party) for part in parts),
        "loaded": sorted(str(part.pipeline.party) for part in parts if site.models.is_loaded(part)),
        "tags": site.models.tags.of_version(pipeline.model_version),
        "aliases": site.models.tags.aliases_of(pipeline.model_version),
    }


def _components(parts: list[Part]) -> dict[str, str]:
    """component -> module, of the components that left a model at any of these parties."""
    return {file.component: file.module for part in parts for file in part.manifest.files}


def _work_mode(pipeline: Pipeline) -> int:
    parameters = pipeline.conf_on_party.get("job_parameters", {})
    return int(parameters.get("work_mode") or 0)
