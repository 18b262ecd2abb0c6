"""Components of a pipeline and their ports, and the two documents of a job made from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from fateflow_tui.core.document.problems import nearest
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party

INPUTS: Final = ("data", "train_data", "validate_data", "test_data", "eval_data")
MODEL_INPUTS: Final = ("model", "isometric_model")

_WITH_MODEL: Final = """
ColumnExpand DataIO DataStatistics DataTransform FTL FeatureScale HeteroFastSecureBoost HeteroFeatureBinning
HeteroFeatureSelection HeteroLR HeteroLinR HeteroNN HeteroPearson HeteroPoisson HeteroSecureBoost HomoFeatureBinning
HomoLR HomoNN HomoOneHotEncoder HomoSecureboost LocalBaseline OneHotEncoder PSI SampleWeight SBTFeatureTransformer
"""
_SPLITS: Final = ("train_data", "validate_data", "test_data")
_OUTPUTS: Final = {
    **dict.fromkeys(_WITH_MODEL.split(), ("data", "model")),
    "HeteroDataSplit": _SPLITS,
    "HomoDataSplit": _SPLITS,
    "HeteroKmeans": ("data_0", "data_1", "model"),
}
_PREFIXES: Final = {
    "DataIO": "dataio",
    "HeteroSecureBoost": "hetero_secureboost",
    "HeteroFastSecureBoost": "hetero_fast_secureboost",
    "HomoSecureboost": "homo_secureboost",
}
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def outputs_of(module: str) -> tuple[str, ...]:
    """The outputs of a module; `data` for a module that is not listed here."""
    return _OUTPUTS.get(module, ("data",))


def prefix_of(module: str) -> str:
    """The usual prefix of component names: `hetero_lr` for HeteroLR."""
    return _PREFIXES.get(module) or _WORD.sub("_", module).lower()


Settings = Mapping[str, Any] | Sequence[Mapping[str, Any]]  # for all parties of a role, or one for each of them


class Port(msgspec.Struct, frozen=True):
    """An output of a component, to be passed to inputs of others."""

    component: str
    name: str

    def __str__(self) -> str:
        return f"{self.component}.{self.name}"


class Component:
    """A node of the DAG.

    inputs: data input -> ports. model_inputs: model input -> ports. common: parameters for all parties. by_role: role
    -> parameters for all its parties, or a list with one mapping for each.
    """

    def __init__(
        self,
        name: str,
        module: str,
        outputs: Sequence[str],
        inputs: Mapping[str, list[Port]],
        model_inputs: Mapping[str, list[Port]],
        common: Mapping[str, Any],
        by_role: Mapping[str, Settings],
    ) -> None:
        self.name, self.module = name, module
        self.outputs = tuple(outputs)
        self.inputs, self.model_inputs = inputs, model_inputs
        self.common, self.by_role = common, by_role

    @property
    def data(self) -> Port:
        """The output table `data`."""
        return self.port("data")

    @property
    def model(self) -> Port:
        """The trained model."""
        return self.port("model")

    def __getattr__(self, name: str) -> Port:
        """Another output, such as `train_data` of a data split."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.port(name)

    def port(self, name: str) -> Port:
        """Return an output by name. Raises AttributeError when there is none."""
        if name in self.outputs:
            return Port(self.name, name)
        close = nearest(name, self.outputs)
        hint = f"; did you mean {close}?" if close else f"; the outputs are: {', '.join(self.outputs) or 'none'}"
        raise AttributeError(f"{self.name} ({self.module}) has no output {name}{hint}")

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{self.name}: {self.module}>"


Table = Mapping[str, str] | tuple[str, str]  # {"namespace": ..., "name": ...} or (namespace, name)
Tables = Table | Sequence[Table]  # for all parties of a role, or one for each of them
Ids = int | str | Sequence[int | str]

_TABLE = ("namespace", "name")
_TABLE_FORMS = '{"namespace": ..., "name": ...} or (namespace, name)'


class Documents(NamedTuple):
    """The DSL and the conf of a job, both of version 2."""

    dsl: dict[str, Any]
    conf: dict[str, Any]


def dsl_of(components: Iterable[Component]) -> dict[str, Any]:
    """The DSL of components, in their order."""
    return {"components": {component.name: _node(component) for component in components}}


def conf_of(
    roles: Mapping[str, Sequence[int]],
    initiator: Party,
    job_parameters: Mapping[str, Any],
    common: Mapping[str, Mapping[str, Any]],
    by_role: Mapping[str, Mapping[str, Settings]],
) -> dict[str, Any]:
    """The conf of a job.

    common: component -> parameters. by_role: role -> component -> parameters for all parties of the role, or a list
    with one mapping for each. Raises BadRequest when the length of a list is not the number of parties.
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
    """Party ids as numbers. Raises BadRequest for anything but non-negative integers."""
    several = [given] if isinstance(given, int | str) else list(given)
    if not all(str(one).isdigit() for one in several):
        raise BadRequest(f"invalid party ids of {role}: expected non-negative integers, got {given!r}")
    return [int(one) for one in several]


def reading(tables: Tables) -> Settings:
    """The parameters of a Reader. Raises BadRequest for an invalid table."""
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
    hint = f"did you mean {close} instead of {wrong}?" if close else f"pass {_TABLE_FORMS}"
    raise BadRequest(f"invalid table {table!r:.200}", hint=hint)


def _is_table(tables: Any) -> bool:
    return isinstance(tables, Mapping) or (isinstance(tables, tuple) and all(isinstance(one, str) for one in tables))


def _indexed(role: str, ids: Sequence[int], component: str, settings: Settings) -> Iterable[tuple[str, dict[str, Any]]]:
    if isinstance(settings, Mapping):
        return [("0" if len(ids) == 1 else "all", dict(settings))] if ids else _no_party(role, component)
    if len(settings) != len(ids):
        raise BadRequest(
            f"{component} has parameters for {len(settings)} {role} parties, but the pipeline has {len(ids)}",
            hint="pass one for each party in order, or one for all",
        )
    return [(str(index), dict(parameters)) for index, parameters in enumerate(settings)]


def _no_party(role: str, component: str) -> Any:
    raise BadRequest(f"{component} has parameters for {role}, but the pipeline has no party of this role")


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
