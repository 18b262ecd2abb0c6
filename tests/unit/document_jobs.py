"""Small valid jobs that tests of the job language change to taste."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from fateflow_tui.commands.test import breast_job

JSON = dict[str, Any]

_DSL_2, _ = breast_job("9999", "10000", "10002", {"guest": ("experiment", "a"), "host": ("experiment", "b")})
_CONF_2: JSON = {
    "dsl_version": 2,
    "initiator": {"role": "guest", "party_id": 9999},
    "role": {"guest": [9999], "host": [10000, 10001], "arbiter": [10002]},
    "job_parameters": {"common": {"job_type": "train", "work_mode": 0, "backend": 0}},
    "component_parameters": {
        "common": {"hetero_lr_0": {"max_iter": 3, "init_param": {"init_method": "zeros"}}},
        "role": {
            "guest": {
                "0": {
                    "reader_0": {"table": {"name": "guest_table", "namespace": "experiment"}},
                    "dataio_0": {"with_label": True},
                }
            },
            "host": {
                "0|1": {"reader_0": {"table": {"name": "host_table", "namespace": "experiment"}}},
                "1": {"hetero_lr_0": {"alpha": 0.5}},
            },
        },
    },
}
_DSL_1: JSON = {
    "components": {
        "dataio_0": {
            "module": "DataIO",
            "input": {"data": {"data": ["args.train_data"]}},
            "output": {"data": ["train"], "model": ["dataio"]},
        },
        "intersection_0": {
            "module": "Intersection",
            "input": {"data": {"data": ["dataio_0.train"]}},
            "output": {"data": ["train"]},
        },
        "hetero_lr_0": {
            "module": "HeteroLR",
            "input": {"data": {"train_data": ["intersection_0.train"]}},
            "output": {"data": ["train"], "model": ["hetero_lr"]},
        },
        "evaluation_0": {"module": "Evaluation", "input": {"data": {"data": ["hetero_lr_0.train"]}}},
    }
}
_CONF_1: JSON = {
    "initiator": {"role": "guest", "party_id": 9999},
    "role": {"guest": [9999], "host": [10000, 10001], "arbiter": [10002]},
    "job_parameters": {"work_mode": 0},
    "algorithm_parameters": {"hetero_lr_0": {"max_iter": 3}},
    "role_parameters": {
        "guest": {
            "args": {"data": {"train_data": [{"name": "guest_table", "namespace": "experiment"}]}},
            "dataio_0": {"with_label": [True]},
        },
        "host": {
            "args": {
                "data": {
                    "train_data": [
                        {"name": "host_a", "namespace": "experiment"},
                        {"name": "host_b", "namespace": "experiment"},
                    ]
                }
            },
            "hetero_lr_0": {"alpha": [0.1, 0.2], "init_param": {"init_const": [1, 2]}},
        },
    },
}


def dsl_2() -> JSON:
    return deepcopy(_DSL_2)


def conf_2() -> JSON:
    return deepcopy(_CONF_2)


def dsl_1() -> JSON:
    return deepcopy(_DSL_1)


def conf_1() -> JSON:
    return deepcopy(_CONF_1)


def chain_job(count: int) -> tuple[str, str]:
    """DSL and conf, as texts, of a chain of so many components at three parties."""
    components: JSON = {"reader_0": {"module": "Reader", "output": {"data": ["data"]}}}
    parameters: JSON = {}
    for index in range(count - 1):
        upstream = list(components)[-1]
        components[f"hetero_lr_{index}"] = {
            "module": "HeteroLR",
            "input": {"data": {"data": [f"{upstream}.data"]}},
            "output": {"data": ["data"], "model": ["model"]},
        }
        parameters[f"hetero_lr_{index}"] = {"alpha": index / 100, "init_param": {"init_method": "zeros"}}
    conf = conf_2()
    conf["role"]["host"] = [10000]
    table = {"reader_0": {"table": {"name": "a", "namespace": "b"}}}
    conf["component_parameters"] = {"common": parameters, "role": {"guest": {"0": table}, "host": {"0": table}}}
    return json.dumps({"components": components}), json.dumps(conf)
