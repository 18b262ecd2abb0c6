"""Upload and Download."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.artifacts import delimited
from fateflow_tui.artifacts.table import Table
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import ComponentFailed, Conflict
from fateflow_tui.worker.testing import Result, run_module
from tests.unit.component_tables import LOCAL


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def upload(home: Path, file: Path, **parameters: Any) -> tuple[Result, Table]:
    given = {"file": str(file), "namespace": "experiment", "name": "t", **parameters}
    result = run_module("Upload", {LOCAL: {"parameters": given}}, home=home, data_ports=["upload"])[LOCAL]
    return result, Tables(home / "tables").open("experiment", "t")


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_file_of_fate_becomes_a_table(home: Path, shared: Path) -> None:
    result, table = upload(home, shared / "fate/data/breast_hetero_guest.csv", partition=4)
    assert table.meta.count == 569
    assert table.meta.partitions == 4
    assert table.meta.kind == "raw"
    assert table.meta.schema == {"sid": "id", "header": "y,x0,x1,x2,x3,x4,x5,x6,x7,x8,x9"}
    assert table.frame().row(0)[:4] == ("133", "1", "0.254879", "-1.046633")
    series = result.metrics["upload"]["data_access"]
    assert series["data"] == [["count", 569]]
    assert series["meta"] == {"name": "upload", "metric_type": "UPLOAD", **(result.summary or {})}
    assert result.metas["upload"] == table.meta
    assert result.progress[-1][0] == result.progress[-1][1] > 0


def test_a_byte_order_mark_and_windows_line_ends_are_no_data(home: Path, tmp_path: Path) -> None:
    _, table = upload(home, written(tmp_path / "f.csv", b"\xef\xbb\xbfid,x\r\na,1\r\nb,\r\n"))
    assert table.frame().rows() == [("a", "1"), ("b", "")]
    assert table.meta.schema == {"sid": "id", "header": "x"}


def test_a_quoted_field_may_hold_the_delimiter(home: Path, tmp_path: Path) -> None:
    text = '"id","x","y z"\n"a,1",1,"say ""yes"""\nb,6" pipe,\nc,"open,3\nd,"a,b\n'
    result, table = upload(home, written(tmp_path / "f.csv", text))
    assert table.meta.schema == {"sid": "id", "header": "x,y z"}
    assert table.frame().rows() == [
        ("a,1", "1", 'say "yes"'),
        ("b", '6" pipe', ""),
        ("c", '"open', "3"),
        ("d", '"a', "b"),
    ]
    assert (result.summary or {})["malformed"] == 0


def test_quotes_have_no_meaning_where_a_line_is_an_id_and_the_rest(home: Path, tmp_path: Path) -> None:
    _, table = upload(home, written(tmp_path / "f.csv", '"b",2\n'), head=0)
    assert table.frame().rows() == [('"b"', "2")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id;y;x\na;1;2\n", "has no ',', but ';'"),
        ('id,"x,1"\na,1\n', "the delimiter ',' in it"),
        ("", "patients.csv is empty"),
        ("id,x\n", "patients.csv has no valid rows"),
    ],
)
def test_an_invalid_file_is_rejected_by_name(home: Path, tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ComponentFailed, match=re.escape(said)):
        upload(home, written(tmp_path / "0a1b2c", text), file_name="patients.csv")


@pytest.mark.parametrize("delimiter", [";", "\t", "||"])
def test_the_delimiter_is_honoured(home: Path, tmp_path: Path, delimiter: str) -> None:
    text = "\n".join(delimiter.join(row) for row in (["id", "a,b", "c"], ["1", "x,y", "z"]))
    _, table = upload(home, written(tmp_path / "f.csv", text), id_delimiter=delimiter)
    assert table.frame().rows() == [("1", "x,y", "z")]
    assert table.meta.id_delimiter == delimiter
    assert table.meta.schema["header"] == f"a,b{delimiter}c"


def test_without_a_header_the_rest_of_the_line_is_one_value(home: Path, tmp_path: Path) -> None:
    _, table = upload(home, written(tmp_path / "f.csv", "1,a:1;b:2\n2\n\n3,x,y\n"), head=0)
    assert table.frame().rows() == [("1", "a:1;b:2"), ("2", ""), ("3", "x,y")]
    assert table.meta.schema == {}
    assert not table.meta.have_head


@pytest.mark.parametrize("block", [8, 16, 1 << 20])
def test_rows_read_are_stored_or_rejected_whatever_the_size_of_blocks(
    home: Path, tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited.blocks, "__defaults__", (block,))
    text = "id,x,y\na,1,2\nshort,1\nlong,1,2,3\n,1,2\n\nb,,\na,3,4\nc,5,6\na,7,8\n"
    result, table = upload(home, written(tmp_path / "f.csv", text))
    assert table.frame().rows() == [("a", "1", "2"), ("b", "", ""), ("c", "5", "6")]
    assert result.summary == {
        "rows_read": 8,
        "rows_stored": 3,
        "rows_rejected": 5,
        "malformed": 2,
        "without_id": 1,
        "duplicate_ids": 2,
    }


def test_the_last_row_of_an_id_can_be_kept(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "f.csv", "id,x\na,1\nb,2\na,3\n")
    _, table = upload(home, file, duplicate_ids="last")
    assert table.frame().rows() == [("b", "2"), ("a", "3")]


def test_duplicates_can_be_forbidden(home: Path, tmp_path: Path) -> None:
    file = written(tmp_path / "f.csv", "id,x\na,1\nb,2\na,3\n")
    with pytest.raises(ComponentFailed, match=r"1 rows of f\.csv have an id that occurs"):
        upload(home, file, duplicate_ids="fail")
    assert Tables(home / "tables").meta("experiment", "t") is None


def test_an_existing_table_is_replaced_only_on_demand_and_only_by_a_valid_one(home: Path, tmp_path: Path) -> None:
    upload(home, written(tmp_path / "f.csv", "id,x\na,1\n"))
    second = written(tmp_path / "g.csv", "id,z\nb,2\n")
    with pytest.raises(Conflict, match="exists"):
        upload(home, second)
    with pytest.raises(ComponentFailed, match="no valid rows"):
        upload(home, written(tmp_path / "h.csv", "id,z\n"), destroy=True)
    assert Tables(home / "tables").open("experiment", "t").frame().rows() == [("a", "1")]
    _, table = upload(home, second, destroy=True)
    assert table.frame().rows() == [("b", "2")]
    assert table.frame().columns == ["id", "z"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "f.csv is empty"),
        ("\nid,x\n", "first line of f.csv is empty"),
        ("id,x\n", "no valid rows"),
        ("id,x,x\n1,2,3\n", "names a column twice"),
        ("id,,x\n1,2,3\n", "column without a name"),
        (b"id,x\n1,\xff\n", "not UTF-8"),
        ("id,x\n1,2\n".encode("utf-16"), "f.csv is UTF-16 text"),
        (b"\x1f\x8b\x08\x00id", "f.csv is compressed"),
        (b"PK\x03\x04\x14\x00", "f.csv is an archive or a workbook"),
        ("id,x\r1,2\r", "end with a carriage return alone"),
        ("id,x\n1,2,3\n4\n", "no valid rows .2 were rejected"),
    ],
)
def test_invalid_files_create_no_table(home: Path, tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(ComponentFailed, match=said):
        upload(home, written(tmp_path / "f.csv", content))
    assert list((home / "tables").rglob("*.parquet")) == []


def test_a_missing_file_is_named_without_its_path(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ComponentFailed, match=r"does not exist at this site: nowhere\.csv") as refused:
        upload(home, tmp_path / "nowhere.csv")
    assert str(tmp_path) not in refused.value.message


def test_download_writes_what_was_uploaded(home: Path, tmp_path: Path) -> None:
    upload(home, written(tmp_path / "f.csv", "id,x,y\na,1,\nb,2,3\n"))
    out = tmp_path / "out.csv"
    out.write_text("old")
    given = {"namespace": "experiment", "name": "t", "output_path": str(out)}
    result = run_module("Download", {LOCAL: {"parameters": given}}, home=home)[LOCAL]
    assert out.read_text() == "a,1,\nb,2,3\n"
    run_module("Download", {LOCAL: {"parameters": {**given, "head": 1}}}, home=home)
    assert out.read_text() == "id,x,y\na,1,\nb,2,3\n"
    assert result.metrics["download"]["data_access"]["data"] == [["count", 2]]
    assert result.metrics["download"]["data_access"]["meta"] == {"name": "download", "metric_type": "DOWNLOAD"}


def test_a_download_can_be_uploaded_again_when_it_is_quoted(home: Path, tmp_path: Path) -> None:
    text = 'id,name,x\n1,"Smith, John",0.5\n2,"O""Neil",\n'
    upload(home, written(tmp_path / "f.csv", text))
    out = tmp_path / "out.csv"
    given = {"namespace": "experiment", "name": "t", "output_path": str(out), "head": 1}
    run_module("Download", {LOCAL: {"parameters": {**given, "quoted": 1}}}, home=home)
    assert out.read_text() == text
    run_module("Download", {LOCAL: {"parameters": {**given, "quoted": 1, "delimiter": "||"}}}, home=home)
    assert out.read_text() == 'id||name||x\n1||Smith, John||0.5\n2||"O""Neil"||\n'
    # As FATE has it.
    run_module("Download", {LOCAL: {"parameters": {**given, "head": 0}}}, home=home)
    assert out.read_text() == '1,Smith, John,0.5\n2,O"Neil,\n'


def test_download_reports_write_errors(home: Path, tmp_path: Path) -> None:
    upload(home, written(tmp_path / "f.csv", "id,x\na,1\n"))
    for path, said in ((str(tmp_path / "none" / "f"), "cannot be written"), ("f.csv", "not absolute")):
        given = {"namespace": "experiment", "name": "t", "output_path": path}
        with pytest.raises(ComponentFailed, match=said):
            run_module("Download", {LOCAL: {"parameters": given}}, home=home)
