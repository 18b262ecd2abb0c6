"""Garbage collection of a real site: what is deleted and what is kept."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from fateflow_tui.core.errors import BadRequest, JobNotFound
from fateflow_tui.core.status import Status
from fateflow_tui.runtime.site_config import Retention, SiteConfig
from tests.contract.command_line import CommandLine
from tests.integration.clusters import RunningSite, sleep_job, standalone, until, until_running

DATA = Path(__file__).parents[2] / "demo" / "data" / "guest.csv"
GUEST = {"guest": [9999]}
NOW = 1e-9  # days: whatever has ended is older
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
CONF = {
    "dsl_version": 2,
    "initiator": {"role": "guest", "party_id": 9999},
    "role": GUEST,
    "job_parameters": {"common": {}},
    "component_parameters": {
        "common": {
            "reader_0": {"table": {"namespace": "experiment", "name": "rows"}},
            "dataio_0": {"with_label": True, "label_name": "y", "output_format": "dense"},
        }
    },
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[RunningSite]:
    with standalone(tmp_path / "home") as running:
        yield running


def done(site: RunningSite, job_id: str) -> str:
    assert site.flow.wait(job_id, 60).status is Status.SUCCESS, site.flow.job(job_id)
    return job_id


def settled(site: RunningSite) -> None:
    """Jobs that have ended are live for a moment longer, until nobody needs them in memory."""
    markers = site.home / "db" / "live"
    until(lambda: not list(markers.iterdir()), "jobs are not settled")


def kinds(site: RunningSite, **limits: float) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for item in site.flow.site.collect_garbage(True, **limits).items:  # type: ignore[arg-type]
        found.setdefault(item.kind, set()).add(item.name)
    return found


def files_of(site: RunningSite, job_id: str) -> list[Path]:
    return [path for path in site.home.rglob(f"*{job_id}*") if ".tmp" not in path.name]


def test_old_jobs_go_with_everything_and_live_ones_stay(site: RunningSite) -> None:
    old = [done(site, site.flow.submit(*sleep_job(2, GUEST)).job_id) for _ in range(2)]
    live = site.flow.submit(*sleep_job(1, GUEST, seconds=60)).job_id
    until_running(site.flow, live, "sleep_0")
    until(lambda: kinds(site, jobs_days=NOW).get("job") == set(old), "the ended jobs are not settled")
    assert kinds(site) == {}, "nothing goes without a limit"
    before = {path for one in old for path in files_of(site, one)}
    assert before
    gone = site.flow.site.collect_garbage(False, jobs_days=NOW)
    assert {item.name for item in gone.items} == set(old)
    assert gone.size > 0
    assert not [path for one in old for path in files_of(site, one)]
    with pytest.raises(JobNotFound):
        site.flow.job(old[0])
    assert [job.job_id for job in site.flow.jobs()] == [live]
    assert site.flow.job(live).status is Status.RUNNING
    site.flow.stop(live)


def test_what_is_registered_uploaded_or_reused_stays(site: RunningSite) -> None:
    site.upload("rows", DATA)
    first = done(site, site.flow.submit(DSL, CONF).job_id)
    again = done(site, site.flow.submit(DSL, CONF, reuse=True).job_id)
    assert {one.reused_from for one in site.flow.job(again).components} == {first}
    settled(site)
    registered = {model.model_version for model in site.flow.models()}
    assert registered == {first, again}
    tables = {path.parent.name for path in site.home.glob(f"tables/output_data_{first}_*/*")}
    assert tables

    found = site.flow.site.collect_garbage(True, jobs_days=NOW, tables_days=NOW)
    assert {item.kind for item in found.items} == {"job"}, "only the upload may go, its table stays"
    assert found.kept[first] == "its model is registered"
    assert found.kept[again] == "its model is registered"
    assert any(first in name and f"job {again}" in why for name, why in found.kept.items())
    site.flow.site.collect_garbage(False, jobs_days=NOW, tables_days=NOW, logs_days=NOW)
    assert site.flow.table_info("experiment", "rows").count > 0
    assert {path.parent.name for path in site.home.glob(f"tables/output_data_{first}_*/*")} == tables
    assert not (site.home / "logs" / first).exists()
    assert site.flow.models.verify(first)
    third = done(site, site.flow.submit(DSL, CONF, reuse=first).job_id)
    assert {one.reused_from for one in site.flow.job(third).components} == {first}

    for version in (first, again, third):
        site.flow.models.delete(version)
    settled(site)
    assert kinds(site, jobs_days=NOW)["job"] == {first, again, third}
    site.flow.site.collect_garbage(False, jobs_days=NOW)
    assert not list(site.home.glob("tables/output_data_*"))
    assert site.flow.table_info("experiment", "rows").count > 0


def test_orphaned_items_are_deleted(site: RunningSite) -> None:
    job_id, lost = done(site, site.flow.submit(*sleep_job(1, GUEST)).job_id), "202601010000000000001"
    settled(site)
    remains = site.home / "models" / "guest#9999#guest-9999#model" / lost / "components" / "lr_0" / "model"
    for folder in (site.home / "logs" / lost, site.home / "metrics" / lost, remains, site.home / "uploads"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file.json").write_bytes(b"x" * 100)
    assert kinds(site) == {}, "somebody may work on it still"
    past = time.time() - 2 * 86_400
    for path in [site.home / "logs" / lost, site.home / "metrics" / lost, *remains.parents[:3]]:
        os.utime(path, (past, past))
    os.utime(site.home / "uploads" / "file.json", (past, past))
    assert kinds(site) == {
        "logs": {lost},
        "metrics": {lost},
        "model": {f"guest#9999#guest-9999#model {lost}"},
        "upload": {"file.json"},
    }
    site.flow.site.collect_garbage(False)
    assert kinds(site) == {}
    assert not files_of(site, lost)
    assert (site.home / "logs" / job_id).is_dir()
    assert (site.home / "logs" / "fate_flow").is_dir()


def test_the_command_line(site: RunningSite, tmp_path: Path) -> None:
    run = CommandLine(site.home, tmp_path)
    job_id = done(site, site.flow.submit(*sleep_job(1, GUEST)).job_id)
    settled(site)
    assert "nothing to delete" in run("gc", "--dry-run").err
    shown = run("gc", "--dry-run", "--keep-logs", "1m", "--keep-jobs", "0.001h", code=None)
    assert shown.code == 0
    until(lambda: job_id in run("gc", "--dry-run", "--keep-jobs", "0.0001h").out, "it does not get old")
    assert site.flow.job(job_id).status is Status.SUCCESS
    said = run("gc", "--keep-jobs", "0.0001h")
    assert "1 item of" in said.err
    assert "deleted" in said.err
    assert site.flow.jobs() == []
    assert "soon" in run("gc", "--keep-jobs", "soon", code=2).err
    with pytest.raises(BadRequest, match="0 or more"):
        site.flow.site.collect_garbage(True, jobs_days=-1)
    answer = httpx.post(f"{site.url}/v1/site/gc", json={}, trust_env=False).json()
    assert answer["data"] == {"dry_run": True, "size": 0, "items": [], "kept": {}}


def test_limits_of_the_configuration_are_kept(tmp_path: Path) -> None:
    home = tmp_path / "home"
    SiteConfig(retention=Retention(logs_days=NOW)).save(home / "site.toml")
    with standalone(home) as site:
        job_id = done(site, site.flow.submit(*sleep_job(1, GUEST)).job_id)
        settled(site)
        assert kinds(site) == {"logs": {job_id}}
        assert kinds(site, logs_days=0) == {}
