"""A component of a pipeline, its ports, and the usual names and outputs of FATE's modules."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from fateflow_tui.core.document.problems import nearest

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
    """The outputs of a module; of one that is not listed here, `data`."""
    return _OUTPUTS.get(module, ("data",))


def prefix_of(module: str) -> str:
    """How components of a module are usually named: `hetero_lr` for HeteroLR."""
    return _PREFIXES.get(module) or _WORD.sub("_", module).lower()


Settings = Mapping[str, Any] | Sequence[Mapping[str, Any]]  # for all parties of a role, or one for each of them


class Port(msgspec.Struct, frozen=True):
    """An output of a component, to be given to the inputs of others."""

    component: str
    name: str

    def __str__(self) -> str:
        return f"{self.component}.{self.name}"


class Component:
    """A node of the DAG. inputs: data input -> references, model_inputs: the same of models. common: parameters for
    all parties; by_role: role -> one for each party of it, or one for all.
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
        """Its usual table."""
        return self.port("data")

    @property
    def model(self) -> Port:
        """What it has learned."""
        return self.port("model")

    def __getattr__(self, name: str) -> Port:
        """Other outputs, such as `train_data` of a data split."""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.port(name)

    def port(self, name: str) -> Port:
        """An output by name. Raises AttributeError when there is none."""
        if name in self.outputs:
            return Port(self.name, name)
        close = nearest(name, self.outputs)
        hint = f"; did you mean {close}?" if close else f"; it has {', '.join(self.outputs) or 'none'}"
        raise AttributeError(f"{self.name} ({self.module}) has no output {name}{hint}")

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{self.name}: {self.module}>"
