"""A table's rows by id, in a file of their own."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from fateflow_tui.artifacts.feature_index import FeatureIndex, build
from fateflow_tui.artifacts.table import Table
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import DamagedFile


def table(root: Path, frame: pl.DataFrame, *, replace: bool = False) -> Table:
    with Tables(root).create("online", "features", replace=replace) as writer:
        writer.write(frame)
    assert writer.table is not None
    return writer.table


def test_rows_are_found_by_their_id(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["a", "b", "ü"], "x0": ["1", None, " text"], "x1": ["", "2", "3"]})
    features = table(tmp_path / "tables", frame)
    path = tmp_path / "serving" / "index.sqlite"
    assert build(features, path) == 3
    index = FeatureIndex(path)
    assert len(index) == 3
    assert index.find("a") == {"x0": "1", "x1": ""}
    assert index.find("b") == {"x0": None, "x1": "2"}
    assert index.find("ü") == {"x0": " text", "x1": "3"}
    assert index.find("c") is None
    assert (index.facts.sid, index.facts.header, index.facts.delimiter) == ("id", ["x0", "x1"], ",")
    index.close()
    assert [entry.name for entry in path.parent.iterdir()] == ["index.sqlite"]


def test_numbers_stay_numbers_and_the_last_row_of_an_id_counts(tmp_path: Path) -> None:
    features = table(tmp_path / "tables", pl.DataFrame({"id": ["a", "a"], "x0": [0.1, 0.7], "n": [1, 2]}))
    build(features, tmp_path / "index.sqlite")
    index = FeatureIndex(tmp_path / "index.sqlite")
    assert index.find("a") == {"x0": 0.7, "n": 2}
    index.close()


def test_a_new_index_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    old = table(tmp_path / "tables", pl.DataFrame({"id": ["a"], "x0": ["1"]}))
    build(old, tmp_path / "index.sqlite")
    first = FeatureIndex(tmp_path / "index.sqlite")
    new = table(tmp_path / "tables", pl.DataFrame({"id": ["a"], "x0": ["2"]}), replace=True)
    build(new, tmp_path / "index.sqlite")
    second = FeatureIndex(tmp_path / "index.sqlite")
    assert (first.find("a"), second.find("a")) == ({"x0": "1"}, {"x0": "2"})
    assert first.facts.table == old.meta.identity != new.meta.identity == second.facts.table
    first.close()
    second.close()


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "index.sqlite"
    with pytest.raises(DamagedFile):
        FeatureIndex(path)
    path.write_bytes(b"no database")
    with pytest.raises(DamagedFile, match="not a feature index"):
        FeatureIndex(path)
