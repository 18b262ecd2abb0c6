"""The conf of a predict job: the training conf with the submitted one over it, and the template to begin from."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

import msgspec

from fateflow_tui.core.document.conf import Conf, dsl_version, read_conf
from fateflow_tui.core.document.json_text import JsonDocument
from fateflow_tui.core.document.parties import indices_of, party_id
from fateflow_tui.core.document.problems import Problems

_DATA_ROLES: Final = ("guest", "host")


def merge_confs(train: Mapping[str, Any], predict: Mapping[str, Any]) -> dict[str, Any]:
    """`predict` over `train`: objects are merged at every depth, everything else is replaced."""
    merged = dict(train)
    for key, value in predict.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[key] = merge_confs(below, value)
        else:
            merged[key] = value
    return merged


def effective_conf(train_conf: Mapping[str, Any], conf: Conf, problems: Problems) -> Conf:
    """What the components of a predict job get to see: the parameters of training where the submitted conf gives
    no others. Job parameters and parties are those of the submitted conf alone.

    Only parties that took part in the training, in the same role, have a part of the model. The training conf's
    indices follow its parties to the places that they have in the submitted conf.
    """
    if dsl_version(train_conf) != conf.version:
        message = f"the conf is of dsl_version {conf.version}, the model was trained with another"
        problems.error("DslVersionError", ("dsl_version",), message)
        return conf
    trained = {role: [party_id(i) for i in ids] for role, ids in train_conf.get("role", {}).items()}
    for role, ids in conf.roles.items():
        for index, number in enumerate(ids):
            if number not in trained.get(role, []):
                message = f"party {role}:{number} took no part in the training and has no part of the model"
                problems.error("PredictPartyNotTrainedError", ("role", role, index), message)
    moves = {role: _moves(trained.get(role, []), ids) for role, ids in conf.roles.items()}
    carried = _renumbered(train_conf, trained, moves, conf.version)
    keep = {"role", "initiator", "job_parameters", "dsl_version"}
    document = merge_confs({key: value for key, value in carried.items() if key not in keep}, conf.document)
    merged = read_conf(document, Problems("conf", JsonDocument(document)))
    return msgspec.structs.replace(merged, initiator=conf.initiator, document=conf.document)


def _moves(trained: list[int | None], now: list[int]) -> dict[int, int]:
    """Index in the training conf -> index now. A party that was not trained takes what has its index."""
    return {trained.index(number) if number in trained else index: index for index, number in enumerate(now)}


def _renumbered(
    conf: Mapping[str, Any],
    trained: Mapping[str, list[int | None]],
    moves: Mapping[str, dict[int, int]],
    version: int,
) -> dict[str, Any]:
    result = dict(conf)
    if version == 1:
        lists = conf.get("role_parameters", {})
        result["role_parameters"] = {
            role: _moved_lists(given, len(trained[role]), moves[role])
            for role, given in lists.items()
            if role in moves and role in trained
        }
        return result
    section = conf.get("component_parameters", {})
    by_role = {
        role: _moved_keys(given, len(trained[role]), moves[role])
        for role, given in section.get("role", {}).items()
        if role in moves and role in trained
    }
    result["component_parameters"] = {**section, "role": by_role}
    return result


def _moved_keys(given: Mapping[str, Any], count: int, moves: Mapping[int, int]) -> dict[str, Any]:
    moved: dict[str, Any] = {}
    for key, value in given.items():
        indices = indices_of(key, count)
        if key == "all" or indices is None:
            new = key
        else:
            new = "|".join(str(index) for index in sorted(moves[old] for old in indices if old in moves))
        if new:
            moved[new] = merge_confs(moved.pop(new, {}), value)
    return moved


def _moved_lists(value: Any, count: int, moves: Mapping[int, int]) -> Any:
    if isinstance(value, dict):
        return {key: _moved_lists(item, count, moves) for key, item in value.items()}
    if isinstance(value, list) and len(value) == count:
        return [value[old] for old, _ in sorted(moves.items(), key=lambda move: move[1])]
    return value


def predict_conf_template(
    train_conf: Mapping[str, Any], predict_dsl: Mapping[str, Any], model_id: str, model_version: str
) -> dict[str, Any]:
    """A predict conf with everything but the names of the tables, which are placeholders to be filled in."""
    model = {"job_type": "predict", "model_id": model_id, "model_version": model_version}
    given = deepcopy(dict(train_conf))
    template: dict[str, Any] = {"initiator": given["initiator"], "role": given["role"]}
    sizes = {role: len(ids) for role, ids in given["role"].items() if role in _DATA_ROLES}
    components = predict_dsl.get("components", {})
    if dsl_version(train_conf) == 1:
        template["job_parameters"] = {**given["job_parameters"], **model}
        datasets = _datasets(components)
        template["role_parameters"] = {
            role: {"args": {"data": {name: [_blank(i) for i in range(size)] for name in datasets}}}
            for role, size in sizes.items()
        }
        return template
    template["dsl_version"] = 2
    job = given["job_parameters"]
    template["job_parameters"] = {**job, "common": {**job["common"], **model}}
    readers = [name for name, component in components.items() if component.get("module") == "Reader"]
    template["component_parameters"] = {
        "role": {
            role: {
                str(index): {name: {"table": _blank(number)} for number, name in enumerate(readers)}
                for index in range(size)
            }
            for role, size in sizes.items()
        }
    }
    return template


def _datasets(components: Mapping[str, Any]) -> list[str]:
    refs = (
        ref
        for component in components.values()
        for refs in component.get("input", {}).get("data", {}).values()
        for ref in refs
    )
    return list(dict.fromkeys(ref.removeprefix("args.") for ref in refs if ref.startswith("args.")))


def _blank(number: int) -> dict[str, str]:
    return {"name": f"name_to_be_filled_{number}", "namespace": f"namespace_to_be_filled_{number}"}
