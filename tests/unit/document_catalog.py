"""A module catalog for tests of the job language: FATE's modules and roles, parameters of the few that are checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from difflib import get_close_matches
from typing import Any

from fateflow_tui.core.ports import ModuleFacts, ParameterProblem

TWO = frozenset({"guest", "host"})
THREE = frozenset({"guest", "host", "arbiter"})
LOCAL = frozenset({"local"})

ROLES: dict[str, frozenset[str]] = {
    **dict.fromkeys(["DataIO", "DataTransform", "DataStatistics", "FeatureScale", "FederatedSample"], TWO),
    **dict.fromkeys(["FeldmanVerifiableSum", "HeteroDataSplit", "HomoDataSplit", "HeteroFastSecureBoost"], TWO),
    **dict.fromkeys(["HeteroFeatureBinning", "HeteroFeatureSelection", "HeteroNN", "HeteroPearson"], TWO),
    **dict.fromkeys(["HeteroSecureBoost", "Intersection", "LocalBaseline", "OneHotEncoder", "PSI"], TWO),
    **dict.fromkeys(["Reader", "Rsa", "SBTFeatureTransformer", "SampleWeight", "Scorecard", "Union"], TWO),
    **dict.fromkeys(["SecureAddExample", "SecureInformationRetrieval", "FTL"], TWO),
    **dict.fromkeys(["Evaluation", "HeteroKmeans", "HeteroLR", "HeteroLinR", "HeteroPoisson"], THREE),
    **dict.fromkeys(["HomoFeatureBinning", "HomoLR", "HomoNN", "HomoOneHotEncoder", "HomoSecureboost"], THREE),
    "ColumnExpand": frozenset({"guest"}),
    "HomoNNExperiment": frozenset({"arbiter", "host"}),
    **dict.fromkeys(["Upload", "Download", "ModelStore", "ModelRestore"], LOCAL),
    "Sleep": frozenset({"guest", "host", "arbiter", "local"}),
}
NOT_DEPLOYED = {"FederatedSample", "PSI", "Evaluation"}

_LOGISTIC: dict[str, Any] = {
    "penalty": "L2",
    "tol": 1e-4,
    "alpha": 1.0,
    "optimizer": "rmsprop",
    "batch_size": -1,
    "learning_rate": 0.01,
    "init_param": {"init_method": "random_uniform", "init_const": 1, "fit_intercept": True, "random_seed": None},
    "max_iter": 100,
    "early_stop": "diff",
    "encrypt_param": {"method": "Paillier", "key_length": 1024},
    "predict_param": {"threshold": 0.5},
    "cv_param": {
        "n_splits": 5,
        "mode": "hetero",
        "role": "guest",
        "shuffle": True,
        "random_seed": 1,
        "need_cv": False,
        "output_fold_history": True,
        "history_value_type": "score",
    },
    "decay": 1,
    "decay_sqrt": True,
    "multi_class": "ovr",
    "validation_freqs": None,
    "early_stopping_rounds": None,
    "stepwise_param": {
        "score_name": "AIC",
        "mode": "hetero",
        "role": "guest",
        "direction": "both",
        "max_step": 10,
        "nvmin": 2,
        "nvmax": None,
        "need_stepwise": False,
    },
    "metrics": ["auc", "ks"],
    "use_first_metric_only": False,
    "floating_point_precision": 23,
}
_METRICS = {"binary": ["auc", "ks"], "multi": ["accuracy"], "regression": ["r2_score"], "clustering": []}

DEFAULTS: dict[str, dict[str, Any]] = {
    "Reader": {"table": None},
    "Sleep": {"seconds": 0},
    "SecureAddExample": {"seed": None, "partition": 1, "data_num": 1000},
    "DataIO": {
        "input_format": "dense",
        "delimitor": ",",
        "data_type": "float64",
        "exclusive_data_type": None,
        "tag_with_value": False,
        "tag_value_delimitor": ":",
        "missing_fill": False,
        "default_value": 0,
        "missing_fill_method": None,
        "missing_impute": None,
        "outlier_replace": False,
        "outlier_replace_method": None,
        "outlier_impute": None,
        "outlier_replace_value": 0,
        "with_label": False,
        "label_name": "y",
        "label_type": "int",
        "output_format": "dense",
        "need_run": True,
    },
    "Intersection": {
        "intersect_method": "raw",
        "random_bit": 128,
        "sync_intersect_ids": True,
        "join_role": "guest",
        "with_encode": False,
        "only_output_key": False,
        "encode_params": {"encode_method": "none", "salt": "", "base64": False},
        "rsa_params": {
            "salt": "",
            "hash_method": "sha256",
            "final_hash_method": "sha256",
            "split_calculation": False,
            "random_base_fraction": None,
            "key_length": 1024,
        },
        "intersect_cache_param": {"use_cache": False, "id_type": "phone", "encrypt_type": "sha256"},
        "repeated_id_process": False,
        "repeated_id_owner": "guest",
        "with_sample_id": False,
        "allow_info_share": False,
        "info_owner": "guest",
    },
    "HeteroLR": {
        **_LOGISTIC,
        "encrypted_mode_calculator_param": {"mode": "strict", "re_encrypted_rate": 1},
        "sqn_param": {"update_interval_L": 3, "memory_M": 5, "sample_size": 5000, "random_seed": None},
    },
    "HomoLR": {
        **_LOGISTIC,
        "re_encrypt_batches": 2,
        "aggregate_iters": 1,
        "use_proximal": False,
        "mu": 0.1,
    },
    "Evaluation": {
        "eval_type": "binary",
        "unfold_multi_result": False,
        "pos_label": 1,
        "need_run": True,
        "metrics": None,
        "run_clustering_arbiter_metric": False,
        "default_metrics": _METRICS,
        "allowed_metrics": _METRICS,
    },
}
LEAF_OBJECTS = {("Evaluation", "default_metrics"), ("Evaluation", "allowed_metrics")}
CHOICES = {
    ("HeteroLR", "penalty"): ["L1", "L2", "l1", "l2", "NONE", "none", None],
    ("HomoLR", "penalty"): ["L1", "L2", "l1", "l2", "NONE", "none", None],
    ("Evaluation", "eval_type"): ["binary", "multi", "regression", "clustering"],
    ("DataIO", "output_format"): ["dense", "sparse"],
}


class FateCatalog:
    """Follows `fateflow_tui.core.ports.ModuleCatalog`."""

    def __init__(self) -> None:
        self.checks = 0
        self.broken: dict[str, Exception] = {}
        self.without_class: set[str] = set()

    def names(self) -> Iterable[str]:
        return ROLES

    def facts(self, module: str) -> ModuleFacts | None:
        if module in self.broken:
            raise self.broken[module]
        if module not in ROLES:
            return None
        parameter_class = "" if module in self.without_class else f"{module}Param"
        return ModuleFacts(
            module,
            ROLES[module],
            parameter_class,
            built=module in DEFAULTS,
            deployed=module not in NOT_DEPLOYED,
            source="table" if module == "Reader" else "",
            separate_arbiter=module in {"HeteroLR", "HeteroLinR", "HeteroPoisson"},
        )

    def defaults(self, module: str) -> dict[str, Any]:
        return deepcopy(DEFAULTS.get(module, {}))

    def is_nested(self, module: str, path: tuple[str, ...]) -> bool:
        if (module, *path) in LEAF_OBJECTS:
            return False
        value: Any = DEFAULTS.get(module, {})
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return isinstance(value, dict)

    def check(self, module: str, parameters: Mapping[str, Any]) -> list[ParameterProblem]:
        self.checks += 1
        return self._check(module, parameters, DEFAULTS[module], ()) if module in DEFAULTS else []

    def _check(
        self, module: str, given: Mapping[str, Any], defaults: Mapping[str, Any], at: tuple[str, ...]
    ) -> list[ParameterProblem]:
        found: list[ParameterProblem] = []
        for key, value in given.items():
            path = (*at, key)
            if key not in defaults:
                near = get_close_matches(key, defaults, n=1)
                found.append(ParameterProblem(path, "no such parameter", True, near[0] if near else ""))
            elif self.is_nested(module, path) and isinstance(value, dict):
                found += self._check(module, value, defaults[key], path)
            elif (module, *path) in CHOICES and value not in CHOICES[(module, *path)]:
                found.append(ParameterProblem(path, f"{value!r} is not supported"))
        return found
