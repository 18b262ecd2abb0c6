"""Changed parameters for a rerun, merged into the conf of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fateflow_tui.core.document.conf import dsl_version
from fateflow_tui.core.document.predict_conf import merge_confs
from fateflow_tui.core.document.values import kind_of
from fateflow_tui.core.errors import BadRequest


def with_changes(
    conf: Mapping[str, Any],
    job_parameters: Mapping[str, Any] | None = None,
    component_parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A copy of the conf with the changes merged in at every depth. Check it again before it is used.

    Both changes are written as in a version 2 conf: {"common": {...}, "role": {"guest": {"0": {...}}}}. For a
    version 1 conf they are what its own sections look like: flat job parameters, and
    {"common": algorithm_parameters, "role": role_parameters}. Raises BadRequest when they are no objects.
    """
    changed = dict(conf)
    given = _object("component_parameters", component_parameters)
    sections = {"job_parameters": _object("job_parameters", job_parameters), "component_parameters": given}
    if dsl_version(conf) == 1:
        del sections["component_parameters"]
        sections["algorithm_parameters"] = _object("component_parameters.common", given.get("common"))
        sections["role_parameters"] = _object("component_parameters.role", given.get("role"))
    for section, changes in sections.items():
        if changes:
            changed[section] = merge_confs(conf.get(section, {}), changes)
    return changed


def conf_of_version(conf: Mapping[str, Any], model_id: str, model_version: str) -> dict[str, Any]:
    """A copy of a conf, as submitted or as one party has it, whose job parameters name this model."""
    names = {"model_id": model_id, "model_version": model_version}
    parameters = conf.get("job_parameters", {})
    if isinstance(parameters.get("common"), Mapping):
        return {**conf, "job_parameters": {**parameters, "common": {**parameters["common"], **names}}}
    return {**conf, "job_parameters": {**parameters, **names}}


def _object(name: str, value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return value
    raise BadRequest(f"{name} must be an object, not {kind_of(value)}")


def changed_components(conf: Mapping[str, Any], component_parameters: Mapping[str, Any]) -> list[str]:
    """The components that changes name, once they have passed the check: from these on a rerun must run again."""
    sections = [component_parameters.get("common", {})]
    for given in component_parameters.get("role", {}).values():
        sections += [given] if dsl_version(conf) == 1 else given.values()
    return list(dict.fromkeys(name for section in sections for name in section))
