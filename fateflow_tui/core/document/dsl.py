"""The DSL: components, their modules, inputs and outputs (FATE's DSL, versions 1 and 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.core.document.graph import topological_order
from fateflow_tui.core.document.json_text import Path
from fateflow_tui.core.document.names import check_names
from fateflow_tui.core.document.problems import Problems
from fateflow_tui.core.document.references import Ref, check_references, read_data_refs, read_model_refs
from fateflow_tui.core.document.values import kind_of, shown

MAX_COMPONENTS: Final = 5_000
COMPONENTS: Final = "components"

_PORT: Final = re.compile(r"[\w-]{1,128}")


class Component(msgspec.Struct, frozen=True):
    """A node of the DSL.

    data: input key -> references. model_port: None where the DSL declares none. inputs: `input` as written.
    """

    name: str
    module: str
    data: dict[str, list[Ref]] = {}
    models: list[Ref] = []
    isometric: list[Ref] = []
    cache: list[Ref] = []
    data_ports: list[str] = []
    model_port: str | None = None
    need_deploy: bool | None = None
    inputs: dict[str, Any] = {}

    @property
    def path(self) -> Path:
        return (COMPONENTS, self.name)

    @property
    def refs(self) -> list[Ref]:
        data = [ref for refs in self.data.values() for ref in refs]
        return [*data, *self.models, *self.isometric, *self.cache]

    @property
    def needs(self) -> list[str]:
        """The components it waits for, without repeats, in the order of its inputs."""
        return list(dict.fromkeys(ref.component for ref in self.refs if ref.kind == "component"))


class Dsl(msgspec.Struct, frozen=True):
    """A read DSL: its components in topological order."""

    components: dict[str, Component]

    def datasets(self) -> dict[str, Path]:
        """The names behind `args.` and where each is used first."""
        found: dict[str, Path] = {}
        for component in self.components.values():
            for ref in component.refs:
                if ref.kind == "args":
                    found.setdefault(ref.port, ref.path)
        return found


def read_dsl(value: Any, version: int, problems: Problems, *, predict: bool = False) -> Dsl:
    """Checks structure, names, references and loops; what is wrong goes to `problems`, what is right is returned.

    predict: `pipeline.` references are legal, and version 1 does not check how names are numbered.
    """
    entries = _entries(value, problems)
    if len(entries) > MAX_COMPONENTS:
        message = f"the DSL has {len(entries)} components, more than {MAX_COMPONENTS}"
        problems.error("DocumentLimitError", (COMPONENTS,), message)
        return Dsl({})
    components = {name: _component(name, entry, version, problems) for name, entry in entries.items()}
    check_names(components, version, problems, numbered=version == 1 and not predict)
    check_references(components, version, problems, predict=predict)
    order, loops = topological_order({name: component.needs for name, component in components.items()})
    for loop in loops:
        message = f"the components feed each other in a loop: {' -> '.join(loop)}"
        problems.error("LoopError", (COMPONENTS, loop[0], "input"), message)
    return Dsl({name: components[name] for name in dict.fromkeys([*order, *components])})


def _entries(value: Any, problems: Problems) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        if not problems.has_errors:
            problems.error("DSLNotExistError", (), "there is no DSL: a JSON object with `components` is needed")
        return {}
    entries = value.get(COMPONENTS)
    if not isinstance(entries, dict):
        wrong = next((key for key in value if key != COMPONENTS), "")
        message = "the DSL has no `components` object"
        problems.error("ComponentFieldNotExistError", (), message, near=(wrong, [COMPONENTS]))
        return {}
    if not entries:
        message = "`components` is empty: a job needs at least one component"
        problems.error("ComponentsEmptyError", (COMPONENTS,), message)
    return entries


def _component(name: str, entry: Any, version: int, problems: Problems) -> Component:
    path: Path = (COMPONENTS, name)
    if not isinstance(entry, dict):
        message = f"component {name} must be an object with at least a `module`, not {kind_of(entry)}"
        problems.error("ModuleFieldNotExistError", path, message)
        return Component(name, "")
    inputs = _object(entry, "input", "ComponentInputTypeError", path, problems)
    outputs = _object(entry, "output", "ComponentOutputTypeError", path, problems)
    data = _object(inputs, "data", "ComponentInputDataTypeError", (*path, "input"), problems)
    deploy = entry.get("need_deploy")
    models = _ports(name, "model", outputs, problems)
    if len(models) > 1:
        message = f"component {name} has one model, stored as {models[0]}; its other model ports are ignored"
        problems.warn("ExtraModelPort", (*path, "output", "model", 1), message)

    def model_refs(key: str) -> list[Ref]:
        return read_model_refs(name, key, inputs.get(key), (*path, "input", key), problems)

    return Component(
        name,
        _module(name, entry, problems),
        data={
            key: read_data_refs(name, key, refs, version, (*path, "input", "data", key), problems)
            for key, refs in data.items()
        },
        models=model_refs("model"),
        isometric=model_refs("isometric_model"),
        cache=model_refs("cache"),
        data_ports=_ports(name, "data", outputs, problems),
        model_port=models[0] if models else None,
        need_deploy=deploy if isinstance(deploy, bool) else None,
        inputs=inputs,
    )


def _module(name: str, entry: Mapping[str, Any], problems: Problems) -> str:
    module = entry.get("module")
    if isinstance(module, str) and module:
        return module
    other = next((key for key in entry if key not in ("module", "input", "output")), "")
    message = f"component {name} names no `module`"
    problems.error("ModuleFieldNotExistError", (COMPONENTS, name), message, near=(other, ["module"]))
    return ""


def _object(holder: Mapping[str, Any], key: str, code: str, path: Path, problems: Problems) -> dict[str, Any]:
    value = holder.get(key)
    if isinstance(value, dict):
        return value
    if value is not None:
        message = f"`{key}` of component {path[1]} must be an object, not {kind_of(value)}"
        problems.error(code, (*path, key), message)
    return {}


def _ports(name: str, key: str, outputs: Mapping[str, Any], problems: Problems) -> list[str]:
    path: Path = (COMPONENTS, name, "output", key)
    value = outputs.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        message = f"`output.{key}` of component {name} must be a list of names, not {kind_of(value)}"
        problems.error("ComponentOutputKeyTypeError", path, message)
        return []
    ports: list[str] = []
    for index, port in enumerate(value):
        if not isinstance(port, str):
            message = f"a port of component {name} must be a name, not {kind_of(port)}"
            problems.error("ComponentOutputKeyTypeError", (*path, index), message)
        elif not _PORT.fullmatch(port):
            message = f"port {shown(port)} of component {name}: 1 to 128 letters, digits, `_` and `-` are allowed"
            problems.error("PortFormatError", (*path, index), message)
        elif port in ports:
            message = f"component {name} has two {key} ports named {port}"
            problems.error("DuplicatePortError", (*path, index), message)
        else:
            ports.append(port)
    return ports
