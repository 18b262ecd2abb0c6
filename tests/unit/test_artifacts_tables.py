"""Tables on disk: order, atomicity, refusal, deletion, preview."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.artifacts import table_writer
from fateflow_tui.artifacts.home import Home, segment
from fateflow_tui.artifacts.table import preview
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import BadRequest, ComponentFailed, Conflict, DamagedFile, NotFound


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path / "tables")


def rows(start: int, count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"id": [str(i) for i in range(start, start + count)], "x": [i / 4 for i in range(count)]},
        schema={"id": pl.String, "x": pl.Float64},
    )


def store(tables: Tables, *frames: pl.DataFrame, name: str = "t", **facts: object) -> None:
    with tables.create("experiment", name, **facts) as writer:  # type: ignore[arg-type]
        for frame in frames:
            writer.write(frame)


def test_rows_come_back_in_order_from_several_parts(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_writer, "PART_ROWS", 10)
    store(tables, rows(0, 7), rows(7, 7), rows(14, 25), partitions=8)

    table = tables.open("experiment", "t")
    assert (table.meta.count, table.meta.partitions, table.meta.sid, table.meta.header) == (39, 8, "id", ["x"])
    assert table.meta.schema == {"sid": "id", "header": "x"}
    assert len(table.meta.files) > 2
    assert table.frame()["id"].to_list() == [str(i) for i in range(39)]
    batches = list(table.batches(6))
    assert max(batch.height for batch in batches) <= 6
    assert pl.concat(batches)["id"].to_list() == [str(i) for i in range(39)]
    assert table.head(12)["id"].to_list() == [str(i) for i in range(12)]
    assert table.head(0).columns == ["id", "x"]


@given(sizes=st.lists(st.integers(0, 9), max_size=6), part=st.integers(1, 5))
def test_any_split_gives_the_same_table(tmp_path_factory: pytest.TempPathFactory, sizes: list[int], part: int) -> None:
    tables = Tables(tmp_path_factory.mktemp("tables"))
    frames = [rows(sum(sizes[:i]), size) for i, size in enumerate(sizes)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_writer, "PART_ROWS", part)
        store(tables, *frames, sid="id", header=["x"])
    frame = tables.open("experiment", "t").frame()
    assert frame["id"].to_list() == [str(i) for i in range(sum(sizes))]
    assert frame.columns == ["id", "x"]


def test_a_table_is_invisible_until_it_is_closed(tables: Tables) -> None:
    writer = tables.create("experiment", "t")
    writer.write(rows(0, 3))
    assert tables.meta("experiment", "t") is None
    assert list(tables.names()) == []
    table = writer.close()
    assert writer.close() is table
    assert list(tables.names()) == list(tables.names("experiment")) == [("experiment", "t")]
    assert list(tables.names("other")) == []


def test_a_broken_block_leaves_no_trace(tables: Tables) -> None:
    writer = tables.create("experiment", "t")

    def break_in_the_middle() -> None:
        with writer:
            writer.write(rows(0, 3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_in_the_middle()
    assert os.listdir(tables.root / "experiment") == []
    assert writer.discarded


def test_an_existing_table_is_refused_unless_it_is_replaced(tables: Tables) -> None:
    store(tables, rows(0, 3))
    with pytest.raises(Conflict, match=r"experiment/t .*3 rows"):
        tables.create("experiment", "t")
    old = tables.open("experiment", "t")
    store(tables, rows(100, 2), replace=True)
    assert tables.open("experiment", "t").frame()["id"].to_list() == ["100", "101"]
    assert len(list((tables.root / "experiment" / "t").glob("*.parquet"))) == 1
    assert [path.name for path in (tables.root / "experiment").iterdir()] == ["t"]
    with pytest.raises(NotFound):
        old.frame()


def test_of_two_writers_the_second_to_close_is_refused(tables: Tables) -> None:
    first, second = tables.create("experiment", "t"), tables.create("experiment", "t")
    for writer in (first, second):
        writer.write(rows(0, 1))
    first.close()
    with pytest.raises(Conflict):
        second.close()
    assert [path.name for path in (tables.root / "experiment").iterdir()] == ["t"]


def test_frames_must_fit(tables: Tables) -> None:
    with pytest.raises(ComponentFailed, match=r"'id'.*Int64"):
        store(tables, pl.DataFrame({"id": [1]}))
    with pytest.raises(ComponentFailed, match="not missing"):
        store(tables, pl.DataFrame())
    with pytest.raises(ComponentFailed, match="cannot follow"):
        store(tables, rows(0, 1), pl.DataFrame({"id": ["1"], "x": [1]}))


def test_delete_leaves_bound_data_alone(tables: Tables, tmp_path: Path) -> None:
    data = tmp_path / "mine.parquet"
    rows(0, 4).write_parquet(data)
    store(tables, external=True, sid="id", header=["x"])
    meta_file = tables.root / "experiment" / "t" / "meta.json"
    meta_file.write_text(json.dumps(json.loads(meta_file.read_text()) | {"files": [str(data)], "count": 4}))

    assert tables.open("experiment", "t").frame().height == 4
    assert tables.delete("experiment", "t")
    assert data.exists()
    assert tables.meta("experiment", "t") is None
    assert not tables.delete("experiment", "t")
    with pytest.raises(NotFound, match=r"'t'.*'experiment'"):
        tables.open("experiment", "t")


def test_what_crashed_writers_left_is_swept_when_it_is_old(tables: Tables) -> None:
    store(tables, rows(0, 1))
    abandoned = tables.create("experiment", "u")
    assert tables.sweep() == 0
    hidden = next((tables.root / "experiment").glob(".u.*"))
    os.utime(hidden, (1, 1))
    assert tables.sweep() == 1
    assert not hidden.exists()
    assert list(tables.names()) == [("experiment", "t")]
    abandoned.discard()


def test_names_cannot_leave_the_directory(tables: Tables) -> None:
    for name in ("", ".", "..", "a/b", "../x", "a\x00b", ".hidden", "ü" * 200):
        with pytest.raises(BadRequest):
            tables.meta("experiment", name)
    store(tables, rows(0, 1), name="x" * 255)
    assert tables.open("experiment", "x" * 255).meta.count == 1
    assert segment("guest#9999#model", "model id") == "guest#9999#model"


def test_damaged_facts_are_named(tables: Tables) -> None:
    store(tables, rows(0, 1))
    (tables.root / "experiment" / "t" / "meta.json").write_text('{"name"')
    with pytest.raises(DamagedFile, match="experiment/t"):
        tables.open("experiment", "t")


def test_previews_have_the_original_shapes(tables: Tables, shared: Path) -> None:
    """The same rows, though the original orders them by its own hash."""

    def wire(component: str) -> tuple[list[str], list[list[object]]]:
        answer = json.loads((shared / f"fate/wire/tracking_component_output_data_{component}.json").read_text())
        return answer["meta"]["header"][0], answer["data"][0]

    def shown(frame: pl.DataFrame, name: str, **facts: object) -> tuple[list[str], list[list[object]]]:
        store(tables, frame, name=name, **facts)
        made = preview(tables.open("experiment", name), limit=1000)
        assert made.total == frame.height
        by_id = {row[0]: row for row in made.rows}
        return made.header, [by_id[row[0]] for row in wire(name)[1]]

    raw = pl.read_csv(shared / "fate/data/breast_hetero_guest.csv", infer_schema=False)
    assert shown(raw, "reader_0", kind="raw") == wire("reader_0")

    columns = [f"x{i}" for i in range(10)]
    numbers = raw.select("id", pl.col(columns).cast(pl.Float64), pl.col("y").cast(pl.Int64))
    assert shown(numbers, "dataio_0", kind="instances", label="y") == wire("dataio_0")

    header, rows = wire("hetero_lr_0")
    scores = pl.DataFrame([[*row[:4], json.dumps(row[4]), row[5]] for row in rows], schema=header, orient="row")
    assert shown(scores, "hetero_lr_0", kind="scores", label="label") == (header, rows)


def test_a_preview_can_always_be_written_as_json(tables: Tables) -> None:
    frame = pl.DataFrame({"id": ["a", "b", "c"], "x": [float("nan"), float("-inf"), None]})
    store(tables, frame, kind="instances")
    assert preview(tables.open("experiment", "t"), 2).rows == [["a", "NaN"], ["b", "-Infinity"]]
    store(tables, frame, kind="raw", have_head=False, name="bare")
    assert preview(tables.open("experiment", "bare")).header == ["sid"]
    assert tables.open("experiment", "bare").meta.schema == {}


def test_home_names_every_place_below_its_root(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.table("experiment", "t") == tmp_path / "tables" / "experiment" / "t"
    assert home.party_model("guest#9999#m", "1").is_relative_to(home.models)
