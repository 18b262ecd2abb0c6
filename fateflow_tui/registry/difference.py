"""Differences between the parts of two versions: documents, component parameters and trained models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.core.formatting import is_number
from fateflow_tui.core.models import Pipeline
from fateflow_tui.registry.parts import Part

_SHOWN: Final = 1000  # changes of one kind in one model
_PARAMETERS: Final = ("component_parameters", "role_parameters", "algorithm_parameters")
_MODEL_NAMES: Final = ("model_id", "model_version")  # always differ, and are shown in `a` and `b`

Change = dict[str, Any]


def difference(one: Part, other: Part, *, shown: int = _SHOWN) -> dict[str, Any]:
    """Compare two parts. The result is JSON-able.

    A change is {path, change: added | removed | changed, old, new}; a path is keys joined by dots.

    a, b: {party, model_id, model_version}. same: nothing differs. documents: {train_dsl, predict_dsl, conf: [change]}.
    parameters: {component: [change]}, paths within the component's parameters, prefixed by their owner.
    models: {"component.alias": {change: same | changed | added | removed, module, header: {added, removed},
    weights: [{path, old, new, delta}], largest_delta, other: [change], left_out}}; left_out counts the changes beyond
    `shown` of either kind. Raises DamagedFile for a damaged model.
    """
    a, b = one.pipeline, other.pipeline
    documents = {
        "train_dsl": list(changes(a.train_dsl, b.train_dsl)),
        "predict_dsl": list(changes(a.predict_dsl, b.predict_dsl)),
        "conf": list(changes(_without_parameters(a), _without_parameters(b))),
    }
    parameters = _by_component(a.train_conf, b.train_conf)
    models = _models(one, other, shown)
    same = not any(documents.values()) and not parameters and all(m["change"] == "same" for m in models.values())
    return {
        "a": _named(a),
        "b": _named(b),
        "same": same,
        "documents": documents,
        "parameters": parameters,
        "models": models,
    }


def changes(old: Any, new: Any, path: tuple[str, ...] = ()) -> Iterator[Change]:
    """Yield all differences between two JSON values, in order."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            here = (*path, str(key))
            if key not in new:
                yield {"path": ".".join(here), "change": "removed", "old": old[key], "new": None}
            elif key not in old:
                yield {"path": ".".join(here), "change": "added", "old": None, "new": new[key]}
            else:
                yield from changes(old[key], new[key], here)
    elif isinstance(old, list) and isinstance(new, list):
        yield from changes(_by_index(old), _by_index(new), path)
    elif old != new or isinstance(old, bool) != isinstance(new, bool):
        yield {"path": ".".join(path), "change": "changed", "old": old, "new": new}


def _by_index(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items)}


def _models(one: Part, other: Part, shown: int) -> dict[str, dict[str, Any]]:
    olds, news = ({(file.component, file.alias): file for file in part.files} for part in (one, other))
    found: dict[str, dict[str, Any]] = {}
    for key in sorted({*olds, *news}):
        if key not in news:
            result: dict[str, Any] = {"change": "removed", "module": olds[key].module}
        elif key not in olds:
            result = {"change": "added", "module": news[key].module}
        elif olds[key].sha256 == news[key].sha256:
            result = {"change": "same", "module": olds[key].module}
        else:
            result = _model(one.models.load(*key), other.models.load(*key), shown)
        found[".".join(key)] = result
    return found


def _model(old: ComponentModel, new: ComponentModel, shown: int) -> dict[str, Any]:
    weights: list[Change] = []
    rest: list[Change] = list(changes({"module": old.module}, {"module": new.module}))
    for change in changes(old.parameters, new.parameters):
        before, after = change["old"], change["new"]
        if change["change"] == "changed" and is_number(before) and is_number(after):
            weights.append({"path": change["path"], "old": before, "new": after, "delta": after - before})
        elif change["path"].split(".")[0] != "header":
            rest.append(change)
    rest += changes({"meta": old.meta}, {"meta": new.meta})
    header = _header(old, new)
    return {
        "change": "changed" if weights or rest or header != _NO_HEADER else "same",
        "module": new.module,
        "header": header,
        "weights": weights[:shown],
        "largest_delta": max((abs(weight["delta"]) for weight in weights), default=0),
        "other": rest[:shown],
        "left_out": max(0, len(weights) - shown) + max(0, len(rest) - shown),
    }


_NO_HEADER: Final[dict[str, Any]] = {"added": [], "removed": [], "moved": False}


def _header(old: ComponentModel, new: ComponentModel) -> dict[str, Any]:
    """Return added and removed features. moved: whether the common ones are in another order."""
    before, after = (list(map(str, model.parameters.get("header") or [])) for model in (old, new))
    stayed = [[name for name in names if name in set(before) & set(after)] for names in (before, after)]
    return {
        "added": [name for name in after if name not in set(before)],
        "removed": [name for name in before if name not in set(after)],
        "moved": stayed[0] != stayed[1],
    }


def _by_component(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[Change]]:
    before, after = _component_parameters(old), _component_parameters(new)
    return {
        component: found
        for component in sorted({*before, *after})
        if (found := list(changes(before.get(component, {}), after.get(component, {}))))
    }


def _component_parameters(conf: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return parameters by component and owner (`common`, `guest.0`, or `guest` in dsl_version 1)."""
    found: dict[str, dict[str, Any]] = {}

    def take(whose: str, section: Any) -> None:
        for component, parameters in section.items() if isinstance(section, Mapping) else ():
            found.setdefault(str(component), {})[whose] = parameters

    second = conf.get("component_parameters") or {}
    take("common", conf.get("algorithm_parameters"))
    take("common", second.get("common"))
    for role, section in (conf.get("role_parameters") or {}).items():
        take(role, section)
    for role, members in (second.get("role") or {}).items():
        for index, section in members.items() if isinstance(members, Mapping) else ():
            take(f"{role}.{index}", section)
    return found


def _without_parameters(pipeline: Pipeline) -> dict[str, Any]:
    conf = {key: value for key, value in pipeline.train_conf.items() if key not in _PARAMETERS}
    parameters = conf.get("job_parameters")
    if isinstance(parameters, Mapping):
        conf["job_parameters"] = _unnamed(parameters)
        if isinstance(common := parameters.get("common"), Mapping):
            conf["job_parameters"]["common"] = _unnamed(common)
    return conf


def _unnamed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if key not in _MODEL_NAMES}


def _named(pipeline: Pipeline) -> dict[str, str]:
    return {
        "party": str(pipeline.party),
        "model_id": pipeline.model_id,
        "model_version": pipeline.model_version,
    }
