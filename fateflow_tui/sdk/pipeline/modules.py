"""What a pipeline has to know of FATE's modules: their usual names as components, and what they put out."""

from __future__ import annotations

import re
from typing import Final

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
