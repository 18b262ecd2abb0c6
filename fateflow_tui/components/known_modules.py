"""FATE modules that are known by name but not supported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fateflow_tui.core.ports import ModuleFacts

_GUEST_HOST: Final = frozenset({"guest", "host"})
_WITH_ARBITER: Final = frozenset({"guest", "host", "arbiter"})
_LOCAL: Final = frozenset({"local"})

_NOT_BUILT: Final = (
    ("DataStatistics", _GUEST_HOST, "StatisticsParam"),
    ("FTL", _GUEST_HOST, "FTLParam"),
    ("FeatureScale", _GUEST_HOST, "ScaleParam"),
    ("FederatedSample", _GUEST_HOST, "SampleParam"),
    ("FeldmanVerifiableSum", _GUEST_HOST, "FeldmanVerifiableSumParam"),
    ("HeteroDataSplit", _GUEST_HOST, "HeteroDataSplitParam"),
    ("HeteroFastSecureBoost", _GUEST_HOST, "HeteroFastSecureBoostParam"),
    ("HeteroFeatureBinning", _GUEST_HOST, "HeteroFeatureBinningParam"),
    ("HeteroFeatureSelection", _GUEST_HOST, "FeatureSelectionParam"),
    ("HeteroNN", _GUEST_HOST, "HeteroNNParam"),
    ("HeteroPearson", _GUEST_HOST, "PearsonParam"),
    ("HeteroSecureBoost", _GUEST_HOST, "HeteroSecureBoostParam"),
    ("HomoDataSplit", _GUEST_HOST, "HomoDataSplitParam"),
    ("LocalBaseline", _GUEST_HOST, "LocalBaselineParam"),
    ("OneHotEncoder", _GUEST_HOST, "OneHotEncoderParam"),
    ("PSI", _GUEST_HOST, "PSIParam"),
    ("Rsa", _GUEST_HOST, "RsaParam"),
    ("SBTFeatureTransformer", _GUEST_HOST, "SBTTransformerParam"),
    ("SampleWeight", _GUEST_HOST, "SampleWeightParam"),
    ("Scorecard", _GUEST_HOST, "ScorecardParam"),
    ("SecureInformationRetrieval", _GUEST_HOST, "SecureInformationRetrievalParam"),
    ("Union", _GUEST_HOST, "UnionParam"),
    ("HeteroKmeans", _WITH_ARBITER, "KmeansParam"),
    ("HeteroLinR", _WITH_ARBITER, "LinearParam"),
    ("HeteroPoisson", _WITH_ARBITER, "PoissonParam"),
    ("HomoFeatureBinning", _WITH_ARBITER, "HomoFeatureBinningParam"),
    ("HomoLR", _WITH_ARBITER, "HomoLogisticParam"),
    ("HomoNN", _WITH_ARBITER, "HomoNNParam"),
    ("HomoOneHotEncoder", _WITH_ARBITER, "HomoOneHotParam"),
    ("HomoSecureboost", _WITH_ARBITER, "HomoSecureBoostParam"),
    ("ColumnExpand", frozenset({"guest"}), "ColumnExpandParam"),
    ("HomoNNExperiment", frozenset({"arbiter", "host"}), "HomoNNParam"),
)

# The predict DSL derived for DSL v1 omits these unless `need_deploy` is set.
_NOT_DEPLOYED: Final = frozenset({"FederatedSample", "PSI"})
_SEPARATE_ARBITER: Final = frozenset({"HeteroLinR", "HeteroPoisson"})

NOT_BUILT: Final[Mapping[str, ModuleFacts]] = {
    name: ModuleFacts(
        name=name,
        roles=roles,
        parameter_class=parameter_class,
        built=False,
        deployed=name not in _NOT_DEPLOYED,
        separate_arbiter=name in _SEPARATE_ARBITER,
    )
    for name, roles, parameter_class in _NOT_BUILT
}

# Parameter names of these modules are known, so that misspelled ones are rejected as in FATE.
PARAMETER_NAMES: Final[Mapping[str, frozenset[str]]] = {
    "HomoLR": frozenset(
        {
            "aggregate_iters",
            "alpha",
            "batch_size",
            "cv_param",
            "decay",
            "decay_sqrt",
            "early_stop",
            "early_stopping_rounds",
            "encrypt_param",
            "floating_point_precision",
            "init_param",
            "learning_rate",
            "max_iter",
            "metrics",
            "mu",
            "multi_class",
            "optimizer",
            "penalty",
            "predict_param",
            "re_encrypt_batches",
            "sqn_param",
            "stepwise_param",
            "tol",
            "use_first_metric_only",
            "use_proximal",
            "validation_freqs",
        }
    ),
}
