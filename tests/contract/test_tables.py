"""Bound files, and what can be done with a table besides reading it, over HTTP at a running site."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from fateflow_tui.core.ids import Party
from fateflow_tui.sdk import local
from tests.contract.table_asker import CSV, ROWS, Asker


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("files")
    local.start(home, port=0)
    with Asker(home, folder) as asker:
        yield asker
    assert local.stop(home)


def digest(path: Path) -> tuple[str, int]:
    return hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns


def test_a_csv_file_is_bound_where_it_is(site: Asker) -> None:
    path = site.file("guest.csv", CSV)
    before = digest(path)
    answer = site.bind("csv", path, partitions=3)
    assert answer == {"retcode": 0, "retmsg": "success", "data": {"namespace": "ns", "table_name": "csv"}}
    info = site.info("csv")
    assert (info["exist"], info["count"], info["partition"]) == (1, 3, 3)
    assert info["schema"] == {"sid": "id", "header": "v,w"}
    assert site.rows("csv") == [list(row) for row in ROWS]
    table = site.home / "tables" / "ns" / "csv"
    assert os.listdir(table) == ["meta.json"]
    assert site.ask("table/delete", namespace="ns", table_name="csv")["retcode"] == 0
    assert not table.exists()
    assert digest(path) == before


@pytest.mark.parametrize("engine", ["FILE", "localfs"])
def test_a_job_reads_a_bound_file(site: Asker, engine: str) -> None:
    path = site.file("numbers.csv", "id,x0,x1\na,1,2\nb,3,4\n")
    name = f"job_{engine}"
    assert site.bind(name, path, engine=engine)["retcode"] == 0
    job_id = site.read(name)["jobId"]
    assert site.ended(job_id) == "success"
    at = {"job_id": job_id, "role": "guest", "party_id": 9999, "component_name": "dataio_0"}
    shown = site.ask("tracking/component/output/data", **at)
    assert sorted(shown["data"][0]) == [["a", 1.0, 2.0], ["b", 3.0, 4.0]]
    of_reader = site.ask("tracking/component/output/data", **{**at, "component_name": "reader_0"})
    assert of_reader["data"] == [[["a", "1", "2"], ["b", "3", "4"]]]
    assert of_reader["meta"]["total"] == [2]


def test_the_columns_of_a_bound_file_can_be_chosen(site: Asker) -> None:
    path = site.file("wide.csv", "n,key,x,y\n1,a,10,20\n2,b,30,40\n")
    assert site.bind("chosen", path, id_column="key", feature_column="y,x")["retcode"] == 0
    assert site.info("chosen")["schema"] == {"sid": "key", "header": "y,x"}
    assert site.rows("chosen") == [["a", "20", "10"], ["b", "40", "30"]]
    assert site.bind("named", path, schema={"sid": "key", "header": "x"})["retcode"] == 0
    assert site.rows("named") == [["a", "10"], ["b", "30"]]
    refused = site.bind("wrong", path, id_name="nosuch")
    assert refused["retcode"] == 100
    assert "'nosuch'" in refused["retmsg"]


@pytest.mark.parametrize(
    ("name", "content", "more", "schema", "first"),
    [
        ("t.tsv", "id\tv\na\t1,2\n", {}, {"sid": "id", "header": "v"}, ["a", "1,2"]),
        ("semi.csv", "id;v\na;1\n", {"id_delimiter": ";"}, {"sid": "id", "header": "v"}, ["a", "1"]),
        ("bare.csv", "a,x:1,y:2\n", {"head": 0}, {}, ["a", "x:1,y:2"]),
        (
            "names.csv",
            "a,1,2\n",
            {"head": 0, "id_name": "id", "feature_name": "p,q"},
            {"sid": "id", "header": "p,q"},
            ["a", "1", "2"],
        ),
    ],
)
def test_text_files_of_other_kinds(
    site: Asker, name: str, content: str, more: dict[str, Any], schema: dict[str, str], first: list[str]
) -> None:
    assert site.bind(name, site.file(name, content), **more)["retcode"] == 0
    assert site.info(name)["schema"] == schema
    preview = site.ask("table/preview", namespace="ns", table_name=name)["data"]
    assert preview["count"] == 1
    assert preview["data"][0] in (first, [first[0], *first[1].split(",")])


def test_a_parquet_file_is_bound_with_its_numbers(site: Asker) -> None:
    path = site.folder / "data.parquet"
    frame = pl.DataFrame({"id": [1, 2, 3], "x": [0.1, 1e-9, None], "flag": [True, False, None], "l": [[1], [2], [3]]})
    frame.write_parquet(path, row_group_size=2)
    nested = site.bind("nested", path)
    assert nested["retcode"] == 100
    assert "'l'" in nested["retmsg"]
    assert site.bind("parquet", path, feature_column=["x", "flag"])["retcode"] == 0
    assert site.rows("parquet") == [["1", "0.1", "1"], ["2", "1e-9", "0"], ["3", "", ""]]
    assert site.info("parquet")["count"] == 3
    assert float(site.rows("parquet")[0][1]) == 0.1


def test_rows_that_are_none_are_left_out_and_counted(site: Asker) -> None:
    path = site.file("ragged.csv", "id,v\na,1\nb\n,2\nc,3,4\n\nd,5\n")
    assert site.bind("ragged", path)["retcode"] == 0
    assert site.info("ragged")["count"] == 2
    assert site.rows("ragged") == [["a", "1"], ["d", "5"]]
    meta = json.loads((site.home / "tables" / "ns" / "ragged" / "meta.json").read_bytes())
    assert meta["extra"]["rows_rejected"] == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,v\na,1\na,2\n", "1 ids of the file bad.csv"),
        ("", "bad.csv"),
        ("id,v\n", "no valid rows"),
        ("id,v,v\na,1,2\n", "names a column twice"),
        (b"id,v\na,\xff\n", "not UTF-8"),
        (b"PAR1 and no more", "damaged"),
    ],
)
def test_a_file_that_cannot_be_a_table_is_refused(site: Asker, content: str | bytes, said: str) -> None:
    refused = site.bind("bad", site.file("bad.csv", content))
    assert refused["retcode"] == 100
    assert said in refused["retmsg"]
    assert site.info("bad")["exist"] == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"engine": "MYSQL"}, "MYSQL"),
        ({"engine": "EGGROLL"}, "EGGROLL"),
        ({"engine": "HDFS", "address": {"path": "/x"}}, "HDFS"),
        ({"engine": "nonsense"}, "engine"),
        ({"address": {}}, "address"),
        ({"address": {"path": "/no/such/file"}}, "'file'"),
        ({"address": {"path": "/tmp"}}, "'tmp'"),
        ({"address": {"path": "~nobody-of-that-name/x"}}, "names a user"),
        ({"head": 2}, "head"),
        ({"partitions": 1024}, "partitions"),
        ({"extend_sid": True}, "ids cannot be generated"),
        ({"with_meta": 1, "meta": {"input_format": "nosuch"}}, "input_format"),
        ({"namespace": "../up"}, "cannot be used as a name"),
    ],
)
def test_requests_that_cannot_be_met_say_why(site: Asker, more: dict[str, Any], said: str) -> None:
    refused = site.bind("refused", site.file("fine.csv", CSV), **more)
    assert refused["retcode"] == 100
    assert said in refused["retmsg"]
    assert site.info("refused")["exist"] == 0


def test_a_name_is_bound_anew_only_with_drop(site: Asker) -> None:
    first, second = site.file("one.csv", CSV), site.file("two.csv", "k,z\nq,1\n")
    assert site.bind("again", first)["retcode"] == 0
    for drop in (0, 2, "2", False):
        refused = site.bind("again", second, drop=drop)
        assert refused["retcode"] == 100
        assert "already exists" in refused["retmsg"]
    assert site.bind("again", second, drop=1)["retcode"] == 0
    assert site.rows("again") == [["q", "1"]]
    assert site.ended(site.upload("again", "id,n\nu,9\n", drop=1)) == "success"
    assert site.rows("again") == [["u", "9"]]
    assert site.bind("again", first, drop="true")["retcode"] == 0
    assert os.listdir(site.home / "tables" / "ns" / "again") == ["meta.json"]
    assert (first.read_text(), second.read_text()) == (CSV, "k,z\nq,1\n")


def test_a_changed_or_missing_file_is_not_read(site: Asker) -> None:
    path = site.file("moving.csv", CSV)
    assert site.bind("moving", path)["retcode"] == 0
    path.write_text(CSV + "d,4,z\n")
    for answer in (site.ask("table/preview", namespace="ns", table_name="moving"), site.read("moving")):
        assert answer["retcode"] != 0
        assert "has changed since" in answer["retmsg"]
    path.unlink()
    refused = site.read("moving")
    assert refused["retcode"] == 100
    assert "cannot be read" in refused["retmsg"]
    assert site.ask("table/delete", namespace="ns", table_name="moving")["retcode"] == 0


def test_the_sites_own_files_cannot_be_bound(site: Asker) -> None:
    refused = site.bind("own", site.home / "keys" / "site.pem")
    assert refused["retcode"] == 100
    assert "own files" in refused["retmsg"]


def test_a_link_is_followed_once_and_for_all(site: Asker) -> None:
    target, link = site.file("target.csv", CSV), site.folder / "link.csv"
    link.symlink_to(target)
    assert site.bind("linked", link)["retcode"] == 0
    link.unlink()
    assert site.info("linked")["count"] == 3
    assert len(site.rows("linked")) == 3


def test_connectors_name_folders_and_keep_no_passwords(site: Asker) -> None:
    info = {"path": str(site.folder), "passwd": "geheim", "more": {"api_key": "geheim"}}
    made = site.ask("table/connector/create", connector_name="shelf", engine="FILE", connector_info=info)
    assert made["retcode"] == 0
    kept = site.ask("table/connector/query", connector_name="shelf")["data"]
    assert kept["connector_info"]["path"] == str(site.folder)
    assert "geheim" not in json.dumps(kept)
    assert "geheim" not in (site.home / "db" / "connectors.json").read_text()
    site.file("shelved.csv", CSV)
    address = {"connector_name": "shelf", "path": "shelved.csv"}
    assert site.bind("shelved", site.folder, address=address)["retcode"] == 0
    assert site.info("shelved")["count"] == 3
    assert site.ask("table/connector/query", connector_name="nosuch")["retcode"] == 101


def test_a_disabled_table_is_refused_and_can_be_enabled(site: Asker) -> None:
    site.ended(site.upload("switched", "id,x\na,1\nb,2\n"))
    switched = [{"table_name": "switched", "namespace": "ns"}]
    assert site.ask("table/disable", namespace="ns", table_name="switched")["data"] == switched
    refused = site.read("switched")
    assert refused["retcode"] == 100
    assert "ns.switched" in refused["retmsg"]
    download = site.ask("data/download", namespace="ns", table_name="switched", output_path=str(site.folder / "d"))
    assert "is disabled" in download["retmsg"]
    assert site.ask("table/enable", namespace="ns", name="switched")["data"] == switched
    assert site.ended(site.read("switched")["jobId"]) == "success"
    assert site.ask("table/disable", namespace="ns", table_name="nosuch")["retmsg"] == "no find table"
    assert site.ask("table/disable")["retcode"] == 100


def test_disabled_tables_are_deleted_together(site: Asker) -> None:
    path = site.file("kept.csv", CSV)
    for name in ("gone_1", "gone_2"):
        site.bind(name, path)
        site.ask("table/disable", namespace="ns", table_name=name)
    site.bind("stays", path)
    deleted = site.ask("table/disable/delete", namespace="ns")["data"]
    assert {one["table_name"] for one in deleted} == {"gone_1", "gone_2"}
    assert [site.info(name)["exist"] for name in ("gone_1", "gone_2", "stays")] == [0, 0, 1]
    assert path.read_text() == CSV
    assert site.ask("table/disable/delete", namespace="ns")["retcode"] == 101


def test_a_schema_is_changed_without_the_rows(site: Asker) -> None:
    site.ended(site.upload("renamed"))
    schema = {"sid": "key", "header": "p,q", "meta": {"input_format": "dense", "with_label": True}}
    changed = site.ask("table/schema/update", namespace="ns", table_name="renamed", schema=schema)["data"]["schema"]
    assert changed["header"] == "p,q"
    assert changed["meta"]["label_name"] == "y"
    preview = site.ask("table/preview", namespace="ns", table_name="renamed")["data"]
    assert preview["header"] == ["sid", "p", "q"]
    assert [tuple(row) for row in preview["data"]] == ROWS
    for wrong in ({"header": "p"}, {"header": "p,p"}, {"sid": "p"}, {"meta": {"nosuch": 1}}):
        assert site.ask("table/schema/update", namespace="ns", table_name="renamed", schema=wrong)["retcode"] == 100
    assert site.info("renamed")["schema"] == changed


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("bound", [True, False])
def test_a_table_comes_as_tar(site: Asker, method: str, bound: bool) -> None:
    name = f"tar_{method}_{bound}"
    if bound:
        site.bind(name, site.file("tar.csv", CSV))
    else:
        site.ended(site.upload(name))
    response = site.response("table/download", method, namespace="ns", name=name)
    assert response.status_code == 200
    assert response.headers["content-disposition"] == f"attachment; filename=table_ns_{name}.tar.gz"
    with tarfile.open(fileobj=io.BytesIO(response.content), mode="r:gz") as tar:
        content = {member.name: tar.extractfile(member).read().decode() for member in tar}  # type: ignore[union-attr]
    assert content["table.csv"] == CSV.replace("id,v,w", "sid,v,w")
    assert json.loads(content["table.meta"]) == {"header": ["sid", "v", "w"]}
    missing = site.response("table/download", method, namespace="ns", name="nosuch")
    assert missing.status_code == 210
    assert missing.json()["retcode"] == 210


def test_all_tables_are_listed_newest_first(site: Asker) -> None:
    site.ended(site.upload("listed_1"))
    site.bind("listed_2", site.file("listed.csv", CSV))
    lines = site.ask("table/all", namespace="ns")["data"]
    by_name = {line["table_name"]: line for line in lines}
    assert [line["create_time"] for line in lines] == sorted((line["create_time"] for line in lines), reverse=True)
    first, second = by_name["listed_1"], by_name["listed_2"]
    assert (first["count"], first["kind"], first["external"], first["enable"]) == (3, "raw", False, True)
    assert first["origin"]["component"] == "upload_0"
    assert (second["external"], second["engine"], second["origin"]) == (True, "PATH", {})
    assert len(site.ask("table/all", limit=2)["data"]) == 2
    assert all(not line["namespace"].startswith("output_data_") for line in site.ask("table/all")["data"])


def test_a_table_is_written_to_another_one(site: Asker) -> None:
    site.bind("original", site.file("original.csv", CSV))
    body = {"namespace": "ns", "table_name": "original", "output_namespace": "ns", "output_name": "copy"}
    answer = site.ask("data/writer", **body)
    assert answer["data"]["table_name"] == "copy"
    assert site.ended(answer["jobId"]) == "success"
    assert site.rows("copy") == site.rows("original")
    assert site.info("copy")["schema"] == site.info("original")["schema"]
    assert "already exists" in site.ask("data/writer", **body)["retmsg"]
    assert site.ended(site.ask("data/writer", **body, drop=1)["jobId"]) == "success"
    series = site.flow.metrics(answer["jobId"], "writer_0", Party("local", "0"))["writer"]["writer"]
    assert dict(series.data)["count"] == 3
    source = site.ask("table/tracking/source", namespace="ns", table_name="copy")["data"]
    assert source[0]["parent_table_name"] == "original"


def test_a_table_is_written_to_a_file_that_can_be_bound(site: Asker) -> None:
    site.ended(site.upload("exported"))
    for suffix, delimiter in ((".csv", ","), (".tsv", "\t")):
        target = site.folder / f"exported{suffix}"
        body = {"namespace": "ns", "table_name": "exported", "storage_engine": "PATH", "address": {"path": str(target)}}
        assert site.ended(site.ask("data/writer", **body)["jobId"]) == "success"
        assert target.read_text().splitlines()[:2] == [delimiter.join(("id", "v", "w")), delimiter.join(ROWS[0])]
        assert site.bind(f"back{suffix}", target)["retcode"] == 0
        refused = site.ask("data/writer", **body)
        assert "is bound to the file" in refused["retmsg"]
    over = {"namespace": "ns", "table_name": "exported", "output_path": str(site.folder / "exported.csv")}
    assert "is bound to the file" in site.ask("data/download", **over)["retmsg"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"storage_engine": "MYSQL"}, "MYSQL"),
        ({"output_path": "/tmp/x.parquet"}, "not a text file"),
        ({}, "output_namespace"),
        ({"table_name": "nosuch", "output_namespace": "ns", "output_name": "n"}, "'nosuch'"),
    ],
)
def test_what_cannot_be_written_is_refused(site: Asker, more: dict[str, Any], said: str) -> None:
    site.bind("source", site.file("source.csv", CSV), drop=1)
    answer = site.ask("data/writer", **{"namespace": "ns", "table_name": "source", **more})
    assert answer["retcode"] != 0
    assert said in answer["retmsg"]


def test_only_files_below_the_data_roots_can_be_bound_elsewhere(tmp_path: Path) -> None:
    home, roots = tmp_path / "home", tmp_path / "data"
    roots.mkdir()
    (roots / "in.csv").write_text(CSV)
    (tmp_path / "out.csv").write_text(CSV)
    (roots / "link.csv").symlink_to(tmp_path / "out.csv")
    local.start(home, port=0, parties=["guest:9999"])
    assert local.stop(home)
    settings = home / "site.toml"
    settings.write_text(settings.read_text().replace("data_roots = []", f'data_roots = ["{roots}"]'))
    local.start(home, port=0)
    with Asker(home, tmp_path) as site:
        assert site.bind("in", roots / "in.csv")["retcode"] == 0
        assert site.bind("relative", Path("in.csv"))["retcode"] == 0
        for path in (tmp_path / "out.csv", roots / ".." / "out.csv", roots / "link.csv"):
            assert site.bind("out", path)["retcode"] == 103
            assert "below its data roots" in site.run_locally("Upload", file=str(path))["retmsg"]
        target = {"namespace": "ns", "name": "in", "output_path": str(tmp_path / "taken.csv")}
        assert "below its data roots" in site.run_locally("Download", **target)["retmsg"]
        assert not (tmp_path / "taken.csv").exists()
        assert site.ended(site.run_locally("Upload", file=str(roots / "in.csv"))["jobId"]) == "success"
    assert local.stop(home)
