"""Job documents of the smallest tries; pure."""

from __future__ import annotations

from typing import Any

Documents = tuple[dict[str, Any], dict[str, Any]]  # DSL, conf


def toy_job(guest: str, host: str, *, numbers: int, task_cores: int) -> Documents:
    """A secure addition of `numbers` ones of each party."""
    dsl = {"components": {"secure_add_example_0": {"module": "SecureAddExample"}}}
    common = {"secure_add_example_0": {"partition": 4, "data_num": numbers}}
    return dsl, _conf({"guest": guest, "host": host}, {"common": common}, task_cores=task_cores)


def breast_job(guest: str, host: str, arbiter: str, tables: dict[str, tuple[str, str]]) -> Documents:
    """A logistic regression and its evaluation. tables: role -> namespace and name."""
    dsl = {
        "components": {
            "reader_0": {"module": "Reader", "output": {"data": ["data"]}},
            "dataio_0": {
                "module": "DataIO",
                "input": {"data": {"data": ["reader_0.data"]}},
                "output": {"data": ["data"], "model": ["model"]},
            },
            "intersection_0": {
                "module": "Intersection",
                "input": {"data": {"data": ["dataio_0.data"]}},
                "output": {"data": ["data"]},
            },
            "hetero_lr_0": {
                "module": "HeteroLR",
                "input": {"data": {"train_data": ["intersection_0.data"]}},
                "output": {"data": ["data"], "model": ["model"]},
            },
            "evaluation_0": {
                "module": "Evaluation",
                "input": {"data": {"data": ["hetero_lr_0.data"]}},
                "output": {"data": ["data"]},
            },
        }
    }
    regression = {
        "penalty": "L2",
        "tol": 0.0001,
        "alpha": 0.01,
        "optimizer": "rmsprop",
        "learning_rate": 0.15,
        "batch_size": -1,
        "init_param": {"init_method": "zeros"},
        "max_iter": 30,
        "early_stop": "diff",
    }
    by_role = {
        role: {
            "0": {"reader_0": {"table": {"namespace": namespace, "name": name}}, "dataio_0": {"with_label": labelled}}
        }
        for (role, (namespace, name)), labelled in zip(tables.items(), (True, False), strict=True)
    }
    common = {
        "dataio_0": {"output_format": "dense"},
        "hetero_lr_0": regression,
        "evaluation_0": {"eval_type": "binary"},
    }
    return dsl, _conf({"guest": guest, "host": host, "arbiter": arbiter}, {"common": common, "role": by_role})


def _conf(parties: dict[str, str], parameters: dict[str, Any], **job_parameters: Any) -> dict[str, Any]:
    roles = {role: [int(one) if one.isdigit() else one] for role, one in parties.items()}
    return {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": roles["guest"][0]},
        "role": roles,
        "job_parameters": {"common": {"job_type": "train", **job_parameters}},
        "component_parameters": parameters,
    }
