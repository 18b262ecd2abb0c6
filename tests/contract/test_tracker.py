"""Deleting, reporting, changing and tracing what jobs have left, over HTTP at a running site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.sdk import local
from tests.contract.table_asker import Asker

GUEST = {"role": "guest", "party_id": 9999}
DATA = "id,y,x0\n" + "".join(f"{number},{number % 2},{number / 3}\n" for number in range(30))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asker]:
    """It has the table ns.data."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("files")
    local.start(home, port=0)
    with Asker(home, folder) as asker:
        assert asker.ended(asker.upload("data", DATA)) == "success"
        yield asker
    assert local.stop(home)


def finished(site: Asker) -> str:
    """A job that has read the table."""
    job_id = str(site.read("data")["jobId"])
    assert site.ended(job_id) == "success"
    return job_id


def sleeping(site: Asker, seconds: float = 60) -> str:
    """A job that runs until it is stopped."""
    dsl = {"components": {"sleep_0": {"module": "Sleep", "output": {"data": ["data"]}}}}
    conf = {
        "dsl_version": 2,
        "initiator": GUEST,
        "role": {"guest": [9999]},
        "job_parameters": {"common": {"task_cores": 1}},
        "component_parameters": {"common": {"sleep_0": {"seconds": seconds}}},
    }
    return str(site.ask("job/submit", job_dsl=dsl, job_runtime_conf=conf)["jobId"])


def series(site: Asker, job_id: str, component: str = "reader_0") -> dict[str, Any]:
    data: dict[str, Any] = site.ask("tracking/component/metrics", job_id=job_id, component_name=component, **GUEST)[
        "data"
    ]
    return data


def outputs(site: Asker, job_id: str) -> dict[str, list[tuple[str, str]]]:
    tables = site.ask("table/list", job_id=job_id, **GUEST)["data"]
    return {
        name: [(one["namespace"], one["name"]) for one in of_one["output"].values()] for name, of_one in tables.items()
    }


def test_metrics_of_a_job_are_deleted(site: Asker) -> None:
    job_id, other = finished(site), finished(site)
    assert series(site, job_id) == {"reader_namespace": ["reader_name"]}
    nothing = site.ask("tracking/component/metric/delete", job_id=job_id, component_name="dataio_0")
    assert nothing["data"] == "deleted 0 metric series of 0 jobs"
    assert series(site, job_id)
    for wrong in ({"role": "host"}, {"party_id": "1"}, {"metric_namespace": "nosuch"}, {"task_version": 1}):
        site.ask("tracking/component/metric/delete", job_id=job_id, **wrong)
        assert series(site, job_id)
    right = {"component_name": "reader_0", "metric_name": "reader_name", **GUEST}
    answer = site.ask("tracking/component/metric/delete", job_id=job_id, **right)
    assert answer == {"retcode": 0, "retmsg": "success", "data": "deleted 1 metric series of 1 job"}
    assert series(site, job_id) == {}
    assert series(site, other)


def test_metrics_of_a_day_are_deleted_but_not_those_of_running_jobs(site: Asker) -> None:
    ended, running = finished(site), sleeping(site)
    try:
        refused = site.ask("tracking/component/metric/delete", job_id=running)
        assert refused["retcode"] == 103
        assert "has not ended" in refused["retmsg"]
        text = site.ask("tracking/component/metric/delete", model=ended[:8], component_name="reader_0")["data"]
        assert "1 running jobs were left unchanged" in text
        assert series(site, ended) == {}
    finally:
        site.ask("job/stop", job_id=running)
    for body in ({}, {"model": "2026"}, {"model": "2026/../"}, {"job_id": "nosuch"}):
        assert site.ask("tracking/component/metric/delete", **body)["retcode"] == 100


def test_a_cleaned_job_leaves_what_it_only_read(site: Asker) -> None:
    job_id = finished(site)
    made = outputs(site, job_id)
    namespace, name = made["dataio_0"][0]
    assert made["reader_0"] == [("ns", "data")]
    assert site.ask("table/table_info", namespace=namespace, table_name=name)["data"]["exist"] == 1
    assert site.ask("job/clean", job_id=job_id, component_name="reader_0") == {"retcode": 0, "retmsg": "success"}
    assert site.ask("table/table_info", namespace=namespace, table_name=name)["data"]["exist"] == 1
    assert site.ask("job/clean", job_id=job_id) == {"retcode": 0, "retmsg": "success"}
    assert site.ask("table/table_info", namespace=namespace, table_name=name)["data"]["exist"] == 0
    assert site.info("data")["exist"] == 1
    assert series(site, job_id) == {}
    upload = site.upload("uploaded", DATA)
    site.ended(upload)
    assert site.ask("job/clean", job_id=upload)["retcode"] == 0
    assert site.info("uploaded")["count"] == 30


def test_cleaning_needs_an_ended_job(site: Asker) -> None:
    running = sleeping(site)
    try:
        assert site.ask("job/clean", job_id=running)["retcode"] == 103
    finally:
        site.ask("job/stop", job_id=running)
    assert site.ask("job/clean")["retcode"] == 100
    assert site.ask("job/clean", job_id="nosuch")["retcode"] == 100
    assert site.ask("job/clean", job_id=finished(site), component_name="nosuch")["retcode"] == 100


def test_a_report_has_the_times_of_tasks(site: Asker) -> None:
    job_id = finished(site)
    lines = {line["component_name"]: line for line in site.ask("job/report", job_id=job_id)["data"]}
    assert lines.keys() == {"reader_0", "dataio_0"}
    for line in lines.values():
        assert line["elapsed"] == line["end_time"] - line["start_time"] >= 0
        assert line["waited"] == line["start_time"] - line["create_time"]
        assert (line["role"], line["party_id"], line["status"]) == ("guest", "9999", "success")
    assert lines["dataio_0"]["start_time"] >= lines["reader_0"]["end_time"]
    assert len(site.ask("job/report", job_id=job_id, component_name="reader_0")["data"]) == 1
    assert site.ask("job/report", job_id="nosuch")["retcode"] == 101


def test_the_logs_of_a_job_have_a_path(site: Asker) -> None:
    job_id = finished(site)
    path = Path(site.ask("job/log/path", job_id=job_id)["data"]["logs_directory"])
    assert (path / "guest" / "9999" / "reader_0").is_dir()
    assert site.ask("job/log/path", job_id="nosuch")["retcode"] == 101
    assert site.ask("job/log/path", job_id="../db")["retcode"] == 100


DSL = {
    "components": {
        "reader_0": {"module": "Reader", "output": {"data": ["data"]}},
        "dataio_0": {
            "module": "DataIO",
            "input": {"data": {"data": ["reader_0.data"]}},
            "output": {"data": ["data"], "model": ["model"]},
        },
    }
}


@pytest.mark.parametrize("chosen", ["reader_0,dataio_0", "[reader_0, dataio_0,]", ["reader_0", "dataio_0"]])
@pytest.mark.parametrize("train_dsl", [DSL, json.dumps(DSL)])
def test_a_predict_dsl_is_generated(site: Asker, chosen: Any, train_dsl: Any) -> None:
    made = site.ask("job/dsl/generate", train_dsl=train_dsl, cpn_str=chosen)["data"]
    assert made["components"]["dataio_0"]["input"]["model"] == ["pipeline.dataio_0.model"]
    response = site.response("job/dsl/generate", train_dsl=train_dsl, cpn_str=chosen, filename="predict.json")
    assert response.status_code == 200
    assert response.headers["content-disposition"] == "attachment; filename=predict.json"
    assert response.json() == made


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"cpn_str": "reader_0"}, "train_dsl"),
        ({"train_dsl": DSL}, "cpn_str"),
        ({"train_dsl": DSL, "cpn_str": "nosuch_0"}, "nosuch_0"),
        ({"train_dsl": DSL, "cpn_str": "a/b"}, "slashes"),
        ({"train_dsl": "{", "cpn_str": "a"}, "DSL generating failed"),
        ({"train_dsl": 3, "cpn_str": "a"}, "DSL generating failed"),
        ({"train_dsl": DSL, "cpn_str": "reader_0", "version": "1"}, "dsl_version 2"),
        ({"train_dsl": DSL, "cpn_str": "reader_0", "filename": "../x"}, "file name"),
    ],
)
def test_no_predict_dsl_is_a_210(site: Asker, body: dict[str, Any], said: str) -> None:
    response = site.response("job/dsl/generate", **body)
    assert response.status_code == 210
    assert response.json()["retcode"] == 210
    assert said in response.json()["retmsg"]


def test_changed_parameters_wait_for_the_rerun(site: Asker) -> None:
    job_id = finished(site)
    first = {"common": {"dataio_0": {"with_label": True, "label_name": "y"}}}
    answer = site.ask("job/parameter/update", job_id=job_id, component_parameters=first)
    assert answer["data"]["components"] == ["dataio_0"]
    assert answer["data"]["component_parameters"] == first
    second = {"common": {"dataio_0": {"label_type": "float"}}}
    kept = site.ask("job/parameter/update", job_id=job_id, component_parameters=second)["data"]["component_parameters"]
    assert kept["common"]["dataio_0"] == {"with_label": True, "label_name": "y", "label_type": "float"}
    for wrong in ({"common": {"dataio_0": {"nosuch": 1}}}, {"common": {"nosuch_0": {"x": 1}}}, {"common": 3}):
        assert site.ask("job/parameter/update", job_id=job_id, component_parameters=wrong)["retcode"] == 100
    assert site.ask("job/rerun", job_id=job_id)["retcode"] == 0
    assert site.ended(job_id) == "success"
    at = {"job_id": job_id, "component_name": "dataio_0", **GUEST}
    shown = site.ask("tracking/component/parameters", **at)["data"]
    assert (shown["DataIOParam"]["label_name"], shown["DataIOParam"]["label_type"]) == ("y", "float")
    assert site.ask("tracking/component/output/data", **at)["meta"]["header"][0][:2] == ["id", "y"]
    again = site.ask("job/rerun", job_id=job_id)
    assert again["retcode"] == 103
    assert "nothing to rerun" in again["retmsg"]


def test_parameters_of_running_and_unknown_jobs_stay(site: Asker) -> None:
    changes = {"common": {"sleep_0": {"seconds": 1}}}
    running = sleeping(site)
    try:
        refused = site.ask("job/parameter/update", job_id=running, component_parameters=changes)
        assert refused["retcode"] == 103
    finally:
        site.ask("job/stop", job_id=running)
    assert site.ask("job/parameter/update", job_id="nosuch", component_parameters=changes)["retcode"] == 102
    assert site.ask("job/parameter/update", job_id=running)["retcode"] == 100


def test_a_table_is_traced_to_its_source_and_its_jobs(site: Asker) -> None:
    job_id = finished(site)
    namespace, name = outputs(site, job_id)["dataio_0"][0]
    source = site.ask("table/tracking/source", namespace=namespace, table_name=name)["data"]
    assert source == [
        {
            "parent_table_name": "data",
            "parent_table_namespace": "ns",
            "source_table_name": "data",
            "source_table_namespace": "ns",
            "job_id": job_id,
            "component_name": "dataio_0",
        }
    ]
    assert site.ask("table/tracking/source", namespace="ns", table_name="data")["data"] == []
    assert site.ask("table/tracking/source", namespace="ns", table_name="nosuch")["retcode"] == 101
    copy = {"output_namespace": "ns", "output_name": "instances", "drop": 1}
    written = site.ask("data/writer", namespace=namespace, table_name=name, **copy)["jobId"]
    assert site.ended(written) == "success"
    traced = site.ask("table/tracking/source", namespace="ns", table_name="instances")["data"]
    assert [(one["parent_table_name"], one["source_table_name"]) for one in traced] == [(name, "data")]
    used = site.ask("table/tracking/job", namespace="ns", table_name="data")["data"]
    assert used["job"][0] == job_id
    assert used["count"] == len(used["job"]) == len(set(used["job"]))
    assert site.ask("table/tracking/job", namespace=namespace, table_name=name)["data"] == {
        "count": 1,
        "job": [written],
    }


def test_a_job_knows_its_tables_and_its_model(site: Asker) -> None:
    job_id = finished(site)
    lineage = site.ask("job/lineage", job_id=job_id)["data"]
    read, made = lineage["tables_read"], lineage["tables_made"]
    assert [(one["party"], one["component"], one["namespace"], one["name"]) for one in read] == [
        ("guest:9999", "reader_0", "ns", "data")
    ]
    uploads = site.ask("data/upload/history", job_id=read[0]["job_id"])["data"]
    assert uploads[0][read[0]["job_id"]]["upload_info"]["table_name"] == "data"
    assert [(one["component"], one["port"], one["count"], one["job_id"]) for one in made] == [
        ("dataio_0", "data", 30, job_id)
    ]
    assert lineage["model"]["model_version"] == job_id
    of_upload = site.ask("job/lineage", job_id=read[0]["job_id"])["data"]
    assert [(one["namespace"], one["name"]) for one in of_upload["tables_made"]] == [("ns", "data")]
    assert of_upload["model"] is None
    assert site.ask("job/lineage", job_id="nosuch")["retcode"] == 102


def test_a_model_is_shown_as_it_was_learned(site: Asker) -> None:
    job_id = finished(site)
    answer = site.ask("tracking/component/output/model", job_id=job_id, component_name="dataio_0", **GUEST)
    assert answer["data"]["header"] == ["y", "x0"]
    assert answer["meta"]["module_name"] == "DataIO"
    assert answer["meta"]["meta_data"]["inputFormat"] == "dense"
    without_role = site.ask("tracking/component/output/model", job_id=job_id, component_name="dataio_0")
    assert without_role == answer
    none = site.ask("tracking/component/output/model", job_id=job_id, component_name="reader_0", **GUEST)
    assert none == {"retcode": 0, "retmsg": "no data", "data": {}}
    elsewhere = {"job_id": job_id, "component_name": "dataio_0", "role": "host", "party_id": 1}
    assert site.ask("tracking/component/output/model", **elsewhere)["data"] == {}
