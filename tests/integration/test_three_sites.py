"""The main job on three sites: the metrics of FATE, and no party's data at another party."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from fateflow_tui.core.errors import BadRequest, PartyRefused
from fateflow_tui.core.status import Status
from tests.integration.clusters import PARTIES, RunningSite, fate_job, three_sites

GUEST_TABLE, HOST_TABLE = "breast_hetero_guest", "breast_hetero_host"
SCORES = {"label", "predict_result", "predict_score", "predict_detail"}


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Iterator[list[RunningSite]]:
    with three_sites(tmp_path_factory.mktemp("sites")) as running:
        for site, name in zip(running, (GUEST_TABLE, HOST_TABLE), strict=False):
            site.upload(name, shared / "fate" / "data" / f"{name}.csv")
        yield running


def train(sites: list[RunningSite], shared: Path, iterations: int) -> str:
    """Train, and return the job's id once the record of each party has ended: the driver's ends first."""
    job = sites[0].flow.submit(*fate_job(shared, "hetero_lr_normal", {"max_iter": iterations}))
    for site in sites:
        assert site.flow.wait(job.job_id, timeout=100).status is Status.SUCCESS, site.flow.job(job.job_id).cards
    return job.job_id


def columns_at(site: RunningSite) -> dict[str, set[str]]:
    """The columns of all tables of a site, by file."""
    root = site.home / "tables"
    return {str(path.relative_to(root)): set(pl.read_parquet_schema(path)) for path in root.rglob("*.parquet")}


def files_with(site: RunningSite, word: str) -> list[str]:
    """The files of a whole home that hold a word, or have it in their name."""
    files = [path for path in site.home.rglob("*") if path.is_file()]
    found = [path for path in files if word in str(path.relative_to(site.home)) or word.encode() in path.read_bytes()]
    return [str(path.relative_to(site.home)) for path in found]


@pytest.mark.parametrize(("iterations", "auc"), [(3, 0.979520), (5, 0.975186)])
def test_training_auc_is_the_originals(sites: list[RunningSite], shared: Path, iterations: int, auc: float) -> None:
    job_id = train(sites, shared, iterations)
    assert sites[0].auc(job_id) == pytest.approx(auc, abs=1e-4)
    for site, party in zip(sites, PARTIES, strict=True):
        view = site.flow.job(job_id)
        assert view.status is Status.SUCCESS
        assert {line.party for line in view.party_lines if line.here} == {party}


def test_private_data_stays_at_its_party(sites: list[RunningSite], shared: Path) -> None:
    guest, host, arbiter = sites
    job_id = train(sites, shared, 3)

    [scores] = guest.flow.output_tables(job_id, "hetero_lr_0", "guest:9999")
    [path] = (guest.home / "tables" / scores.table_namespace / scores.table_name).parent.glob(scores.table_name)
    held = {column for part in path.glob("*.parquet") for column in pl.read_parquet_schema(part)}
    assert held >= SCORES
    for site, party in ((host, "host:10000"), (arbiter, "arbiter:10000")):
        with pytest.raises(BadRequest, match="No found table"):
            site.flow.output_tables(job_id, "hetero_lr_0", party)
    at_host = columns_at(host)
    assert at_host
    assert {name: columns & (SCORES | {"y"}) for name, columns in at_host.items()} == {key: set() for key in at_host}
    assert columns_at(arbiter) == {}

    # Neither in its conf, nor in its records, messages and logs.
    assert files_with(guest, GUEST_TABLE)
    assert files_with(host, HOST_TABLE)
    assert (files_with(host, GUEST_TABLE), files_with(arbiter, GUEST_TABLE)) == ([], [])
    assert files_with(arbiter, HOST_TABLE) == []
    conf = json.dumps(host.flow.job_config(job_id, "host:10000"))
    assert HOST_TABLE in conf
    assert GUEST_TABLE not in conf


def test_a_job_that_the_host_refuses_is_known_to_all(sites: list[RunningSite], shared: Path) -> None:
    dsl, conf = fate_job(shared, "hetero_lr_normal")
    conf["component_parameters"]["role"]["host"]["0"]["reader_0"]["table"]["name"] = "absent"
    with pytest.raises(PartyRefused, match="host:10000 cannot take part") as caught:
        sites[0].flow.submit(dsl, conf)
    job_id = caught.value.data["job_id"]
    for site, party in zip(sites, PARTIES, strict=True):
        assert site.flow.wait(job_id, timeout=30).status is Status.FAILED
        newest = site.flow.jobs(limit=1)[0]
        assert (newest.job_id, newest.parties[party], newest.initiator) == (job_id, Status.FAILED, "guest:9999")
    assert "table experiment.absent, which does not exist here" in sites[1].flow.job(job_id).reason
