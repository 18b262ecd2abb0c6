"""The two documents of a job, made of components; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fateflow_tui.core.document.problems import nearest
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.sdk.pipeline.component import Component, Settings

Table = Mapping[str, str] | tuple[str, str]  # {"namespace": ..., "name": ...} or (namespace, name)
Tables = Table | Sequence[Table]  # for all parties of a role, or one for each of them
Ids = int | str | Sequence[int | str]

_TABLE = ("namespace", "name")


class Documents(NamedTuple):
    """What a job is submitted with: DSL and conf, both of version 2."""

    dsl: dict[str, Any]
    conf: dict[str, Any]


def dsl_of(components: Iterable[Component]) -> dict[str, Any]:
    """The DSL of components in the order in which they were added."""
    return {"components": {component.name: _node(component) for component in components}}


def conf_of(
    roles: Mapping[str, Sequence[int]],
    initiator: Party,
    job_parameters: Mapping[str, Any],
    common: Mapping[str, Mapping[str, Any]],
    by_role: Mapping[str, Mapping[str, Settings]],
) -> dict[str, Any]:
    """A conf. common: component -> parameters. by_role: role -> component -> parameters, one for all or one for each.

    Raises BadRequest when a list has another length than there are parties.
    """
    own: dict[str, dict[str, dict[str, Any]]] = {}
    for role, of_components in by_role.items():
        for component, settings in of_components.items():
            for index, parameters in _indexed(role, roles.get(role, ()), component, settings):
                own.setdefault(role, {}).setdefault(index, {})[component] = parameters
    return {
        "dsl_version": 2,
        "initiator": {"role": initiator.role, "party_id": int(initiator.party_id)},
        "role": {role: list(ids) for role, ids in roles.items()},
        "job_parameters": {"common": dict(job_parameters)},
        "component_parameters": {
            "common": {name: dict(parameters) for name, parameters in common.items() if parameters},
            "role": own,
        },
    }


def ids_of(role: str, given: Ids) -> list[int]:
    """Party ids as numbers. Raises BadRequest."""
    several = [given] if isinstance(given, int | str) else list(given)
    if not all(str(one).isdigit() for one in several):
        raise BadRequest(f"party ids of {role} are numbers, not {given!r}")
    return [int(one) for one in several]


def reading(tables: Tables) -> Settings:
    """A Reader's parameters. Raises BadRequest for what names no table."""
    if _is_table(tables):
        return _read(tables)
    return [_read(table) for table in tables]


def _read(table: Any) -> dict[str, Any]:
    if isinstance(table, tuple) and len(table) == 2 and all(isinstance(part, str) for part in table):
        return {"table": dict(zip(_TABLE, table, strict=True))}
    if isinstance(table, Mapping) and set(table) == set(_TABLE):
        return {"table": dict(table)}
    wrong = next((key for key in table if key not in _TABLE), "") if isinstance(table, Mapping) else ""
    close = nearest(str(wrong), _TABLE) if wrong else ""
    hint = f"{wrong} should be {close}" if close else 'write {"namespace": ..., "name": ...}, or (namespace, name)'
    raise BadRequest(f"{table!r:.200} names no table", hint=hint)


def _is_table(tables: Any) -> bool:
    return isinstance(tables, Mapping) or (isinstance(tables, tuple) and all(isinstance(one, str) for one in tables))


def _indexed(role: str, ids: Sequence[int], component: str, settings: Settings) -> Iterable[tuple[str, dict[str, Any]]]:
    if isinstance(settings, Mapping):
        return [("0" if len(ids) == 1 else "all", dict(settings))] if ids else _nobody(role, component)
    if len(settings) != len(ids):
        raise BadRequest(
            f"{component} has parameters for {len(settings)} {role} parties, but the pipeline has {len(ids)}",
            hint="give one for each of them in order, or one for all",
        )
    return [(str(index), dict(parameters)) for index, parameters in enumerate(settings)]


def _nobody(role: str, component: str) -> Any:
    raise BadRequest(f"{component} has parameters for {role}, but the pipeline has no such party")


def _node(component: Component) -> dict[str, Any]:
    node: dict[str, Any] = {"module": component.module}
    inputs: dict[str, Any] = {}
    if component.inputs:
        inputs["data"] = {name: [str(port) for port in ports] for name, ports in component.inputs.items()}
    for name, ports in component.model_inputs.items():
        inputs[name] = [str(port) for port in ports]
    if inputs:
        node["input"] = inputs
    tables = [name for name in component.outputs if name != "model"]
    outputs = {"data": tables, "model": ["model"] if "model" in component.outputs else []}
    node["output"] = {kind: names for kind, names in outputs.items() if names}
    return node
