"""The main job on files that are bound and not copied: the same result, its models as FATE shows them, its lineage."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.wire_shapes import differences
from tests.integration.clusters import RunningSite, fate_job, standalone

FILES = ("breast_hetero_guest", "breast_hetero_host")


class Trained:
    """A site, and a job that it has trained on bound files."""

    def __init__(self, site: RunningSite, shared: Path, folder: Path) -> None:
        self.site = site
        self.files = [folder / f"{name}.csv" for name in FILES]
        for path in self.files:
            path.write_bytes((shared / "fate" / "data" / path.name).read_bytes())
            bound = self.ask(
                "table/bind", engine="PATH", namespace="experiment", name=path.stem, address={"path": str(path)}
            )
            assert bound["retcode"] == 0, bound
        self.before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in self.files]
        job = site.flow.submit(*fate_job(shared, "hetero_lr_normal", {"max_iter": 3}))
        line = site.flow.wait(job.job_id, timeout=100)
        assert line.status == "success", site.flow.job(job.job_id).cards
        self.job_id = job.job_id

    def ask(self, path: str, **body: Any) -> dict[str, Any]:
        response = httpx.post(f"{self.site.url}/v1/{path}", content=json.dumps(body), trust_env=False, timeout=60)
        answer: dict[str, Any] = response.json()
        return answer

    def model(self, job_id: str, component: str, role: str = "guest", party_id: int = 9999) -> dict[str, Any]:
        at = {"job_id": job_id, "component_name": component, "role": role, "party_id": party_id}
        return self.ask("tracking/component/output/model", **at)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[Trained]:
    with standalone(tmp_path_factory.mktemp("home")) as site:
        yield Trained(site, shared, tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="module")
def predicted(trained: Trained) -> str:
    """A predict job of the trained model, on the same tables."""
    deployed = trained.ask(
        "model/deploy", model_id="arbiter-10000#guest-9999#host-10000#model", model_version=trained.job_id
    )
    assert deployed["retcode"] == 0, deployed
    version = deployed["data"]["model_version"]
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999], "host": [10000], "arbiter": [10000]},
        "job_parameters": {
            "common": {"job_type": "predict", "model_id": deployed["data"]["model_id"], "model_version": version}
        },
        "component_parameters": {
            "role": {
                role: {"0": {"reader_0": {"table": {"namespace": "experiment", "name": name}}}}
                for role, name in zip(("guest", "host"), FILES, strict=True)
            }
        },
    }
    job = trained.ask("job/submit", job_dsl={}, job_runtime_conf=conf)
    assert job["retcode"] == 0, job
    assert trained.site.flow.wait(job["jobId"], timeout=60).status == "success"
    return str(job["jobId"])


def test_bound_files_train_the_same_model_and_stay_as_they_are(trained: Trained) -> None:
    assert trained.site.auc(trained.job_id) == pytest.approx(0.979520, abs=1e-4)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in trained.files] == trained.before
    lineage = trained.ask("job/lineage", job_id=trained.job_id)["data"]
    assert {(one["party"], one["name"]) for one in lineage["tables_read"]} == {
        ("guest:9999", FILES[0]),
        ("host:10000", FILES[1]),
    }
    scores = next(one for one in lineage["tables_made"] if one["component"] == "hetero_lr_0")
    source = trained.ask("table/tracking/source", namespace=scores["namespace"], table_name=scores["name"])["data"]
    assert {one["source_table_name"] for one in source} == {FILES[0]}


@pytest.mark.parametrize(
    ("file", "component", "role", "party_id"),
    [
        ("dataio_0", "dataio_0", "guest", 9999),
        ("hetero_lr_0", "hetero_lr_0", "guest", 9999),
        ("host", "hetero_lr_0", "host", 10000),
        ("intersection_0", "intersection_0", "guest", 9999),
        ("evaluation_0", "evaluation_0", "guest", 9999),
    ],
)
def test_models_have_the_originals_members(
    trained: Trained, shared: Path, file: str, component: str, role: str, party_id: int
) -> None:
    path = shared / "fate" / "wire" / f"tracking_component_output_model_{file}.json"
    ours = trained.model(trained.job_id, component, role, party_id)
    assert differences(json.loads(path.read_bytes()), ours) == []


def test_a_predict_job_shows_the_model_that_it_uses(trained: Trained, predicted: str) -> None:
    for component, role, party_id in (("hetero_lr_0", "guest", 9999), ("hetero_lr_0", "host", 10000)):
        used = trained.model(predicted, component, role, party_id)
        assert used["data"]["weight"]
        assert used == trained.model(trained.job_id, component, role, party_id)
    model = trained.ask("job/lineage", job_id=predicted)["data"]["model"]
    assert model["made"] is False
    assert model["model_version"] != trained.job_id


def test_predictions_come_with_one_quoted_cell_of_details(trained: Trained, predicted: str) -> None:
    at = {"job_id": predicted, "component_name": "hetero_lr_0", "role": "guest", "party_id": 9999}
    response = httpx.request(
        "GET",
        f"{trained.site.url}/v1/tracking/component/output/data/download",
        content=json.dumps(at),
        trust_env=False,
        timeout=60,
    )
    assert response.status_code == 200
    with tarfile.open(fileobj=io.BytesIO(response.content), mode="r:gz") as tar:
        content = {member.name: tar.extractfile(member).read().decode() for member in tar}  # type: ignore[union-attr]
    name = next(name for name in content if name.endswith(".csv"))
    header, *rows = content[name].splitlines()
    names = json.loads(content[name.replace(".csv", ".meta")])["header"]
    assert header.split(",") == names
    assert names[-5:] == ["label", "predict_result", "predict_score", "predict_detail", "type"]
    assert len(rows) == 569
    cells = next(csv.reader([rows[0]]))
    assert len(cells) == len(names)
    assert cells[-1] == "predict"
    detail = json.loads(cells[-2].replace("'", '"'))
    assert sum(detail.values()) == pytest.approx(1)
    assert f'"{cells[-2]}"' in rows[0]
    assert '"' not in cells[-2]


def test_a_cleaned_predict_job_leaves_model_and_files(trained: Trained, predicted: str) -> None:
    assert trained.ask("job/clean", job_id=predicted)["retcode"] == 0
    at = {"job_id": predicted, "component_name": "hetero_lr_0", "role": "guest", "party_id": 9999}
    assert trained.ask("tracking/component/output/data", **at)["retcode"] == 101
    assert trained.model(predicted, "hetero_lr_0")["data"]["weight"]
    assert [path.read_bytes() for path in trained.files] == [content for content, _ in trained.before]
