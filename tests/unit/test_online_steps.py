"""What the steps of online inference do to a row is what the modules do to a table of the same rows."""

from __future__ import annotations

import functools
import json
import math
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.components.online import MissingFeatures, Row, Scorer, Step
from fateflow_tui.core.errors import ComponentFailed, NotBuilt
from fateflow_tui.worker.testing import Given, Result, run_module
from tests.unit.component_tables import GUEST, HOST, listed, raw

HEADER = ["x0", "x1", "x2"]
TEXTS = ["0.5", "1", "-1", "3e2", "NA", "", " 7 ", "-999", "-999.0", "null", "nan", "inf", "1.", "+4"]
ODD = ["1_0", "٣", "1\x1f", "\u20031", "0x1", "1e", "-"]
FEW = 1 + settings().max_examples // 3  # for tests that run a module on each input
NUMBERS = ["-2", "0", "7", "12", "-999", "3"]


def step_of(module: str, model: Any) -> Step:
    return load_catalog().module(module).online(model)


def fitted(table: Given, **parameters: Any) -> Any:
    given = {"parameters": parameters, "tables": {"data": [table]}}
    return run_module("DataIO", {GUEST: given}, data_ports=["data"])[GUEST].model


@functools.cache
def fitted_once() -> Any:
    """A model of three columns, of which x1 is to be whole numbers."""
    return fitted(raw({"id": ["a"], **{name: ["1"] for name in HEADER}}), exclusive_data_type={"x1": "int"})


def transformed(table: Given, model: Any, **parameters: Any) -> pl.DataFrame:
    given = {"parameters": parameters, "tables": {"data": [table]}, "models": {"model": [model]}}
    return run_module("DataIO", {GUEST: given}, data_ports=["data"])[GUEST].tables["data"]


def online(step: Step, values: Mapping[str, Any], delimiter: str = "") -> dict[str, Any]:
    assert not isinstance(step, Scorer)
    return dict(step(Row(values, delimiter)).values)


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Equal, types included; nan equals nan."""
    return {name: repr(value) for name, value in one.items()} == {name: repr(value) for name, value in other.items()}


def agree(step: Step, model: Any, values: dict[str, str], parameters: dict[str, Any]) -> None:
    """Both give the same numbers, or both refuse the row."""
    table = raw({"id": ["r"], **{name: [value] for name, value in values.items()}})
    try:
        frame = transformed(table, model, **parameters)
    except ComponentFailed:
        with pytest.raises(ComponentFailed):
            online(step, values)
        return
    [row] = frame.select(HEADER).to_dicts()
    assert same(online(step, values), row), values


WAYS: list[dict[str, Any]] = [
    {},
    {"missing_fill": True, "missing_fill_method": "mean"},
    {"missing_fill": True, "missing_fill_method": "designated", "default_value": [1, "2.5", -3], "data_type": "float"},
    {"missing_fill": True, "missing_impute": ["-999", "NA", ""], "missing_fill_method": "max"},
    {"outlier_replace": True, "outlier_impute": ["-999"], "outlier_replace_method": "min", "missing_fill": True},
    {"exclusive_data_type": {"x1": "int", "x2": "str"}, "missing_fill": True},
    {"data_type": "int", "missing_fill": True, "missing_fill_method": "designated", "default_value": 4},
    {"with_label": True, "label_name": "x9", "missing_fill": True},
]


@pytest.mark.parametrize("parameters", WAYS, ids=lambda way: "-".join(way) or "plain")
def test_rows_are_read_as_a_table_of_them(parameters: dict[str, Any]) -> None:
    columns = {"id": ["a", "b", "c"], **{name: ["1", "4", "2"] for name in HEADER}}
    model = fitted(raw({**columns, "x9": ["0", "1", "0"]} if "with_label" in parameters else columns), **parameters)
    step = step_of("DataIO", model)

    @settings(max_examples=FEW)
    @given(st.fixed_dictionaries(dict.fromkeys(HEADER, st.sampled_from(NUMBERS) | st.sampled_from([*TEXTS, *ODD]))))
    def check(values: dict[str, str]) -> None:
        agree(step, model, values, parameters)

    check()


@given(st.lists(st.text(alphabet="0123456789.+-eEinfa_ \t\x1f", max_size=8), min_size=1, max_size=1))
def test_any_text_is_the_same_number_or_none(texts: list[str]) -> None:
    model = fitted_once()
    agree(step_of("DataIO", model), model, dict.fromkeys(HEADER, texts[0]), {})


@settings(max_examples=FEW)
@given(st.lists(st.tuples(st.sampled_from("abcz"), st.sampled_from(["1", "2.5", "", "NA", "-1"])), max_size=5))
@pytest.mark.parametrize("fill", [False, True])
def test_listed_rows_are_read_as_a_table_of_them(fill: bool, entries: list[tuple[str, str]]) -> None:
    parameters = {"input_format": "tag", "tag_with_value": True, "delimitor": ";", "missing_fill": fill}
    model = fitted(listed([("r", "a:1;b:2;c:3")]), **parameters)
    text = ";".join(f"{name}:{value}" for name, value in entries)
    step = step_of("DataIO", model)
    try:
        table = transformed(listed([("r", text)]), model, **parameters)
    except ComponentFailed:
        with pytest.raises(ComponentFailed):
            online(step, {"value": text}, ",")
        return
    [row] = table.drop("sid").to_dicts()
    assert same(online(step, {"value": text}, ","), row)
    assert same(online(step, dict(entries)), row)


def test_sparse_rows_and_plain_tags() -> None:
    sparse = {"input_format": "sparse", "delimitor": " "}
    step = step_of("DataIO", fitted(listed([("r", "1 0:1 2:3")]), **sparse))
    assert online(step, {"value": "0 2:5 9:1"}, ",") == {"0": 0.0, "1": 0.0, "2": 5.0}
    assert online(step, {"1": 4}) == {"0": 0.0, "1": 4.0, "2": 0.0}
    tags = {"input_format": "tag", "delimitor": " "}
    step = step_of("DataIO", fitted(listed([("r", "a b c")]), **tags))
    assert online(step, {"value": "c a x"}, ",") == {"a": 1.0, "b": 0.0, "c": 1.0}
    assert online(step, {"b": True}) == {"a": 0.0, "b": 1.0, "c": 0.0}


def test_a_row_with_other_fields_than_the_model_splits_is_split_anew() -> None:
    table = Given(pl.DataFrame({"id": ["r"], "x0;x1": ["1;2"]}), kind="raw")
    step = step_of("DataIO", fitted(table, delimitor=";"))
    assert online(step, {"x0;x1": "5;6"}, ",") == {"x0": 5.0, "x1": 6.0}
    with pytest.raises(ComponentFailed, match="has 1 fields, not 2"):
        online(step, {"x0;x1": "5"}, ",")


def test_numbers_in_a_request_are_parsed_like_text() -> None:
    step = step_of("DataIO", fitted(raw({"id": ["a"], "x0": ["1"], "x1": ["2"]}), exclusive_data_type={"x1": "int"}))
    assert online(step, {"x0": 1e-7, "x1": 3.0, "more": "of no interest"}) == {"x0": 1e-7, "x1": 3}
    with pytest.raises(ComponentFailed, match="x0"):
        online(step, {"x0": True, "x1": 1})


def test_features_that_the_row_lacks_are_named() -> None:
    step = step_of("DataTransform", fitted(raw({"id": ["a"], "x0": ["1"], "x1": ["2"]})))
    with pytest.raises(MissingFeatures, match="x1") as raised:
        online(step, {"x0": "1"})
    assert raised.value.data == ["x1"]


def weights(header: list[str], values: list[float], intercept: float) -> dict[str, Any]:
    weight = dict(zip(header, values, strict=True))
    return {"header": header, "weight": weight, "intercept": intercept, "iters": 1, "isConverged": True}


def lr_model(document: dict[str, Any], *, guest: bool) -> ComponentModel:
    return ComponentModel("hetero_lr_0", "HeteroLR", document, {"fitIntercept": guest})


def predicted(guest: ComponentModel, host: ComponentModel, rows: dict[str, list[float]]) -> pl.DataFrame:
    def given(model: ComponentModel, columns: list[str]) -> dict[str, Any]:
        frame = pl.DataFrame({"id": [str(n) for n in range(len(rows["x0"]))], **{name: rows[name] for name in columns}})
        return {"tables": {"test_data": [Given(frame, kind="instances")]}, "models": {"model": [model]}}

    parties = {
        GUEST: given(guest, guest.parameters["header"]),
        HOST: given(host, host.parameters["header"]),
    }
    results: Mapping[Any, Result] = run_module("HeteroLR", parties, data_ports=["data"])
    return results[GUEST].tables["data"]


NUMBER = st.floats(-50, 50, allow_nan=False)


@settings(max_examples=FEW)
@given(st.lists(st.tuples(*[NUMBER] * 4), min_size=1, max_size=4), st.tuples(*[NUMBER] * 5))
def test_shares_add_up_to_the_score_of_a_predict_task(rows: list[tuple[float, ...]], w: tuple[float, ...]) -> None:
    guest = lr_model(weights(["x1", "x0"], list(w[:2]), w[2]), guest=True)
    host = lr_model(weights(["x2", "x3"], list(w[3:]), 0.0), guest=False)
    columns = {f"x{n}": [row[n] for row in rows] for n in range(4)}
    table = predicted(guest, host, columns)
    at_guest, at_host = step_of("HeteroLR", guest), step_of("HeteroLR", host)
    assert isinstance(at_guest, Scorer)
    assert isinstance(at_host, Scorer)
    for row, score in zip(rows, table["predict_score"], strict=True):
        values = Row({f"x{n}": value for n, value in enumerate(row)})
        assert at_guest.score([at_guest.share(values), at_host.share(values)]).value == pytest.approx(score, abs=1e-12)


def test_several_classes_score_as_a_predict_task_does() -> None:
    def one_vs_rest(
        header: list[str], columns: list[list[float]], classes: list[str], *, guest: bool
    ) -> ComponentModel:
        models = [weights(header, values, 0.25 if guest else 0.0) for values in columns]
        document = {
            "header": header,
            "needOneVsRest": True,
            "oneVsRestResult": {"completedModels": models, "oneVsRestClasses": classes},
        }
        return lr_model(document, guest=guest)

    guest = one_vs_rest(["x0"], [[1.0], [-1.0], [0.5]], ["3", "5", "7"], guest=True)
    host = one_vs_rest(["x1"], [[0.5], [2.0], [-0.5]], ["0", "1", "2"], guest=False)
    table = predicted(guest, host, {"x0": [0.3, -2.0], "x1": [1.5, 0.1]})
    at_guest, at_host = step_of("HeteroLR", guest), step_of("HeteroLR", host)
    assert isinstance(at_guest, Scorer)
    assert isinstance(at_host, Scorer)
    for number in (0, 1):
        row = Row({"x0": [0.3, -2.0][number], "x1": [1.5, 0.1][number]})
        score = at_guest.score([at_guest.share(row), at_host.share(row)])
        assert score.classes == pytest.approx(json.loads(table["predict_detail"][number]), abs=1e-12)
        assert score.value == pytest.approx(table["predict_score"][number], abs=1e-12)


def test_non_numeric_values_are_rejected() -> None:
    step = step_of("HeteroLR", lr_model(weights(["x0", "x1"], [1.0, 1.0], 0.0), guest=False))
    assert isinstance(step, Scorer)
    with pytest.raises(ComponentFailed, match="x0, x1"):
        step.share(Row({"x0": math.nan, "x1": "text"}))
    with pytest.raises(MissingFeatures, match="x1"):
        step.share(Row({"x0": 1.0}))
    with pytest.raises(ComponentFailed, match="must be 1 finite numbers"):
        step.score([[1.0], [math.inf]])


@pytest.mark.parametrize("module", ["Reader", "Intersection", "Evaluation"])
def test_modules_that_leave_rows_alone_pass_them_on(module: str) -> None:
    assert online(step_of(module, None), {"x0": "1"}) == {"x0": "1"}


def test_modules_without_online_inference_raise() -> None:
    with pytest.raises(NotBuilt, match="SecureAddExample"):
        step_of("SecureAddExample", None)
    with pytest.raises(ComponentFailed, match="needs a fitted model"):
        step_of("DataIO", None)
    with pytest.raises(ComponentFailed, match="its input is no model"):
        step_of("HeteroLR", None)


def test_the_steps_load_no_numerics() -> None:
    program = (
        "import sys\n"
        "from fateflow_tui.runtime.serving import models, serving\n"
        "from fateflow_tui.components.data_io import online\n"
        "from fateflow_tui.components.hetero_lr import online\n"
        "print(sorted({'numpy', 'polars', 'sklearn', 'gmpy2'} & sys.modules.keys()))"
    )
    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert outcome.stdout.strip() == "[]"
