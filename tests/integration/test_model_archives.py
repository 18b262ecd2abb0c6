"""Model parts on their way: from one cluster to another under other party ids, to a second location and back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fateflow_tui.core.status import Status
from tests.integration.clusters import RunningSite, fate_job, standalone, three_sites
from tests.integration.test_models import GUEST_TABLE, HOST_TABLE, MODEL_ID, deploy, predict, predict_conf, scores

NEW_PARTIES = ("guest:10000", "host:9999", "arbiter:9998")  # guest and host have changed places
NEW_ROLES = {"guest": [10000], "host": [9999], "arbiter": [9998]}
NEW_ID = "arbiter-9998#guest-10000#host-9999#model"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[list[RunningSite]]:
    with three_sites(tmp_path_factory.mktemp("old")) as sites:
        upload(sites, shared)
        yield sites


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[list[RunningSite]]:
    with three_sites(tmp_path_factory.mktemp("new"), NEW_PARTIES) as sites:
        upload(sites, shared)
        yield sites


@pytest.fixture(scope="module")
def deployed(old: list[RunningSite], shared: Path) -> str:
    job = old[0].flow.submit(*fate_job(shared, "hetero_lr_normal", {"max_iter": 3}))
    for site in old:  # the driver's record ends before those of the other parties
        assert site.flow.wait(job.job_id, timeout=100).status is Status.SUCCESS
    return str(deploy(old[0], job.job_id)["model_version"])


def upload(sites: list[RunningSite], shared: Path) -> None:
    for site, name in zip(sites, (GUEST_TABLE, HOST_TABLE), strict=False):
        site.upload(name, shared / "fate" / "data" / f"{name}.csv")


def migrate(site: RunningSite, version: str) -> str:
    roles = {"guest": [9999], "host": [10000], "arbiter": [10000]}
    body = {
        "job_parameters": {"federated_mode": "MULTIPLE"},
        "migrate_initiator": {"role": "guest", "party_id": 10000},
        "role": roles,
        "migrate_role": NEW_ROLES,
        "execute_party": roles,
        "model_id": MODEL_ID,
        "model_version": version,
    }
    answer = site.flow.request("model/migrate", body).data
    assert answer["model_id"] == NEW_ID
    assert {role: list(answer[role].values()) for role in roles} == {role: [0] for role in roles}
    return str(answer["model_version"])


def export(site: RunningSite, party: str, model_id: str, version: str, target: Path) -> Path:
    role, party_id = party.split(":")
    body = {"model_id": model_id, "model_version": version, "role": role, "party_id": party_id}
    response = httpx.request("GET", f"{site.url}/v1/model/export", json=body, trust_env=False)
    assert response.status_code == 200, response.text
    name = response.headers["content-disposition"].partition("filename=")[2]
    assert name == f"{role}#{party_id}#{model_id}_{version}.zip"
    target.write_bytes(response.content)
    return target


def import_(site: RunningSite, party: str, model_id: str, version: str, archive: Path, **more: str) -> dict[str, Any]:
    role, party_id = party.split(":")
    fields = {"role": role, "party_id": party_id, "model_id": model_id, "model_version": version, "file": "x", **more}
    with archive.open("rb") as file:
        url = f"{site.url}/v1/model/import"
        return dict(httpx.post(url, data=fields, files={"file": ("model.zip", file)}, trust_env=False).json())


def new_predict_conf(version: str) -> dict[str, Any]:
    conf = predict_conf(version)
    conf["role"] = NEW_ROLES
    conf["initiator"] = {"role": "guest", "party_id": 10000}
    conf["job_parameters"]["common"]["model_id"] = NEW_ID
    return conf


def test_another_cluster_predicts_the_same_scores(
    old: list[RunningSite], new: list[RunningSite], deployed: str, tmp_path: Path
) -> None:
    at_home = scores(old[0], predict(old[0], deployed))
    version = migrate(old[0], deployed)
    # What is to live elsewhere is no model of this cluster.
    assert [list((site.home / "models").glob(f"*/{version}")) for site in old] == [[], [], []]
    for source, target, party in zip(old, new, NEW_PARTIES, strict=True):
        archive = export(source, party, NEW_ID, version, tmp_path / f"{party}.zip")
        assert import_(target, party, NEW_ID, version, archive)["retcode"] == 0
    verified = new[0].flow.request("model/verify", {"model_version": version}).data
    assert verified["ok"] is True, verified
    job = new[0].flow.submit({}, new_predict_conf(version))
    assert new[0].flow.wait(job.job_id, timeout=100).status is Status.SUCCESS, new[0].flow.job(job.job_id).cards
    there = scores(new[0], job.job_id, "guest:10000")
    assert there.height == 569
    assert there["predict_score"].to_list() == pytest.approx(at_home["predict_score"].to_list(), abs=1e-9)


def test_a_part_of_another_generation_is_refused_by_name(
    old: list[RunningSite], new: list[RunningSite], deployed: str, tmp_path: Path
) -> None:
    """Two migrations of one model do not mix, even when each archive is sound by itself."""
    first, second = migrate(old[0], deployed), migrate(old[0], deployed)
    for source, target, party in zip(old, new, NEW_PARTIES, strict=True):
        version = second if party.startswith("host") else first
        archive = export(source, party, NEW_ID, version, tmp_path / f"{party}.zip")
        import_(target, party, NEW_ID, version, archive)
    answer = httpx.post(
        f"{new[0].url}/v1/job/submit",
        json={"job_dsl": {}, "job_runtime_conf": new_predict_conf(first)},
        trust_env=False,
        timeout=30,
    ).json()
    assert answer["retcode"] == 100
    assert "host:9999 cannot take part" in answer["retmsg"]


def test_a_tampered_archive_is_refused_with_the_name_of_the_part(
    old: list[RunningSite], new: list[RunningSite], deployed: str, tmp_path: Path
) -> None:
    version = migrate(old[0], deployed)
    archive = export(old[1], "host:9999", NEW_ID, version, tmp_path / "host.zip")
    tampered = tmp_path / "tampered.zip"
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(tampered, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if "hetero_lr_0" in entry.filename:
                content = content.replace(b'"isConverged":false', b'"isConverged":true ')
            target.writestr(entry, content)
    answer = import_(new[1], "host:9999", NEW_ID, version, tampered)
    assert answer["retcode"] == 100
    assert "hetero_lr_0.model" in answer["retmsg"]
    assert not list((new[1].home / "models").glob(f"*/{version}"))
    assert not list((new[1].home / "uploads").iterdir())


def test_a_part_that_is_here_is_replaced_only_by_force(old: list[RunningSite], deployed: str, tmp_path: Path) -> None:
    archive = export(old[1], "host:10000", MODEL_ID, deployed, tmp_path / "host.zip")
    refused = import_(old[1], "host:10000", MODEL_ID, deployed, archive)
    assert refused["retcode"] != 0
    assert "already" in refused["retmsg"]
    assert import_(old[1], "host:10000", MODEL_ID, deployed, archive, force_update="1")["retcode"] == 0
    assert "guest:9999 is not played" in import_(old[1], "guest:9999", MODEL_ID, deployed, archive)["retmsg"]
    assert old[0].flow.request("model/verify", {"model_version": deployed}).data["ok"] is True


def test_a_part_is_stored_at_a_backup_location_and_restored(tmp_path: Path, shared: Path) -> None:
    home = tmp_path / "site"
    home.mkdir()
    second = tmp_path / "second"
    (home / "site.toml").write_text(f'[model_store]\ndirectory = "{second}"\n')
    with standalone(home) as site:
        upload([site, site], shared)
        job = site.flow.submit(*fate_job(shared, "hetero_lr_normal", {"max_iter": 2}))
        assert site.flow.wait(job.job_id, timeout=100).status is Status.SUCCESS
        version = str(deploy(site, job.job_id)["model_version"])
        body = {"model_id": MODEL_ID, "model_version": version, "role": "host", "party_id": "10000"}
        before = scores(site, predict(site, version))

        run(site, "model/store", body)
        assert [path.name for path in second.glob("*.zip")] == [f"host#10000#{MODEL_ID}_{version}.zip"]
        for path in sorted((site.home / "models" / f"host#10000#{MODEL_ID}" / version).rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        (site.home / "models" / f"host#10000#{MODEL_ID}" / version).rmdir()
        assert not site.flow.request("model/verify", {"model_version": version}).data["ok"]

        run(site, "model/restore", body)
        assert site.flow.request("model/verify", {"model_version": version}).data["ok"]
        assert scores(site, predict(site, version)).equals(before)


def run(site: RunningSite, path: str, body: dict[str, Any]) -> None:
    envelope = site.flow.request(path, body)
    assert envelope.job_id
    line = site.flow.wait(envelope.job_id, timeout=30)
    assert line.status is Status.SUCCESS, site.flow.job(envelope.job_id).cards
