"""A trained model answers online with the scores that jobs give the same rows, over three sites."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.status import Status
from tests.integration.clusters import RunningSite, fate_job, three_sites

GUEST_TABLE, HOST_TABLE = "breast_hetero_guest", "breast_hetero_host"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[list[RunningSite]]:
    with three_sites(tmp_path_factory.mktemp("serving")) as running:
        for site, name in zip(running, (GUEST_TABLE, HOST_TABLE), strict=False):
            site.upload(name, shared / "fate" / "data" / f"{name}.csv")
        yield running


def post(site: RunningSite, path: str, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.post(site.url + path, json=body, timeout=60, trust_env=False).json()
    return answer


def done(site: RunningSite, path: str, **body: Any) -> Any:
    answer = post(site, path, **body)
    assert answer["retcode"] == 0, answer
    return answer.get("data")


def scores_of(site: RunningSite, job_id: str) -> dict[str, float]:
    """What the guest's task of a job gave each id."""
    [output] = site.flow.output_tables(job_id, "hetero_lr_0", "guest:9999")
    table = Tables(Home(site.home).tables).open(output.table_namespace, output.table_name)
    frame = table.frame()
    return dict(zip(frame[table.meta.sid], frame["predict_score"], strict=True))


def rows_of(file: Path) -> dict[str, dict[str, str]]:
    """The features of a CSV file by id, as a client would have them."""
    with file.open(newline="") as lines:
        return {row.pop("id"): row for row in csv.DictReader(lines)}


def finished(site: RunningSite, dsl: Any, conf: Any) -> str:
    job_id: str = site.flow.submit(dsl, conf).job_id
    assert site.flow.wait(job_id, timeout=100).status is Status.SUCCESS, site.flow.job(job_id).cards
    return job_id


@pytest.mark.slow
def test_online_scores_are_those_of_jobs(sites: list[RunningSite], shared: Path) -> None:
    guest, host, _ = sites
    dsl, conf = fate_job(shared, "hetero_lr_normal", {"max_iter": 3})
    trained = finished(guest, dsl, conf)
    [record] = done(guest, "/v1/model/query", model_version=trained, role="guest", party_id="9999")
    model_id = record["f_model_id"]
    deployed = done(guest, "/v1/model/deploy", model_id=model_id, model_version=trained)
    version = deployed["model_version"]
    named = {"job_parameters": {"model_id": model_id, "model_version": version}}
    roles = {"initiator": {"role": "guest", "party_id": "9999"}, "role": {"guest": ["9999"], "host": ["10000"]}}
    done(guest, "/v1/model/load", **roles, **named)
    done(guest, "/v1/model/bind", service_id="breast", **roles, **named)

    rows = rows_of(shared / "fate" / "data" / f"{GUEST_TABLE}.csv")
    expected = scores_of(guest, trained)
    first = next(iter(expected))
    lacking = infer(guest, rows[first], first)
    assert (lacking["retcode"], "fateflow serving features bind" in lacking["retmsg"]) == (2116, True)
    bound = done(
        host,
        "/v1/serving/features/bind",
        role="host",
        party_id="10000",
        namespace="experiment",
        name=HOST_TABLE,
        model_id=model_id,
    )
    assert bound["rows"] == 569

    for identifier in list(expected)[:50]:
        answer = infer(guest, rows[identifier], identifier)
        assert answer["retcode"] == 0, answer
        assert answer["data"]["score"] == pytest.approx(expected[identifier], abs=1e-9)
    batch = [
        {"index": place, "featureData": rows[identifier], "sendToRemoteFeatureData": {"id": identifier}}
        for place, identifier in enumerate(expected)
    ]
    body = {"head": {"serviceId": "breast"}, "body": {"batchDataList": batch}}
    answer = post(guest, "/federation/v1/batchInference", **body)
    found = [line["data"]["score"] for line in answer["batchDataList"]]
    assert found == pytest.approx(list(expected.values()), abs=1e-9)

    # A predict job with the same version, whose rows get the same scores.
    predict = {
        "dsl_version": 2,
        "initiator": conf["initiator"],
        "role": conf["role"],
        "job_parameters": {"common": {"job_type": "predict", "model_id": model_id, "model_version": version}},
        "component_parameters": {"role": conf["component_parameters"]["role"]},
    }
    predicted = scores_of(guest, finished(guest, {}, predict))
    assert predicted == pytest.approx(expected, abs=1e-9)

    # What is loaded and bound outlives the processes.
    for site in (guest, host):
        site.crash()
        site.start()
    again = infer(guest, rows[first], first)
    assert again["data"]["score"] == pytest.approx(expected[first], abs=1e-9)
    listed = done(guest, "/v1/serving/list")
    assert [(one["service_id"], one["model_version"]) for one in listed["services"]] == [("breast", version)]


def infer(site: RunningSite, features: dict[str, str], identifier: str) -> dict[str, Any]:
    body = {"featureData": features, "sendToRemoteFeatureData": {"id": identifier}}
    return post(site, "/federation/1.0/inference", head={"serviceId": "breast"}, body=body)
