"""Predict jobs: derives their DSL from the training DSL, and their conf from the training conf."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from typing import Any, Final

import msgspec

from fateflow_tui.core.document.conf import Conf, dsl_version, read_conf
from fateflow_tui.core.document.dsl import DATA_KEYS, Component, Dsl, Ref, read_dsl
from fateflow_tui.core.document.json_text import JsonDocument, read_json
from fateflow_tui.core.document.parties import indices_of, party_id
from fateflow_tui.core.document.problems import Problem, Problems, bad_document, nearest
from fateflow_tui.core.errors import BadDocument, BadRequest
from fateflow_tui.core.ports import ModuleCatalog, loadable_facts

# The input of a component when it predicts, by the first of its training inputs.
_PREDICT_KEYS: Final = {
    "data": "data",
    "train_data": "test_data",
    "validate_data": "test_data",
    "test_data": "test_data",
    "eval_data": "test_data",
}
# The input that a component passes on when it is left out.
_FORWARD_KEYS: Final = ("train_data", "eval_data", "test_data", "data", "validate_data")


def derive_predict_dsl(
    train_dsl: object,
    deployed: Collection[str] | None = None,
    *,
    version: int = 2,
    catalog: ModuleCatalog | None = None,
) -> dict[str, Any]:
    """The inference DSL of a training DSL (text or object).

    deployed: the components to keep. None: all (version 2), or those chosen by the DSL's `need_deploy` or else by the
    module (version 1). Components that are left out are bridged: whatever read one of their ports reads their input
    instead. An input that leads nowhere is omitted; then the user must attach a Reader. Raises BadDocument.
    """
    document = read_json(train_dsl)
    problems = Problems("dsl", document)
    dsl = read_dsl(document.value, version, problems)
    _raise(problems)
    kept = _kept(dsl, deployed, version, catalog)
    entries = document.value["components"]
    forwards: dict[str, str] = {}  # component that is left out -> the reference that replaces its ports
    components: dict[str, Any] = {}
    for name, component in dsl.components.items():
        if name in kept:
            components[name] = _predicting(component, entries[name], components, forwards)
        elif source := _forwarded(component, components, forwards):
            forwards[name] = source
    derived = {"components": components}
    check_predict_dsl(derived, dsl.components, version)
    return derived


def check_predict_dsl(predict_dsl: object, trained: Collection[str] | None = None, version: int = 2) -> None:
    """Raise BadDocument if it has errors or reads models of components that were not trained."""
    document = read_json(predict_dsl)
    problems = Problems("dsl", document)
    dsl = read_dsl(document.value, version, problems, predict=True)
    for component in dsl.components.values():
        for ref in [*component.models, *component.isometric]:
            if trained is not None and ref.kind == "pipeline" and ref.component not in trained:
                message = f"component {component.name} reads the model of {ref.component}, which was not trained"
                near = (ref.component, trained)
                problems.error("ModelInputComponentNotExistError", ref.path, message, near=near)
    _raise(problems)


def generate_predict_dsl(train_dsl: object, components: object, version: object = "2") -> dict[str, Any]:
    """The `job/dsl/generate` call. components: a list, or text such as "[a_0, b_0]". Raises BadDocument, BadRequest."""
    if str(version) != "2":
        raise BadRequest(f"a predict DSL can be generated only for dsl_version 2, not {version}")
    names = component_list(components)
    if not names:
        raise BadRequest("no components are given", hint="separate them by commas, for example reader_0,dataio_0")
    return derive_predict_dsl(train_dsl, names)


def component_list(value: object) -> list[str]:
    """Component names from a list, or from text with commas, spaces, line ends and outer brackets."""
    if isinstance(value, str):
        if "/" in value or "\\" in value:
            raise BadRequest(f"a component name cannot contain slashes: {value[:100]}")
        for character in (" ", "\n", "\r", "\t"):
            value = value.replace(character, "")
        value = value.strip(",[]").split(",")
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadRequest("components must be a list of names or a string with commas")
    return [name.strip() for name in value if name.strip()]


def _raise(problems: Problems) -> None:
    if problems.has_errors:
        raise bad_document(problems.sorted())


def _kept(dsl: Dsl, deployed: Collection[str] | None, version: int, catalog: ModuleCatalog | None) -> Collection[str]:
    if deployed is not None:
        unknown = [name for name in deployed if name not in dsl.components]
        if unknown:
            raise _unknown(unknown, dsl)
        return set(deployed)
    return {c.name for c in dsl.components.values() if version == 2 or _is_deployed(c, catalog)}


def _unknown(names: Iterable[str], dsl: Dsl) -> BadDocument:
    return bad_document(
        [
            Problem(
                "DeployComponentNotExistError",
                f"cannot deploy component {name}: the DSL has no such component",
                "dsl",
                "$.components",
                suggestion=nearest(name, dsl.components),
            )
            for name in names
        ]
    )


def _is_deployed(component: Component, catalog: ModuleCatalog | None) -> bool:
    if component.need_deploy is not None:
        return component.need_deploy
    facts = catalog.facts(component.module) if catalog is not None else None
    return facts.deployed if facts is not None else True


def _predicting(
    component: Component,
    entry: Mapping[str, Any],
    components: Mapping[str, Any],
    forwards: Mapping[str, str],
) -> dict[str, Any]:
    """The component as it predicts: with the model that it, or the component whose model it used, learned."""
    inputs: dict[str, Any] = {}
    if component.model_port is not None:
        inputs["model"] = [f"pipeline.{component.name}.{component.model_port}"]
    elif component.models:
        inputs["model"] = [f"pipeline.{ref.component}.{ref.port}" for ref in component.models]
    data = _predict_data(component, components, forwards)
    if data:
        inputs["data"] = data
    if component.cache:
        inputs["cache"] = entry["input"]["cache"]
    result: dict[str, Any] = {"module": component.module}
    if inputs:
        result["input"] = inputs
    if component.data_ports:
        result["output"] = {"data": component.data_ports}
    if "provider" in entry:
        result["provider"] = entry["provider"]
    return result


def _predict_data(
    component: Component, components: Mapping[str, Any], forwards: Mapping[str, str]
) -> dict[str, list[str]]:
    known = [key for key in _PREDICT_KEYS if component.data.get(key)]
    free = {key: key for key in component.data if key not in DATA_KEYS}
    chosen = {known[0]: _PREDICT_KEYS[known[0]]} if known else free
    data: dict[str, list[str]] = {}
    for key, predict_key in chosen.items():
        refs = [_predict_ref(ref, components, forwards) for ref in component.data[key]]
        if found := list(dict.fromkeys(ref for ref in refs if ref)):
            data[predict_key] = found
    return data


def _predict_ref(ref: Ref, components: Mapping[str, Any], forwards: Mapping[str, str]) -> str:
    if ref.kind == "args":
        return "args.eval_data"
    if ref.component in components:
        return f"{ref.component}.{ref.port}"
    return forwards.get(ref.component, "")


def _forwarded(component: Component, components: Mapping[str, Any], forwards: Mapping[str, str]) -> str:
    """The input of a component that is left out, for its readers to use instead; '' if it leads nowhere."""
    keys = [*_FORWARD_KEYS, *(key for key in component.data if key not in DATA_KEYS)]
    refs = (ref for key in keys for ref in component.data.get(key, []))
    return next((found for ref in refs if (found := _predict_ref(ref, components, forwards))), "")


_DATA_ROLES: Final = ("guest", "host")


def merge_confs(train: Mapping[str, Any], predict: Mapping[str, Any]) -> dict[str, Any]:
    """Merge `predict` over `train`: objects at every depth, everything else is replaced."""
    merged = dict(train)
    for key, value in predict.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            merged[key] = merge_confs(below, value)
        else:
            merged[key] = value
    return merged


def effective_conf(train_conf: Mapping[str, Any], conf: Conf, problems: Problems) -> Conf:
    """The conf that the components of a predict job see: the training parameters with those of the submitted conf
    merged on top. Job parameters and parties come from the submitted conf alone.

    Only parties that took part in the training, in the same role, have a part of the model. The indices of the
    training conf are renumbered to the places of its parties in the submitted conf.
    """
    if dsl_version(train_conf) != conf.version:
        message = f"the conf has dsl_version {conf.version}, but the model was trained with another version"
        problems.error("DslVersionError", ("dsl_version",), message)
        return conf
    trained = {role: [party_id(i) for i in ids] for role, ids in train_conf.get("role", {}).items()}
    for role, ids in conf.roles.items():
        for index, number in enumerate(ids):
            if number not in trained.get(role, []):
                message = f"party {role}:{number} did not take part in the training and has no part of the model"
                problems.error("PredictPartyNotTrainedError", ("role", role, index), message)
    moves = {role: _moves(trained.get(role, []), ids) for role, ids in conf.roles.items()}
    carried = _renumbered(train_conf, trained, moves, conf.version)
    keep = {"role", "initiator", "job_parameters", "dsl_version"}
    document = merge_confs({key: value for key, value in carried.items() if key not in keep}, conf.document)
    merged = read_conf(document, Problems("conf", JsonDocument(document)))
    return msgspec.structs.replace(merged, initiator=conf.initiator, document=conf.document)


def _moves(trained: list[int | None], now: list[int]) -> dict[int, int]:
    """Index in the training conf -> index now. A party that was not trained keeps its index."""
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
    train_conf: Mapping[str, Any],
    predict_dsl: Mapping[str, Any],
    model_id: str,
    model_version: str,
    catalog: ModuleCatalog,
) -> dict[str, Any]:
    """A predict conf that is complete but for the names of the tables, which are placeholders."""
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
    sources = {
        name: facts.source
        for name, component in components.items()
        if (facts := loadable_facts(catalog, component.get("module", ""))) is not None and facts.source
    }
    template["component_parameters"] = {
        "role": {
            role: {
                str(index): {name: {key: _blank(number)} for number, (name, key) in enumerate(sources.items())}
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
