"""Models over three sites: registered by all or none, deployed by all or none, predicted with, verified, deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from fateflow_tui.core.errors import Conflict, FateFlowError, PartyRefused
from fateflow_tui.core.status import Status
from tests.integration.clusters import RunningSite, fate_job, three_sites

GUEST_TABLE, HOST_TABLE = "breast_hetero_guest", "breast_hetero_host"
MODEL_ID = "arbiter-10000#guest-9999#host-10000#model"


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[list[RunningSite]]:
    with three_sites(tmp_path_factory.mktemp("sites")) as running:
        for site, name in zip(running, (GUEST_TABLE, HOST_TABLE), strict=False):
            site.upload(name, shared / "fate" / "data" / f"{name}.csv")
        yield running


@pytest.fixture(scope="module")
def trained(sites: list[RunningSite], shared: Path) -> str:
    """The version of a model that was trained on all rows."""
    job = sites[0].flow.submit(*fate_job(shared, "hetero_lr_normal", {"max_iter": 3}))
    for site in sites:  # the driver's record ends before those of the other parties
        assert site.flow.wait(job.job_id, timeout=100).status is Status.SUCCESS, site.flow.job(job.job_id).cards
    return job.job_id


@pytest.fixture(scope="module")
def deployed(sites: list[RunningSite], trained: str) -> str:
    return deploy(sites[0], trained)["model_version"]


def deploy(site: RunningSite, version: str, **more: Any) -> dict[str, Any]:
    answer = site.flow.request("model/deploy", {"model_id": MODEL_ID, "model_version": version, **more})
    return dict(answer.data)


def deploy_by_old_client(site: RunningSite, version: str) -> dict[str, Any]:
    body = {"model_id": MODEL_ID, "model_version": version}
    return dict(httpx.post(f"{site.url}/v1/model/deploy", json=body, timeout=30, trust_env=False).json())


def predict_conf(version: str) -> dict[str, Any]:
    def table(name: str) -> dict[str, Any]:
        return {"0": {"reader_0": {"table": {"name": name, "namespace": "experiment"}}}}

    return {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999], "host": [10000], "arbiter": [10000]},
        "job_parameters": {"common": {"job_type": "predict", "model_id": MODEL_ID, "model_version": version}},
        "component_parameters": {"role": {"guest": table(GUEST_TABLE), "host": table(HOST_TABLE)}},
    }


def scores(site: RunningSite, job_id: str, guest: str = "guest:9999") -> pl.DataFrame:
    """The scores of hetero_lr_0 by id."""
    [found] = site.flow.output_tables(job_id, "hetero_lr_0", guest)
    folder = site.home / "tables" / found.table_namespace / found.table_name
    frame = pl.concat([pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])
    return frame.sort(frame.columns[0])


def predict(site: RunningSite, version: str) -> str:
    job = site.flow.submit({}, predict_conf(version))
    assert site.flow.wait(job.job_id, timeout=100).status is Status.SUCCESS, site.flow.job(job.job_id).cards
    return job.job_id


def parts_of(site: RunningSite, version: str) -> list[Path]:
    return sorted(path.parent for path in (site.home / "models").glob(f"*/{version}/manifest.json"))


def test_a_success_is_registered_at_every_party_with_the_same_manifest(sites: list[RunningSite], trained: str) -> None:
    verified = sites[0].flow.request("model/verify", {"model_version": trained}).data
    agreed = []
    for site in sites:
        [part] = parts_of(site, trained)
        agreed.append(json.loads((part / "manifest.json").read_text())["parts"])
    assert agreed[0] == agreed[1] == agreed[2]
    assert set(agreed[0]) == {"guest:9999", "host:10000", "arbiter:10000"}
    assert verified["ok"] is True
    assert {key: state["here"] for key, state in verified["parties"].items()} == {
        "guest:9999": True,
        "host:10000": False,
        "arbiter:10000": False,
    }


def test_what_is_not_deployed_cannot_predict(sites: list[RunningSite], trained: str) -> None:
    with pytest.raises(FateFlowError, match="has not been deployed yet"):
        sites[0].flow.submit({}, predict_conf(trained))


def test_a_predict_job_gives_the_scores_of_training(sites: list[RunningSite], trained: str, deployed: str) -> None:
    job_id = predict(sites[0], deployed)
    at_training, now = scores(sites[0], trained), scores(sites[0], job_id)
    assert now.height == at_training.height == 569
    assert now["predict_score"].to_list() == pytest.approx(at_training["predict_score"].to_list(), abs=1e-12)
    assert now["type"].unique().to_list() == ["predict"]
    # A predict job leaves the version that it uses as it was.
    assert sites[0].flow.request("model/verify", {"model_version": deployed}).data["ok"] is True
    assert parts_of(sites[0], job_id) == []


def test_a_deployed_version_is_at_all_parties_and_cannot_be_deployed_again(
    sites: list[RunningSite], trained: str, deployed: str
) -> None:
    assert [len(parts_of(site, deployed)) for site in sites] == [1, 1, 1]
    shown = sites[1].flow.request("model/show", {"model_version": deployed}).data
    assert shown["parent_info"] == {"parent_model_id": MODEL_ID, "parent_model_version": trained}
    assert shown["deployed"] is True
    with pytest.raises(Conflict, match="cannot be deployed again"):
        deploy(sites[0], deployed)


def test_a_deploy_that_fails_at_one_party_leaves_nothing_anywhere(sites: list[RunningSite], trained: str) -> None:
    guest, host, _ = sites
    [part] = parts_of(host, trained)
    [damaged] = part.glob("components/hetero_lr_0/*/model.json")
    sound = damaged.read_bytes()
    before = [versions(site) for site in sites]
    damaged.write_bytes(sound.replace(b"0", b"1", 1))
    try:
        answer = deploy_by_old_client(guest, trained)
        assert answer["retcode"] == 101
        assert answer["data"]["host"] == {"10000": 103}
        assert "hetero_lr_0" in answer["data"]["detail"]["host"]["10000"]["retmsg"]
        assert "because of host:10000" in answer["data"]["detail"]["guest"]["9999"]["retmsg"]
        assert [versions(site) for site in sites] == before
        assert [list((site.home / "models" / ".staged").glob("[!.]*")) for site in sites] == [[], [], []]
        flaws = guest.flow.request("model/verify", {"model_version": trained}).data["parties"]["host:10000"]["flaws"]
        assert any("hetero_lr_0" in flaw for flaw in flaws)
        with pytest.raises(PartyRefused):
            guest.flow.request("model/deploy", {"model_id": MODEL_ID, "model_version": trained})
    finally:
        damaged.write_bytes(sound)


def test_a_deploy_with_an_unreachable_party_leaves_nothing_behind(sites: list[RunningSite], trained: str) -> None:
    guest, host, arbiter = sites
    before = [versions(site) for site in sites]
    host.stop()
    try:
        answer = deploy_by_old_client(guest, trained)
        assert answer["data"]["host"] == {"10000": 104}
        assert "host:10000" in answer["data"]["detail"]["host"]["10000"]["retmsg"]
        assert [versions(guest), versions(arbiter)] == [before[0], before[2]]
    finally:
        host.start()
    assert versions(host) == before[1]


def versions(site: RunningSite) -> list[str]:
    return sorted(str(path.parent.relative_to(site.home)) for path in site.home.glob("models/*/*/manifest.json"))
