"""The references between components: `component.port`, `args.dataset`, `pipeline.component.port`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fateflow_tui.core.document.json_text import Path
from fateflow_tui.core.document.problems import Problems
from fateflow_tui.core.document.values import kind_of, shown

if TYPE_CHECKING:
    from fateflow_tui.core.document.dsl import Component

DATA_KEYS: Final = ("data", "train_data", "validate_data", "test_data", "eval_data")


class Ref(msgspec.Struct, frozen=True):
    """One entry of an input list, and where it stands.

    kind: component (`component.port`), args (`args.dataset`) or pipeline (`pipeline.component.port`, of a trained
    model). component: '' for args.
    """

    kind: str
    component: str
    port: str
    path: Path


def read_data_refs(name: str, key: str, value: Any, version: int, path: Path, problems: Problems) -> list[Ref]:
    """The references of `input.data.<key>` of component `name`."""
    if not isinstance(value, list):
        message = f"`input.data.{key}` of component {name} must be a list, not {kind_of(value)}"
        problems.error("ComponentInputDataValueTypeError", path, message)
        return []
    if version == 2 and key not in DATA_KEYS:
        message = f"`{key}` is no input that modules know; component {name} gets it as plain data"
        problems.warn("UnknownDataKey", path, message, near=(key, DATA_KEYS))
    refs: list[Ref] = []
    for index, text in enumerate(value):
        ref = _ref(text, (*path, index))
        if ref is not None:
            refs.append(ref)
        elif isinstance(text, str):
            message = f"{shown(text)}, a data input of component {name}, is not written component.port"
            problems.error("DataInputNameNotExistError", (*path, index), message)
        else:
            message = f"a data input of component {name} must be component.port, not {kind_of(text)}"
            problems.error("ComponentInputDataValueTypeError", (*path, index), message)
    return refs


def read_model_refs(name: str, key: str, value: Any, path: Path, problems: Problems) -> list[Ref]:
    """The references of `input.model`, `input.isometric_model` or `input.cache` of component `name`."""
    if value is None:
        return []
    if not isinstance(value, list):
        message = f"`input.{key}` of component {name} must be a list, not {kind_of(value)}"
        problems.error("ComponentInputModelValueTypeError", path, message)
        return []
    refs: list[Ref] = []
    for index, text in enumerate(value):
        ref = _ref(text, (*path, index))
        if ref is not None and ref.kind != "args":
            refs.append(ref)
        elif isinstance(text, str):
            message = f"{shown(text)}, a model input of component {name}, is not written component.port"
            problems.error("ModelInputNameNotExistError", (*path, index), message)
        else:
            message = f"a model input of component {name} must be component.port, not {kind_of(text)}"
            problems.error("ComponentInputModelValueTypeError", (*path, index), message)
    return refs


def _ref(text: Any, path: Path) -> Ref | None:
    if not isinstance(text, str):
        return None
    first, _, rest = text.partition(".")
    if not (first and rest):
        return None
    if first == "args":
        return Ref("args", "", rest, path)
    if first == "pipeline":
        component, _, port = rest.partition(".")
        return Ref("pipeline", component, port, path) if component and port else None
    return Ref("component", first, rest, path)


def check_references(components: Mapping[str, Component], version: int, problems: Problems, *, predict: bool) -> None:
    """Every reference must lead to a port that exists. predict: models of the training may be read."""
    for component in components.values():
        for key, refs in component.data.items():
            for ref in refs:
                _check_data(component.name, key, ref, components, version, problems)
        for ref in [*component.models, *component.isometric]:
            _check_model(component.name, ref, components, predict, problems)
        for ref in component.cache:
            if ref.kind == "component" and ref.component not in components:
                message = f"component {component.name} takes the cache of {ref.component}, which is no component"
                near = (ref.component, components)
                problems.error("CacheInputComponentNotExistError", ref.path, message, near=near)


def _check_model(name: str, ref: Ref, components: Mapping[str, Component], predict: bool, problems: Problems) -> None:
    if ref.kind == "pipeline":
        if not predict:
            message = f"component {name} reads {ref.component} of a trained model, which only a predict job has"
            problems.error("ModelInputComponentNotExistError", ref.path, message)
    elif ref.component not in components:
        message = f"component {name} takes the model of {ref.component}, which is no component"
        near = (ref.component, components)
        problems.error("ModelInputComponentNotExistError", ref.path, message, near=near)
    elif (port := components[ref.component].model_port) is None:
        message = f"component {name} takes the model of {ref.component}, which has no `output.model`"
        problems.error("ModelInputNameNotExistError", ref.path, message)
    elif port != ref.port:
        message = f"component {name} takes model {ref.port} of {ref.component}, whose model port is {port}"
        suggestion = f"{ref.component}.{port}"
        problems.error("ModelInputPortNotExistError", ref.path, message, suggestion=suggestion)


def _check_data(
    name: str, key: str, ref: Ref, components: Mapping[str, Component], version: int, problems: Problems
) -> None:
    if ref.kind == "args":
        if version == 2:
            message = f"component {name} reads args.{ref.port}; in dsl_version 2 tables come from a Reader"
            problems.error("DataNotExistInSubmitConfError", ref.path, message)
        return
    if ref.kind == "pipeline" or ref.component not in components:
        message = f"component {name} reads {key} from {ref.component}, which is no component"
        near = (ref.component, components)
        problems.error("DataInputComponentNotExistError", ref.path, message, near=near)
        return
    ports = components[ref.component].data_ports
    if ref.port not in ports:
        has = f"whose data ports are {', '.join(ports)}" if ports else "which has no `output.data`"
        message = f"component {name} reads {key} from port {ref.port} of {ref.component}, {has}"
        problems.error("DataInputNameNotExistError", ref.path, message, near=(ref.port, ports))
