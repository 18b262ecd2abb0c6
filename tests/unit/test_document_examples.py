"""FATE's example jobs: all of them parse, but for those that FATE itself refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.core.document import check_job, derive_predict_dsl, examine_job, plan_job
from fateflow_tui.core.ids import Party
from tests.unit.document_catalog import FateCatalog

DRIVER = Party("guest", "9999")

# These put guest and arbiter on one party; FATE's own test tool gives them other party ids first.
SHARED_ARBITER = {
    "v1/hetero_logistic_regression/test_multi_host_job_conf.json",
    "v2/feature_scale/test_feature_scale_normal_conf.json",
    "v2/feature_scale/test_feature_scale_cap_conf.json",
}
LR, BOOST = "v1/hetero_logistic_regression", "v2/hetero_secureboost"
SPARK = "v1/homo_logistic_regression/test_spark_backend_job_conf.json"
# Confs that no suite names and whose DSL has another name.
OTHER_DSL = {
    SPARK: "test_homolr_train_job_dsl.json",
    "v1/homo_logistic_regression/test_homolr_train_job_fedprox_conf.json": "test_homolr_train_job_dsl.json",
    f"{LR}/test_hetero_lr_tag_job_conf.json": "test_hetero_lr_train_job_dsl.json",
    f"{LR}/test_hetero_lr_none_penalty_train_job_conf.json": "test_hetero_lr_train_job_dsl.json",
    f"{BOOST}/test_secureboost_train_binary_cipher_compress_conf.json": "test_secureboost_train_dsl.json",
}


def read(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text())
    assert isinstance(value, dict)
    return value


def suites(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(root.rglob("*testsuite.json")):
        yield path.parent, read(path).get("tasks", {})


def training_pairs(root: Path) -> dict[Path, Path]:
    """conf -> DSL of every training job: as the suites pair them, the others by their names."""
    pairs: dict[Path, Path] = {}
    for folder, tasks in suites(root):
        for task in tasks.values():
            if "dsl" in task and "deps" not in task:
                pairs[(folder / task["conf"]).resolve()] = folder / task["dsl"]
    for conf in sorted(root.rglob("*conf*.json")):
        name = OTHER_DSL.get(str(conf.relative_to(root)), conf.name.replace("conf", "dsl"))
        if conf.with_name(name).exists() and name != conf.name and "predict-conf" not in conf.name:
            pairs.setdefault(conf.resolve(), conf.with_name(name))
    return {conf: dsl for conf, dsl in pairs.items() if '"predict"' not in conf.read_text()}


@pytest.fixture(scope="module")
def root(shared: Path) -> Path:
    return (shared / "fate/dsl").resolve()


def test_training_jobs(root: Path):
    refused: dict[str, set[str]] = {}
    pairs = training_pairs(root)
    for conf, dsl in pairs.items():
        checked, problems = examine_job(dsl.read_bytes(), conf.read_bytes(), FateCatalog())
        if checked is None:
            refused[str(conf.relative_to(root))] = {p.code for p in problems if p.is_error}
            assert all(problem.line for problem in problems)
            continue
        planned = plan_job(checked, "20260101", DRIVER)
        names = [component.name for component in planned.components]
        assert sorted(names) == sorted(read(dsl)["components"])
        for component in planned.components:
            assert component.parties
            assert all(names.index(need) < names.index(component.name) for need in component.needs)
        for document in planned.documents:
            at_party = [task.component for task in document.tasks]
            assert all(need in at_party[:index] for index, task in enumerate(document.tasks) for need in task.needs)
    assert refused == {
        **{name: {"ComponentConstraintError"} for name in SHARED_ARBITER},
        SPARK: {"RedundantParameterError"},
    }
    assert len(pairs) > 160


def test_figures_of_the_acceptance_examples(root: Path):
    """name -> components, tasks over all parties."""
    for name, figures in {
        "v2/hetero_logistic_regression/hetero_lr_normal": (5, 12),
        "v2/hetero_logistic_regression/hetero_lr_multi_host": (5, 17),
        "v2/hetero_logistic_regression/hetero_lr_validate": (9, 21),
        "v2/hetero_logistic_regression/hetero_lr_feature_engineering": (9, 20),
        "v2/hetero_logistic_regression/hetero_lr_cv": (4, 9),
        "v2/hetero_feature_binning/hetero_binning_asymmetric": (4, 8),
        "v1/hetero_logistic_regression/test_hetero_lr_validate_job": (7, 17),
    }.items():
        dsl, conf = root / f"{name}_dsl.json", root / f"{name}_conf.json"
        planned = plan_job(check_job(dsl.read_text(), conf.read_text(), FateCatalog()), "20260101", DRIVER)
        tasks = sum(len(document.tasks) for document in planned.documents)
        assert (name, len(planned.components), tasks) == (name, *figures)


def with_parties_of(conf: dict[str, Any], train: dict[str, Any]) -> dict[str, Any]:
    """The predict conf on the parties of the training, as FATE's test tool writes both."""
    model = {"model_id": "model", "model_version": "1"}
    parameters = conf["job_parameters"]
    parameters.get("common", parameters).update(model)
    return {**conf, "role": train["role"], "initiator": train["initiator"]}


def test_predict_jobs(root: Path):
    """The derived DSL is the file's, but for the one whose reader was renamed by hand."""
    derived_as_supplied: dict[str, bool] = {}
    checked = 0
    for folder, tasks in suites(root):
        for name, task in tasks.items():
            if "deps" not in task:
                continue
            train = tasks[task["deps"]]
            train_conf, train_dsl = read(folder / train["conf"]), read(folder / train["dsl"])
            conf = with_parties_of(read(folder / task["conf"]), train_conf)
            if train_conf.get("dsl_version") == 2:
                dsl = read(folder / task["dsl"])
                derived = derive_predict_dsl(train_dsl, list(dsl["components"]))
                derived_as_supplied[f"{folder.name}/{name}"] = derived == dsl
            else:
                dsl = derive_predict_dsl(train_dsl, version=1, catalog=FateCatalog())
            plan_job(check_job(dsl, conf, FateCatalog(), train_conf=train_conf), "20260101", DRIVER)
            checked += 1
    assert [name for name, same in derived_as_supplied.items() if not same] == ["homo_secureboost/train_binary_predict"]
    assert len(derived_as_supplied) >= 9
    assert checked >= 12


def test_every_training_dsl_can_be_deployed_whole_and_without_splits_and_evaluations(root: Path):
    count = 0
    for path in sorted((root / "v2").rglob("*.json")):
        dsl = read(path)
        if "components" not in dsl or '"pipeline.' in path.read_text():
            continue
        count += 1
        assert set(derive_predict_dsl(dsl)["components"]) == set(dsl["components"])
        kept = [
            name
            for name, component in dsl["components"].items()
            if not any(part in component["module"] for part in ("Evaluation", "Split", "Sample"))
        ]
        derived = derive_predict_dsl(dsl, kept)
        assert set(derived["components"]) == set(kept)
        fed = {name for name in kept if dsl["components"][name].get("input", {}).get("data")}
        assert fed == {name for name in kept if derived["components"][name].get("input", {}).get("data")}
    assert count > 90
