"""What an upload does with odd requests and odd files, over HTTP at a running site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from fateflow_tui.sdk import local
from tests.contract.table_asker import CSV, Asker

AT_LOCAL = {"role": "local", "party_id": "0", "component_name": "upload_0"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("files")
    local.start(home, port=0)
    with Asker(home, folder) as asker:
        yield asker
    assert local.stop(home)


def cause_of(site: Asker, job_id: str) -> str:
    """What the failure card of an upload says."""
    assert site.ended(job_id) == "failed"
    return site.flow.job(job_id).cards[0].cause


def test_the_delimiter_of_the_request_counts(site: Asker) -> None:
    job_id = site.upload("semicolons", "id;v;w\na;1,5;x\n", id_delimiter=";", delimiter=",")
    assert site.ended(job_id) == "success"
    assert site.info("semicolons")["schema"] == {"sid": "id", "header": "v;w"}
    assert site.ask("table/preview", namespace="ns", table_name="semicolons")["data"]["count"] == 1


@pytest.mark.parametrize(("drop", "replaced"), [(1, True), ("1", True), (True, True), (2, False), (0, False)])
def test_only_one_and_true_replace_a_table(site: Asker, drop: Any, replaced: bool) -> None:
    name = f"drop_{drop}_{type(drop).__name__}"
    assert site.ended(site.upload(name)) == "success"
    path = site.file("other.csv", "id,z\nq,1\n")
    conf = {"file": str(path), "namespace": "ns", "table_name": name, "head": 1, "partition": 2, "drop": drop}
    answer = site.ask("data/upload", **conf, use_local_data=0)
    if replaced:
        assert site.ended(answer["jobId"]) == "success"
    else:
        assert answer["retcode"] == 100
        assert "already exists" in answer["retmsg"]
    assert site.info(name)["schema"]["header"] == ("z" if replaced else "v,w")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"head": 2}, "head"),
        ({"head": "x"}, "head"),
        ({"partition": 0}, "partition"),
        ({"partition": 1024}, "partition"),
        ({"auto_increasing_sid": 1}, "extend_sid"),
        ({"with_meta": 1, "meta": {"with_match_id": True}}, "match ids"),
        ({"with_meta": 1, "meta": {"input_format": "images"}}, "input_format"),
        ({"with_meta": 1, "meta": {"input_format": "tag"}}, "head to 0"),
        ({"with_meta": 1, "meta": "{"}, "meta is not a JSON object"),
        ({"schema": {"header": "a,b"}}, "header line"),
        ({"duplicate_ids": "some"}, "duplicate_ids"),
    ],
)
def test_requests_that_cannot_be_met_are_refused(site: Asker, more: dict[str, Any], said: str) -> None:
    path = site.file("fine.csv", CSV)
    conf = {"file": str(path), "namespace": "ns", "table_name": "refused", "head": 1, "partition": 2}
    answer = site.ask("data/upload", **{**conf, "use_local_data": 0, **more})
    assert answer["retcode"] == 100
    assert said in answer["retmsg"]
    assert site.info("refused")["exist"] == 0


@pytest.mark.parametrize("head", [True, "1", 1])
@pytest.mark.parametrize("partition", [1, "1023"])
def test_numbers_may_be_texts(site: Asker, head: Any, partition: Any) -> None:
    name = f"texts_{head!r}_{partition}".replace("'", "q")
    assert site.ended(site.upload(name, head=head, partition=partition)) == "success"
    assert site.info(name)["partition"] == int(partition)


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "is empty"), ("\n", "first line"), ("id,v\n", "no valid rows"), (None, "does not exist at this site")],
)
def test_a_file_without_rows_fails_and_says_so(site: Asker, content: str | None, said: str) -> None:
    path = site.folder / f"useless_{said}.csv".replace(" ", "_")
    if content is not None:
        path.write_text(content)
    conf = {"file": str(path), "namespace": "ns", "table_name": "useless", "head": 1, "partition": 2}
    answer = site.ask("data/upload", **conf, use_local_data=0)
    assert answer["retcode"] == 0
    assert said in cause_of(site, answer["jobId"])
    assert site.info("useless")["exist"] == 0


def test_every_row_that_was_read_is_stored_or_counted(site: Asker) -> None:
    text = "id,v,w\na,1,x\nb,2\n,3,y\na,4,z\nc,5,u\n\na,6,v\n"
    job_id = site.upload("counted", text)
    assert site.ended(job_id) == "success"
    counts = site.ask("tracking/component/summary/download", job_id=job_id, **AT_LOCAL)["data"]
    assert counts["rows_read"] == counts["rows_stored"] + counts["rows_rejected"] == 6
    assert (counts["malformed"], counts["without_id"], counts["duplicate_ids"]) == (1, 1, 2)
    assert site.info("counted")["count"] == counts["rows_stored"] == 2
    series = site.ask("tracking/component/metric/all", job_id=job_id, **AT_LOCAL)["data"]["upload"]["data_access"]
    assert series["data"] == [["count", 2]]
    assert series["meta"]["metric_type"] == "UPLOAD"
    assert series["meta"]["duplicate_ids"] == 2
    log = site.home / "logs" / job_id / "local" / "0" / "upload_0" / "WARNING.log"
    assert len(log.read_text().splitlines()) == 1
    assert "duplicate ids: 2" in log.read_text()


def test_rows_can_be_given_ids(site: Asker) -> None:
    for name, more in (("numbered", {"auto_increasing_sid": 1}), ("unique", {}), ("unique_2", {})):
        assert site.ended(site.upload(name, "a,b\n1,2\n1,3\n", extend_sid=1, **more)) == "success"
        assert site.info(name)["schema"] == {"sid": "sid", "header": "a,b", "extend_tag": True}
    assert site.rows("numbered") == [["0", "1", "2"], ["1", "1", "3"]]
    ids = [row[0] for name in ("unique", "unique_2") for row in site.rows(name)]
    assert len(set(ids)) == 4
    assert (
        site.ended(site.upload("whole", "1:2 3\n4\n", extend_sid=True, auto_increasing_sid="true", head=0)) == "success"
    )
    assert site.rows("whole") == [["0", "1:2 3"], ["1", "4"]]


def test_the_columns_of_a_file_without_a_header_line_can_be_named(site: Asker) -> None:
    assert site.ended(site.upload("headless", "a,1,2\n", head=0, schema={"sid": "id", "header": "p,q"})) == "success"
    assert site.info("headless")["schema"] == {"sid": "id", "header": "p,q"}
    assert site.rows("headless") == [["a", "1", "2"]]
    job_id = site.upload("headless_2", "a,1\n", head=0, schema={"sid": "id", "header": "p,q"})
    assert "2 fields, but 3 columns are named" in cause_of(site, job_id)


@pytest.mark.parametrize(("input_format", "head"), [("dense", 1), ("svmlight", 0), ("tag", 0)])
def test_the_format_of_the_rows_is_kept_in_the_schema(site: Asker, input_format: str, head: int) -> None:
    name = f"format_{input_format}"
    meta = {"input_format": input_format, "tag_with_value": True, "delimiter": ";"}
    assert site.ended(site.upload(name, "id,v\na,1:2\n", head=head, with_meta=True, meta=meta)) == "success"
    schema = site.info(name)["schema"]
    assert {**schema["meta"], **meta} == schema["meta"]
    assert ("sid" in schema) == bool(head)


def test_what_1_11_clients_always_send_is_taken(site: Asker) -> None:
    more = {"extend_sid": False, "auto_increasing_sid": False, "with_meta": False, "schema": {}, "block_size": None}
    job_id = site.upload("modern", **more, meta={"input_format": "tag", "with_match_id": True, "more": 1})
    assert site.ended(job_id) == "success"
    assert site.info("modern")["schema"] == {"sid": "id", "header": "v,w"}


def test_the_configuration_may_come_as_form_fields_with_texts(site: Asker) -> None:
    conf = {"namespace": "ns", "table_name": "fields", "head": "0", "partition": "3", "with_meta": "true"}
    conf["meta"] = '{"input_format": "tag"}'
    files = {"file": ("x.csv", b"a,p;q\n", "application/octet-stream")}
    url = f"{site.flow.target.url}/v1/data/upload"
    answer = httpx.post(url, data=conf, files=files, trust_env=False, timeout=60).json()
    assert site.ended(answer["jobId"]) == "success"
    assert site.info("fields")["schema"]["meta"]["input_format"] == "tag"
    assert list((site.home / "uploads").iterdir()) == []


def test_an_upload_may_ask_for_cores_and_memory(site: Asker) -> None:
    job_id = site.upload("sized", task_cores=2, task_memory="500")
    assert site.ended(job_id) == "success"
    record = site.ask("job/query", job_id=job_id)["data"][0]
    assert (record["f_cores"], record["f_memory"]) == (2, 500)


def test_the_history_has_the_notes(site: Asker) -> None:
    job_id = site.upload("noted")
    assert site.ended(job_id) == "success"
    site.ask("job/update", job_id=job_id, role="local", party_id=0, notes="of the spring")
    entry = site.ask("data/upload/history", job_id=job_id)["data"][0][job_id]
    assert entry["notes"] == "of the spring"
    assert entry["upload_info"] == {"table_name": "noted", "namespace": "ns", "partition": 2, "upload_count": 3}
    assert site.ask("data/upload/history", limit=1)["data"] == [{job_id: entry}]


@pytest.mark.slow
def test_sixty_megabytes_go_through_a_small_worker(site: Asker, tmp_path: Path) -> None:
    """Sent over HTTP, with a task memory that could not hold the file's rows."""
    path = tmp_path / "large.csv"
    line = ",".join(f"{number / 7:.6f}" for number in range(20))
    with path.open("w") as file:
        file.write("id," + ",".join(f"x{number}" for number in range(20)) + "\n")
        file.writelines(f"{row:09},{line}\n" for row in range(300_000))
    assert path.stat().st_size > 55e6
    conf = {"namespace": "ns", "table_name": "large", "head": 1, "partition": 4, "task_memory": 200}
    query = quote(json.dumps(conf), safe="")
    with path.open("rb") as file:
        url = f"{site.flow.target.url}/v1/data/upload?{query}"
        answer = httpx.post(url, files={"file": ("large.csv", file)}, trust_env=False, timeout=100).json()
    assert site.flow.wait(answer["jobId"], timeout=100).status == "success", site.flow.job(answer["jobId"]).cards
    assert site.info("large")["count"] == 300_000
