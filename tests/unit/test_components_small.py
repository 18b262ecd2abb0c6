"""Reader, Sleep and SecureAddExample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.secure_add import SecureAddExample, SecureAddExampleParam
from fateflow_tui.core.errors import ComponentFailed, NotFound
from fateflow_tui.core.ids import Party
from fateflow_tui.worker.testing import run_module
from tests.unit.component_tables import GUEST, HOST, LOCAL, SECOND_HOST, raw, raw_file


def test_reader_passes_the_stored_table_on_and_describes_it(tmp_path: Path, shared: Path) -> None:
    recorded = json.loads((shared / "fate/wire/tracking_component_metric_all_reader_0.json").read_text())["data"]
    given = raw_file(shared / "fate/data/breast_hetero_guest.csv")
    with Tables(tmp_path / "tables").create("experiment", "breast_hetero_guest", **given.facts) as writer:
        writer.write(given.frame)
    files = sorted(tmp_path.rglob("*.parquet"))
    parameters = {"table": {"name": "breast_hetero_guest", "namespace": "experiment"}}
    result = run_module("Reader", {GUEST: {"parameters": parameters}}, home=tmp_path, data_ports=["data"])[GUEST]
    assert result.metas["data"].namespace == "experiment"
    assert sorted(tmp_path.rglob("*.parquet")) == files
    series = result.metrics["reader_namespace"]["reader_name"]
    meta = dict(series["meta"])
    theirs = recorded["reader_namespace"]["reader_name"]
    ours, sampled = meta.pop("table_info"), theirs["meta"].pop("table_info")
    assert series["data"] == theirs["data"] == []
    assert meta == theirs["meta"]
    assert ours.keys() == sampled.keys()
    assert all(len(set(values.split(","))) == len(sampled[column].split(",")) for column, values in ours.items())


def test_reader_needs_a_table_that_is_there(tmp_path: Path) -> None:
    parameters = {"table": {"name": "t", "namespace": "n"}}
    with pytest.raises(NotFound, match="'t'"):
        run_module("Reader", {GUEST: {"parameters": parameters}}, home=tmp_path)


def test_sleep_passes_all_its_inputs_through_at_every_role() -> None:
    first, second = raw({"id": ["a"], "x": ["1"]}), raw({"id": ["b"], "x": ["2"]})
    parties: dict[Party, dict[str, Any]] = {
        GUEST: {"tables": {"data": [first, second]}},
        HOST: {"tables": {"data": [second]}},
        Party("arbiter", "1"): {},
        LOCAL: {},
    }
    results = run_module("Sleep", parties, data_ports=["data"])
    assert results[GUEST].tables["data"].rows() == [("a", "1")]
    assert results[GUEST].tables["1"].rows() == [("b", "2")]
    assert results[HOST].metas["data"].namespace.startswith("input_host")
    assert results[LOCAL].tables == {}


def test_sleep_reports_progress() -> None:
    result = run_module("Sleep", {LOCAL: {"parameters": {"seconds": 0.02}}})[LOCAL]
    assert result.progress[-1] == (20, 20)


@pytest.mark.parametrize("hosts", [[HOST], [HOST, SECOND_HOST]])
@pytest.mark.parametrize(
    "parameters", [{}, {"data_num": 7, "partition": 3, "seed": 5}, {"partition": 10, "data_num": 3}]
)
def test_secure_add_sums_over_all_parties(hosts: list[Party], parameters: dict[str, int]) -> None:
    results = run_module("SecureAddExample", {party: {"parameters": parameters} for party in [GUEST, *hosts]})
    expected = parameters.get("data_num", 1000) * (1 + len(hosts))
    assert results[GUEST].summary == {"secure_sum": float(expected)}
    assert results[HOST].summary is None


def test_shares_add_up_and_look_random() -> None:
    module = SecureAddExample(SecureAddExampleParam())
    shares = list(module._shares(GUEST, np.ones(1000, dtype=np.uint64), 3))
    assert (shares[0] + shares[1] + shares[2] == 1).all()
    assert all(len(np.unique(share)) > 990 for share in shares)
    again = list(module._shares(GUEST, np.ones(1000, dtype=np.uint64), 3))
    assert not (shares[1] == again[1]).any()


def test_a_seed_repeats_the_shares_but_not_between_parties() -> None:
    module = SecureAddExample(SecureAddExampleParam(seed=3))
    ones = np.ones(10, dtype=np.uint64)
    assert (list(module._shares(GUEST, ones, 2))[1] == list(module._shares(GUEST, ones, 2))[1]).all()
    assert not (list(module._shares(GUEST, ones, 2))[1] == list(module._shares(HOST, ones, 2))[1]).any()


def test_secure_add_needs_a_second_party() -> None:
    with pytest.raises(ComponentFailed, match="at least two parties"):
        run_module("SecureAddExample", {GUEST: {}})


def test_ids_are_ordered_by_length_then_bytes() -> None:
    from fateflow_tui.artifacts.table import by_id

    frame = pl.DataFrame({"id": ["10", "é", "9", "b", "ab", "2"], "n": range(6)})
    assert by_id(frame)["id"].to_list() == ["2", "9", "b", "10", "ab", "é"]
