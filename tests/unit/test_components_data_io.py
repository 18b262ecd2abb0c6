"""DataIO and DataTransform."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fateflow_tui.artifacts.table import preview
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.worker.testing import Given, Result, run_module
from tests.unit.component_tables import GUEST, HOST, listed, raw, raw_file

DENSE = {"id": ["b", "a", "10"], "y": ["1", "0", "1"], "x0": ["0.5", "-1", ""], "x1": ["3", "4", "5"]}


def read(table: Given, module: str = "DataIO", model: Any = None, **parameters: Any) -> Result:
    given: dict[str, Any] = {"parameters": parameters, "tables": {"data": [table]}}
    if model is not None:
        given["models"] = {"model": [model]}
    return run_module(module, {GUEST: given}, data_ports=["data"])[GUEST]


def test_guest_instances_are_those_of_fate(shared: Path, tmp_path: Path) -> None:
    recorded = json.loads((shared / "fate/wire/tracking_component_output_data_dataio_0.json").read_text())
    model = json.loads((shared / "fate/wire/tracking_component_output_model_dataio_0.json").read_text())
    given = {
        "parameters": {"with_label": True},
        "tables": {"data": [raw_file(shared / "fate/data/breast_hetero_guest.csv")]},
    }
    result = run_module("DataIO", {GUEST: given}, data_ports=["data"], home=tmp_path)[GUEST]
    meta = result.metas["data"]
    shown = preview(Tables(tmp_path / "tables").open(meta.namespace, meta.name))
    assert [shown.rows] == recorded["data"]
    assert shown.header == recorded["meta"]["header"][0]
    assert shown.total == recorded["meta"]["total"][0]
    assert result.model is not None
    assert result.model.parameters == model["data"]
    assert result.model.meta == model["meta"]["meta_data"]
    assert result.summary is None


def test_rows_come_in_the_one_order_with_label_and_numbers() -> None:
    result = read(raw(DENSE), with_label=True)
    frame = result.tables["data"]
    assert frame.columns == ["id", "y", "x0", "x1"]
    assert frame["id"].to_list() == ["a", "b", "10"]
    assert frame["y"].to_list() == [0, 1, 1]
    assert frame.dtypes == [pl.String, pl.Int64, pl.Float64, pl.Float64]
    assert math.isnan(frame["x0"][2])
    assert result.metas["data"].label == "y"
    assert result.metas["data"].kind == "instances"


def test_without_label_all_columns_are_features() -> None:
    result = read(raw(DENSE))
    assert result.tables["data"].columns == ["id", "y", "x0", "x1"]
    assert result.metas["data"].label == ""


@pytest.mark.parametrize(
    ("method", "value", "filled"),
    [(None, 7, 0.0), ("designated", 7, 7.0), ("designated", [8, 9], 8.0), ("min", 0, -1.0), ("mean", 0, -0.25)],
)
def test_missing_values_are_filled(method: str | None, value: Any, filled: float) -> None:
    table = raw(DENSE)
    result = read(table, with_label=True, missing_fill=True, missing_fill_method=method, default_value=value)
    assert result.tables["data"]["x0"].to_list() == [-1.0, 0.5, filled]
    assert result.summary is not None
    assert result.summary["missing_fill_info"]["missing_impute_rate"] == {"x0": pytest.approx(1 / 3), "x1": 0.0}


def test_a_model_transforms_new_rows_as_it_was_fitted() -> None:
    fitted = read(raw(DENSE), with_label=True, missing_fill=True, missing_fill_method="max")
    new = raw({"id": ["n"], "x1": ["null"], "x0": ["NA"]})
    result = read(new, model=fitted.model)
    assert result.tables["data"].rows() == [("n", 0.5, 5.0)]
    assert result.tables["data"].columns == ["id", "x0", "x1"]


def test_a_model_needs_its_columns() -> None:
    fitted = read(raw(DENSE), with_label=True)
    with pytest.raises(ComponentFailed, match=r"lacks 1 columns.*x1"):
        read(raw({"id": ["n"], "x0": ["1"]}), model=fitted.model)


def test_outliers_are_replaced_by_value_not_by_spelling() -> None:
    table = raw({"id": ["a", "b", "c"], "x": ["-9999.0", "1", "3"]})
    result = read(table, outlier_replace=True, outlier_replace_method="mean", outlier_impute=[-9999])
    assert result.tables["data"]["x"].to_list() == [2.0, 1.0, 3.0]
    assert result.model is not None
    assert result.model.meta["outlierMeta"] == {"isOutlier": True, "outlierValue": ["-9999"], "strategy": "mean"}


def test_columns_can_have_types_of_their_own() -> None:
    table = raw({"id": ["a"], "phone": ["007"], "x": ["1.5"]})
    result = read(table, exclusive_data_type={"phone": "str"})
    assert result.tables["data"].rows() == [("a", "007", 1.5)]


def test_a_delimitor_inside_the_value_splits_it() -> None:
    frame = pl.DataFrame({"id": ["a", "b"], "y;x": ["1;0.5", "0;2"]})
    table = Given(frame, kind="raw")
    result = read(table, with_label=True, delimitor=";")
    assert result.tables["data"].rows() == [("a", 1, 0.5), ("b", 0, 2.0)]
    with pytest.raises(ComponentFailed, match="do not all have"):
        read(Given(frame.with_columns(pl.lit("1;2;3").alias("y;x")), kind="raw"), delimitor=";")


@pytest.mark.parametrize(
    ("table", "parameters", "said"),
    [
        (raw(DENSE), {"with_label": True, "label_name": "Y0"}, "no column 'Y0'"),
        (raw({"id": ["a"], "x": ["red"]}), {}, "column x: 1 of 1 values cannot be read as float64"),
        (raw({"id": ["a"], "x": [""]}), {"data_type": "int"}, "1 missing values"),
        (raw({"id": ["a"], "y": [""]}), {"with_label": True}, "the label"),
        (listed([("a", "1,2")]), {}, "without a header line"),
        (raw({"id": [], "x": []}), {}, "has no rows"),
        (
            raw(DENSE),
            {"missing_fill": True, "default_value": [1], "missing_fill_method": "designated"},
            "1 replacement",
        ),
    ],
)
def test_unreadable_values_are_reported(table: Given, parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ComponentFailed, match=said):
        read(table, **parameters)


def test_refusals_do_not_show_values() -> None:
    with pytest.raises(ComponentFailed) as refused:
        read(raw({"id": ["a"], "x": ["secret"]}))
    assert "secret" not in refused.value.message


def test_svmlight_rows_become_columns() -> None:
    table = listed([("b", "1 0:0.5 2:3"), ("a", "0 1:1")])
    result = read(table, input_format="sparse", delimitor=" ")
    assert result.tables["data"].columns == ["sid", "y", "0", "1", "2"]
    assert result.tables["data"].rows() == [("a", 0, 0.0, 1.0, 0.0), ("b", 1, 0.5, 0.0, 3.0)]
    new = read(listed([("c", "1 2:7 9:9")]), model=result.model)
    assert new.tables["data"].rows() == [("c", 1, 0.0, 0.0, 7.0)]


def test_tags_with_values_are_those_of_the_dense_file(shared: Path) -> None:
    data = shared / "fate/data"
    lines = (data / "breast_hetero_host_tag_value.csv").read_text().splitlines()
    tags = listed([tuple(line.split(",", 1)) for line in lines])  # type: ignore[misc]
    spread = read(tags, input_format="tag", tag_with_value=True, delimitor=";").tables["data"]
    dense = read(raw_file(data / "breast_hetero_host.csv")).tables["data"]
    assert spread.select(sorted(spread.columns[1:])).equals(dense.select(sorted(dense.columns[1:])))
    assert spread["sid"].to_list() == dense["id"].to_list()


def test_tags_without_values_are_ones_and_zeros() -> None:
    result = read(listed([("a", "old;tall"), ("b", "tall;"), ("c", "")]), input_format="tag", delimitor=";")
    assert result.tables["data"].columns == ["sid", "old", "tall"]
    assert result.tables["data"].rows() == [("a", 1.0, 1.0), ("b", 0.0, 1.0), ("c", 0.0, 0.0)]
    new = read(listed([("d", "new;old")]), model=result.model)
    assert new.tables["data"].rows() == [("d", 1.0, 0.0)]


def test_missing_tags_can_be_filled() -> None:
    table = listed([("a", "1;age:30"), ("b", "0;size:2"), ("c", "1;age:50;size:4")])
    result = read(
        table,
        input_format="tag",
        tag_with_value=True,
        delimitor=";",
        with_label=True,
        missing_fill=True,
        missing_fill_method="mean",
    )
    assert result.tables["data"].columns == ["sid", "label", "age", "size"]
    assert result.tables["data"].rows() == [("a", 1, 30.0, 3.0), ("b", 0, 40.0, 2.0), ("c", 1, 50.0, 4.0)]


def test_entries_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(ComponentFailed, match=r"1 of 2 entries.*feature:value"):
        read(listed([("a", "old;age:3")]), input_format="tag", tag_with_value=True, delimitor=";")


def test_data_transform_is_the_same_under_its_later_name() -> None:
    result = read(raw(DENSE), module="DataTransform", with_label=True)
    assert result.tables["data"].equals(read(raw(DENSE), with_label=True).tables["data"])
    assert result.model is not None
    assert result.model.module == "DataTransform"


def test_both_parties_read_their_own(shared: Path) -> None:
    data = shared / "fate/data"
    results = run_module(
        "DataIO",
        {
            GUEST: {
                "parameters": {"with_label": True},
                "tables": {"data": [raw_file(data / "breast_hetero_guest.csv")]},
            },
            HOST: {"tables": {"data": [raw_file(data / "breast_hetero_host.csv")]}},
        },
    )
    assert results[GUEST].tables["0"]["id"].equals(results[HOST].tables["0"]["id"])
    assert results[HOST].metas["0"].label == ""
