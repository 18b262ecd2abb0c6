"""The DSL: components, their modules, and the references that connect them (FATE's DSL, versions 1 and 2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fateflow_tui.core.document.json_text import Path
from fateflow_tui.core.document.problems import Problems, kind_of, shown

if TYPE_CHECKING:
    import networkx


MAX_LOOPS: Final = 20


def topological_order(needs: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """The order, and the loops found, each as a chain that ends with the name it begins with.

    Of several components that could come next, the one that `needs` names first does. Components in or behind a
    loop are not in the order. Where loops share components, those are reported that remain when the ones found
    before are cut, at most MAX_LOOPS. Names that are not keys of `needs` are ignored.
    """
    import networkx  # here: it takes longer to import than most commands run

    upstream = networkx.DiGraph()
    upstream.add_nodes_from(needs)
    upstream.add_edges_from((name, up) for name, ups in needs.items() for up in sorted(set(ups)) if up in needs)
    rank = {name: index for index, name in enumerate(needs)}
    order: list[str] = []
    with suppress(networkx.NetworkXUnfeasible):  # raised at the end if there are loops
        order.extend(networkx.lexicographical_topological_sort(upstream.reverse(copy=False), rank.__getitem__))
    upstream.remove_nodes_from(order)
    loops: list[list[str]] = []
    while len(loops) < MAX_LOOPS and (start := _in_a_loop(upstream)) is not None:
        chain = [name for name, _ in networkx.find_cycle(upstream, start)]
        loops.append([*reversed(chain), chain[-1]])
        upstream.remove_nodes_from(chain)
    return order, loops


def _in_a_loop(upstream: networkx.DiGraph) -> str | None:
    """The first component that is part of a loop."""
    import networkx

    looped = {name for group in networkx.strongly_connected_components(upstream) if len(group) > 1 for name in group}
    return next((name for name in upstream if name in looped or upstream.has_edge(name, name)), None)


RESERVED: Final = ("args", "pipeline")  # they have a meaning of their own in references

_VALID_NAME: Final = re.compile(r"[\w-]{1,128}")  # a name also becomes the name of a folder
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


def check_names(components: Mapping[str, Component], version: int, problems: Problems, *, numbered: bool) -> None:
    """numbered: names must be prefix_index, with indices 0 to n-1 and one module for each prefix."""
    for name in components:
        if name in RESERVED:
            message = f"component name {name} is reserved: references use it for something else"
            problems.error("NamingFormatError", ("components", name), message)
        elif not _VALID_NAME.fullmatch(name):
            message = (
                f"invalid component name {shown(name)}: expected 1 to 128 letters, digits, `_` or `-`"
                if version == 2 or "_" in name
                else f"invalid component name {shown(name)}: dsl_version 1 expects prefix_index, as in hetero_lr_0"
            )
            problems.error("NamingFormatError", ("components", name), message)
    if numbered:
        _check_numbers(components, problems)


def _check_numbers(components: Mapping[str, Component], problems: Problems) -> None:
    indices: dict[str, list[int]] = {}
    modules: dict[str, str] = {}
    for name, component in components.items():
        path: Path = ("components", name)
        prefix, underscore, index = name.rpartition("_")
        if not underscore:
            message = f"invalid component name {name}: dsl_version 1 expects prefix_index, as in hetero_lr_0"
            problems.error("NamingError", path, message, suggestion=f"{name}_0")
        elif not _NUMBER.fullmatch(index):
            message = f"invalid component name {name}: dsl_version 1 expects a number after the last `_`"
            problems.error("NamingIndexError", path, message)
        else:
            indices.setdefault(prefix, []).append(int(index))
            first = modules.setdefault(prefix, component.module)
            if component.module and first and component.module != first:
                message = (
                    f"the names {prefix}_<n> belong to module {first}, but {name} has module "
                    f"{component.module}; in dsl_version 1 each prefix has one module"
                )
                problems.error("ComponentMultiMappingError", (*path, "module"), message)
    for prefix, found in indices.items():
        if sorted(found) != list(range(len(found))):
            written = ", ".join(str(index) for index in sorted(found)[:20])
            message = f"the components {prefix}_<n> must be numbered 0 to {len(found) - 1}, found {written}"
            problems.error("NamingIndexError", ("components", f"{prefix}_{max(found)}"), message)


DATA_KEYS: Final = ("data", "train_data", "validate_data", "test_data", "eval_data")


class Ref(msgspec.Struct, frozen=True):
    """One entry of an input list, and its place in the document.

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
        message = f"unknown data input `{key}`; component {name} receives it as plain data"
        problems.warn("UnknownDataKey", path, message, near=(key, DATA_KEYS))
    refs: list[Ref] = []
    for index, text in enumerate(value):
        ref = _ref(text, (*path, index))
        if ref is not None:
            refs.append(ref)
        elif isinstance(text, str):
            message = f"invalid data input {shown(text)} of component {name}: expected component.port"
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
            message = f"invalid model input {shown(text)} of component {name}: expected component.port"
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
    """Check that every reference leads to an existing port. predict: models of the training may be read."""
    for component in components.values():
        for key, refs in component.data.items():
            for ref in refs:
                _check_data(component.name, key, ref, components, version, problems)
        for ref in [*component.models, *component.isometric]:
            _check_model(component.name, ref, components, predict, problems)
        for ref in component.cache:
            if ref.kind == "component" and ref.component not in components:
                message = f"component {component.name} uses the cache of unknown component {ref.component}"
                near = (ref.component, components)
                problems.error("CacheInputComponentNotExistError", ref.path, message, near=near)


def _check_model(name: str, ref: Ref, components: Mapping[str, Component], predict: bool, problems: Problems) -> None:
    if ref.kind == "pipeline":
        if not predict:
            message = f"component {name} reads {ref.component} of a trained model, which only a predict job can do"
            problems.error("ModelInputComponentNotExistError", ref.path, message)
    elif ref.component not in components:
        message = f"component {name} uses the model of unknown component {ref.component}"
        near = (ref.component, components)
        problems.error("ModelInputComponentNotExistError", ref.path, message, near=near)
    elif (port := components[ref.component].model_port) is None:
        message = f"component {name} uses the model of {ref.component}, which has no `output.model`"
        problems.error("ModelInputNameNotExistError", ref.path, message)
    elif port != ref.port:
        message = f"component {name} uses model {ref.port} of {ref.component}, whose model port is {port}"
        suggestion = f"{ref.component}.{port}"
        problems.error("ModelInputPortNotExistError", ref.path, message, suggestion=suggestion)


def _check_data(
    name: str, key: str, ref: Ref, components: Mapping[str, Component], version: int, problems: Problems
) -> None:
    if ref.kind == "args":
        if version == 2:
            message = f"component {name} reads args.{ref.port}, but in dsl_version 2 tables come from a Reader"
            problems.error("DataNotExistInSubmitConfError", ref.path, message)
        return
    if ref.kind == "pipeline" or ref.component not in components:
        message = f"component {name} reads {key} from unknown component {ref.component}"
        near = (ref.component, components)
        problems.error("DataInputComponentNotExistError", ref.path, message, near=near)
        return
    ports = components[ref.component].data_ports
    if ref.port not in ports:
        has = f"whose data ports are {', '.join(ports)}" if ports else "which has no `output.data`"
        message = f"component {name} reads {key} from port {ref.port} of {ref.component}, {has}"
        problems.error("DataInputNameNotExistError", ref.path, message, near=(ref.port, ports))


MAX_COMPONENTS: Final = 5_000
COMPONENTS: Final = "components"

_PORT: Final = re.compile(r"[\w-]{1,128}")


class Component(msgspec.Struct, frozen=True):
    """A node of the DSL.

    data: input key -> references. model_port: None if the DSL declares none. inputs: `input` as written.
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
        """The components it waits for, without duplicates, in the order of its inputs."""
        return list(dict.fromkeys(ref.component for ref in self.refs if ref.kind == "component"))


class Dsl(msgspec.Struct, frozen=True):
    """A parsed DSL: its components in topological order."""

    components: dict[str, Component]

    def datasets(self) -> dict[str, Path]:
        """The names after `args.`, with the place where each is used first."""
        found: dict[str, Path] = {}
        for component in self.components.values():
            for ref in component.refs:
                if ref.kind == "args":
                    found.setdefault(ref.port, ref.path)
        return found


def read_dsl(value: Any, version: int, problems: Problems, *, predict: bool = False) -> Dsl:
    """Check structure, names, references and loops. Add errors to `problems` and return the valid parts.

    predict: `pipeline.` references are allowed, and version 1 does not check how names are numbered.
    """
    entries = _entries(value, problems)
    if len(entries) > MAX_COMPONENTS:
        message = f"the DSL has {len(entries)} components; at most {MAX_COMPONENTS} are supported"
        problems.error("DocumentLimitError", (COMPONENTS,), message)
        return Dsl({})
    components = {name: _component(name, entry, version, problems) for name, entry in entries.items()}
    check_names(components, version, problems, numbered=version == 1 and not predict)
    check_references(components, version, problems, predict=predict)
    order, loops = topological_order({name: component.needs for name, component in components.items()})
    for loop in loops:
        message = f"the components depend on each other in a loop: {' -> '.join(loop)}"
        problems.error("LoopError", (COMPONENTS, loop[0], "input"), message)
    return Dsl({name: components[name] for name in dict.fromkeys([*order, *components])})


def _entries(value: Any, problems: Problems) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        if not problems.has_errors:
            problems.error("DSLNotExistError", (), "the DSL is missing: expected a JSON object with `components`")
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
        message = f"component {name} has only one model, {models[0]}; its other model ports are ignored"
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
    message = f"component {name} has no `module`"
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
            message = f"invalid port {shown(port)} of component {name}: expected 1 to 128 letters, digits, `_` or `-`"
            problems.error("PortFormatError", (*path, index), message)
        elif port in ports:
            message = f"component {name} has two {key} ports named {port}"
            problems.error("DuplicatePortError", (*path, index), message)
        else:
            ports.append(port)
    return ports
