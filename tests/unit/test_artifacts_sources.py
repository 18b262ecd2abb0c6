"""Bound files and delimited text: columns, blocks, repeated ids; and series taken out of metrics."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.artifacts import metrics
from fateflow_tui.artifacts.binding import BindRequest, inspect
from fateflow_tui.artifacts.delimited import blocks, layout
from fateflow_tui.artifacts.metrics import prune
from fateflow_tui.artifacts.table import Table, TableMeta
from fateflow_tui.artifacts.table_writer import IdHashes
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import BadRequest, ComponentFailed, Conflict, NotFound


def bound(tables: Tables, path: Path, name: str = "t", **wishes: object) -> Table:
    found = inspect(BindRequest(str(path), **wishes))  # type: ignore[arg-type]
    sid, *header = found.source.chosen
    meta = TableMeta(
        "ns", name, found.count, 1, "raw", sid, header, external=True, files=[str(path)], source=found.source
    )
    return tables.bind(meta)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "tables")


def test_a_bound_file_reads_as_an_uploaded_one(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b'\xef\xbb\xbfid,x\r\na,\r\nb,"2\r\n\r\n')
    table = bound(tables, path)
    assert table.frame().rows() == [("a", ""), ("b", '"2')]
    assert tables.open("ns", "t").head(1).rows() == [("a", "")]
    assert [batch.height for batch in table.batches(1)] == [1, 1]


def test_parquet_is_read_a_part_at_a_time(tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fateflow_tui.artifacts.bound_files._ROWS", 3)
    path = tmp_path / "f.parquet"
    frame = pl.DataFrame({"x": [n / 8 for n in range(10)], "k": [f"k{n}" for n in range(10)]})
    frame.write_parquet(path, row_group_size=4)
    table = bound(tables, path, sid="k")
    assert table.meta.columns == ["k", "x"]
    assert [part.height for part in table.batches(100)] == [3, 3, 3, 1]
    assert table.frame()["x"].cast(pl.Float64).to_list() == frame["x"].to_list()
    assert table.head(4).height == 4


def test_a_table_follows_its_new_names(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id,x,y\na,1,2\n")
    bound(tables, path, header=["y"])
    tables.update("ns", "t", sid="key", header=["z"])
    assert tables.open("ns", "t").frame().to_dicts() == [{"key": "a", "z": "2"}]


def test_obstacles_name_the_table(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id,x\na,1\n")
    bound(tables, path)
    assert tables.usable("ns", "t").meta.count == 1
    path.write_text("id,x\na,12\n")
    with pytest.raises(Conflict, match=r"ns\.t is bound to the file f\.csv, which has changed"):
        tables.usable("ns", "t")
    with pytest.raises(Conflict, match="has changed"):
        tables.open("ns", "t").head(1)
    path.unlink()
    with pytest.raises(NotFound, match="cannot be read"):
        tables.open("ns", "t").frame()
    tables.update("ns", "t", enabled=False)
    with pytest.raises(Conflict, match="is disabled"):
        tables.usable("ns", "t")


def test_of_two_that_bind_a_name_the_second_is_refused(tables: Tables, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id,x\na,1\n")
    bound(tables, path)
    with pytest.raises(Conflict, match="already exists"):
        bound(tables, path)
    assert [entry.name for entry in (tables.root / "ns").iterdir()] == ["t"]


def test_a_bound_table_replaces_a_written_one(tables: Tables, tmp_path: Path) -> None:
    with tables.create("ns", "t") as writer:
        writer.write(pl.DataFrame({"id": ["q"]}))
    path = tmp_path / "f.csv"
    path.write_text("id,x\na,1\n")
    found = inspect(BindRequest(str(path)))
    meta = TableMeta("ns", "t", 1, 1, "raw", "id", ["x"], external=True, files=[str(path)], source=found.source)
    tables.bind(meta, replace=True)
    assert [entry.name for entry in (tables.root / "ns" / "t").iterdir()] == ["meta.json"]
    assert tables.open("ns", "t").frame().rows() == [("a", "1")]


@given(
    rows=st.lists(st.lists(st.text("ab1", max_size=2), min_size=1, max_size=4), max_size=12),
    size=st.integers(1, 40),
)
def test_blocks_of_any_size_give_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], size: int
) -> None:
    path = tmp_path_factory.mktemp("files") / "f.csv"
    path.write_text("id,x,y\n" + "".join(",".join(row) + "\n" for row in rows))
    parts = list(blocks(path, layout(path, True, ","), size))
    lines = [row for row in rows if row != [""]]
    read = [list(row) for part in parts for row in part.frame.rows()]
    assert read == [row for row in lines if len(row) == 3]
    assert sum(part.malformed for part in parts) == len(lines) - len(read)


def test_lines_can_be_taken_whole_and_columns_named(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("a,1\n\nb,2\n")
    [whole] = blocks(path, layout(path, False, ",", whole=True))
    assert whole.frame.rows() == [("a,1",), ("b,2",)]
    [named] = blocks(path, layout(path, False, ",", ["k", "v"]))
    assert named.frame.to_dicts() == [{"k": "a", "v": "1"}, {"k": "b", "v": "2"}]
    with pytest.raises(ComponentFailed, match="2 fields, but 3 columns"):
        layout(path, False, ",", ["k", "v", "w"])


def test_an_empty_line_is_no_row_of_a_single_column(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("id\na\n\nb\n")
    [rows] = blocks(path, layout(path, True, ","))
    assert rows.frame["id"].to_list() == ["a", "b"]
    assert rows.malformed == 0


@given(ids=st.lists(st.sampled_from("abcdef"), max_size=30), cut=st.integers(0, 30))
def test_repeated_ids_are_found_over_all_parts(ids: list[str], cut: int) -> None:
    hashes = IdHashes()
    for part in (ids[:cut], ids[cut:]):
        hashes.add(pl.Series(part, dtype=pl.String))
    repeated = {name for name in ids if ids.count(name) > 1}
    assert hashes.repeated().len() == len(repeated)
    assert set(hashes.repeated()) == set(pl.Series(sorted(repeated), dtype=pl.String).hash())


def test_a_file_must_have_the_wished_columns(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("id,x\na,1\n")
    for wish, said in (
        ({"sid": "k"}, "no column 'k'"),
        ({"header": ["x", "x"]}, "named twice"),
        ({"head": False, "sid": "id"}, "name all its columns"),
    ):
        with pytest.raises(BadRequest, match=said):
            inspect(BindRequest(str(path), **wish))  # type: ignore[arg-type]


def test_series_are_taken_out_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with metrics.MetricsWriter(path) as writer:
        for namespace, name in (("train", "loss"), ("train", "auc"), ("validate", "auc")):
            writer.append(namespace, name, [(1, 0.5)], {"metric_type": "LOSS"})
    with path.open("ab") as file:
        file.write(b'{"ns": "tra')  # torn by a crash
    assert prune(path, "nosuch") == 0
    assert prune(path, "train", "auc") == 1
    assert {space: list(names) for space, names in metrics.read(path).items()} == {
        "train": ["loss"],
        "validate": ["auc"],
    }
    assert metrics.read(path)["train"]["loss"]["data"] == [[1, 0.5]]
    assert prune(path, "", "auc") == 1
    assert prune(path) == 1
    assert not path.exists()
    assert prune(path) == 0
