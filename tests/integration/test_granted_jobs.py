"""Two real sites: the host runs only what it has granted, and its refusal says how to grant the rest."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fateflow_tui.core.errors import PartyRefused
from fateflow_tui.core.status import Status
from fateflow_tui.runtime.site_config import SiteConfig
from fateflow_tui.store.audit import AuditTrail
from tests.integration.clusters import RunningSite, sleep_job, until

DEMO = Path(__file__).parents[2] / "demo"
HOST_PARTIES = ["host:10000", "arbiter:10001"]
BOTH = {"guest": [9999], "host": [10000]}


def two_sites(folder: Path, permissions: str = "open") -> Iterator[tuple[RunningSite, RunningSite]]:
    """The guest's site and that of host and arbiter, which know and trust each other."""
    guest, host = RunningSite(folder / "guest", ["guest:9999"]), RunningSite(folder / "host", HOST_PARTIES)
    config = SiteConfig(name="host", parties=HOST_PARTIES, permissions=permissions)  # type: ignore[arg-type]
    config.save(host.home / "site.toml")
    try:
        guest.start()
        host.start()
        for party in HOST_PARTIES:
            ask(guest, "party/add", party=party, url=host.url)
            ask(guest, "party/trust", party=party)
        ask(host, "party/add", party="guest:9999", url=guest.url)
        ask(host, "party/trust", party="guest:9999")
        yield guest, host
    finally:
        guest.close()
        host.close()


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningSite, RunningSite]]:
    yield from two_sites(tmp_path_factory.mktemp("sites"))


def ask(site: RunningSite, path: str, **body: Any) -> Any:
    answer = httpx.post(f"{site.url}/v1/{path}", json=body, trust_env=False, timeout=30).json()
    assert answer["retcode"] == 0, answer
    return answer.get("data")


def obey(host: RunningSite, message: str) -> int:
    """Gives what the commands in a refusal ask for, and how many commands there were."""
    commands = set(re.findall(r"fateflow party grant [^;]+", message))
    for command in commands:
        _, _, _, party, *words = shlex.split(command)
        options = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}
        ask(host, "party/grant", party=party, **options)
    return len(commands)


def refusal(guest: RunningSite, dsl: dict[str, Any], conf: dict[str, Any]) -> PartyRefused:
    with pytest.raises(PartyRefused) as refused:
        guest.flow.submit(dsl, conf)
    return refused.value


def run(guest: RunningSite, dsl: dict[str, Any], conf: dict[str, Any]) -> str:
    job = guest.flow.submit(dsl, conf)
    assert guest.flow.wait(job.job_id, timeout=90).status is Status.SUCCESS, guest.flow.job(job.job_id).cards
    return job.job_id


def test_a_host_that_granted_only_intersection_refuses_hetero_lr(sites: tuple[RunningSite, RunningSite]) -> None:
    guest, host = sites
    guest.upload("breast_guest", DEMO / "data" / "guest.csv", "demo")
    host.upload("breast_host", DEMO / "data" / "host.csv", "demo")
    dsl = json.loads((DEMO / "hetero_lr_dsl.json").read_text())
    conf = json.loads((DEMO / "hetero_lr_conf.json").read_text())
    conf["component_parameters"]["common"]["hetero_lr_0"]["max_iter"] = 1
    ask(host, "party/grant", party="guest:9999", component="Intersection")

    refused = refusal(guest, dsl, conf)
    assert "cannot take part: guest:9999 lacks grants of this site: it may not run" in refused.message
    assert "HeteroLR" in refused.message
    assert "fateflow party grant guest:9999 --component" in refused.message
    assert 108 in {one["retcode"] for role in ("host", "arbiter") for one in refused.data["parties"][role].values()}
    until(lambda: host.flow.resources()["holders"] == [], "the refused job holds something")
    trail = AuditTrail(host.home)
    denied = [entry for day in trail.days() for entry in trail.entries(day) if entry["what"] == "denied"]
    assert {entry["party"] for entry in denied} == {"guest:9999"}
    assert all("HeteroLR" in entry["lacks"]["component"] for entry in denied)

    assert obey(host, refused.message) >= 1
    # The first refusal ends the submission: what the other party of the site lacks may come to light only now.
    ask(host, "party/grant", party="guest:9999", component="Reader,DataIO,HeteroLR")
    run(guest, dsl, conf)

    ask(host, "party/grant", party="guest:9999", dataset="demo.other")
    assert "it may not read table demo.breast_host" in refusal(guest, dsl, conf).message
    ask(host, "party/revoke", party="guest:9999", forget=True)
    run(guest, dsl, conf)


def test_the_own_jobs_of_a_site_need_no_grant(sites: tuple[RunningSite, RunningSite]) -> None:
    _, host = sites
    ask(host, "party/grant", party="*", component="Reader", role="guest")
    run(host, *sleep_job(1, {"host": [10000]}))
    ask(host, "party/revoke", party="*", forget=True)


def test_a_rerun_waits_for_the_grant_that_was_taken_back_and_can_be_stopped(
    sites: tuple[RunningSite, RunningSite],
) -> None:
    guest, host = sites
    job = run(guest, *sleep_job(1, BOTH))
    ask(host, "party/grant", party="guest:9999", component="Reader", command="stop")
    guest.flow.rerun(job, force=True)
    reason = "lacks grants of this site: it may not use create, run; it may not run Sleep"
    until(lambda: reason in str(guest.flow.job(job)), "the job does not say why it waits")
    guest.flow.stop(job)
    assert guest.flow.wait(job, timeout=30).status is Status.CANCELED
    until(lambda: guest.flow.stop(job).pending == {}, "the host has not heard of the stop")

    guest.flow.rerun(job, force=True)
    ask(host, "party/revoke", party="guest:9999", forget=True)
    assert guest.flow.wait(job, timeout=60).status is Status.SUCCESS


@pytest.mark.parametrize("permissions", ["required"])
def test_a_site_that_requires_grants_runs_nothing_without(tmp_path: Path, permissions: str) -> None:
    for guest, host in two_sites(tmp_path, permissions):
        dsl, conf = sleep_job(1, BOTH)
        refused = refusal(guest, dsl, conf)
        assert "call on the role host" in refused.message
        assert obey(host, refused.message) == 1
        run(guest, dsl, conf)
