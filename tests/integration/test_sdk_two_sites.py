"""Two federated sites, each called through its own SDK client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from fateflow_tui.core import errors
from fateflow_tui.core.status import Status
from fateflow_tui.sdk import FateFlow, local

_DSL = {"components": {"sleep_0": {"module": "Sleep", "output": {"data": ["data"]}}}}


def _conf(seconds: float = 0) -> dict[str, Any]:
    return {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999], "host": [10000]},
        "job_parameters": {"common": {"task_cores": 1}},
        "component_parameters": {"common": {"sleep_0": {"seconds": seconds}}},
    }


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FateFlow, FateFlow]]:
    """A guest's and a host's site that know and trust each other."""
    parties = ("9999", "10000")
    homes = [tmp_path_factory.mktemp(f"home_{party}") for party in parties]
    with ExitStack() as stack:
        for home, party in zip(homes, parties, strict=True):
            local.start(home, port=0, parties=[party], name=f"site-{party}")
            stack.callback(local.stop, home)
        guest, host = (stack.enter_context(FateFlow(home=home)) for home in homes)
        guest.add_party("10000", host.status().url)
        host.add_party("9999", guest.status().url)
        yield guest, host


def test_parties_are_trusted_by_their_key(sites: tuple[FateFlow, FateFlow]) -> None:
    guest, host = sites
    assert not guest.parties()[0].trusted
    with pytest.raises(errors.FateFlowError, match="10000"):
        guest.ping_party("host:10000")
    shown = guest.trust_party("10000")
    assert shown.trusted
    assert shown.fingerprint.startswith("SHA256:")
    host.trust_party("9999")
    state = guest.ping_party("host:10000")
    assert (state.name, state.party) == ("site-10000", "host:10000")
    assert state.rtt > 0


def test_a_job_is_visible_at_both_sites(sites: tuple[FateFlow, FateFlow]) -> None:
    guest, host = sites
    job_id = guest.submit(_DSL, _conf()).job_id
    assert guest.wait(job_id, 30).status is Status.SUCCESS
    assert host.wait(job_id, 30).status is Status.SUCCESS
    here = {task.party: task.run_on_this_party for task in guest.tasks(job_id)}
    assert here == {"guest:9999": True, "host:10000": False}
    assert [task.party for task in host.tasks(job_id)] == ["host:10000"]
    assert {line.party: line.here for line in guest.job(job_id).party_lines} == {
        "guest:9999": True,
        "host:10000": False,
    }
    view = host.job(job_id)
    assert (view.driver, view.drives_here) == ("guest:9999", False)
    assert view.components[0].status is Status.SUCCESS
    records = guest.request("job/query", {"job_id": job_id}).data
    assert [(record["f_role"], record["f_is_initiator"]) for record in records] == [("guest", True)]
    tasks = guest.request("job/task/query", {"job_id": job_id, "run_on_this_party": False}).data
    assert [(task["f_role"], task["f_status"], task["f_run_pid"]) for task in tasks] == [("host", "success", None)]


def test_the_host_stops_the_job_everywhere(sites: tuple[FateFlow, FateFlow]) -> None:
    guest, host = sites
    job_id = guest.submit(_DSL, _conf(60)).job_id
    host.stop(job_id, reason="the host wants its cores back")
    assert guest.wait(job_id, 15).status is Status.CANCELED
    assert host.wait(job_id, 15).status is Status.CANCELED


def test_a_job_is_submitted_at_its_initiators_site(sites: tuple[FateFlow, FateFlow]) -> None:
    _, host = sites
    with pytest.raises(errors.BadRequest, match="guest:9999"):
        host.submit(_DSL, _conf())
