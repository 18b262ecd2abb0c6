"""Real sites for tests: scheduler processes with homes and ports of their own, and what is asked of them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from fateflow_tui.artifacts.run_file import read_run_file
from fateflow_tui.core.status import Status
from fateflow_tui.sdk import FateFlow, local
from fateflow_tui.sdk.types.jobs import JobView

PARTIES = ("guest:9999", "host:10000", "arbiter:10000")


class RunningSite:
    """One scheduler process on a home; it keeps its port over restarts, as its peers know it by that."""

    def __init__(self, home: Path, parties: Sequence[str] = ()) -> None:
        self.home = home
        self._parties = parties
        self._port = 0
        self.flow = FateFlow(home=home)

    def start(self) -> Self:
        status = local.start(self.home, port=self._port, parties=self._parties, name=self.home.name)
        self.url = status.url
        self._port = int(status.url.rpartition(":")[2])
        return self

    @property
    def pid(self) -> int:
        run = read_run_file(self.home)
        assert run is not None, f"no scheduler runs on {self.home}"
        return run.pid

    def kill(self) -> None:
        """`kill -9`, and the process is gone when this returns."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def crash(self) -> None:
        """`kill -9`, and nothing of it is left behind."""
        below = workers_of(self.pid)
        self.kill()
        until(lambda: not alive(below) and not processes_of(self.home), f"{self.home.name} left processes behind", 2)

    def stop(self) -> None:
        local.stop(self.home)

    def close(self) -> None:
        self.flow.close()
        self.stop()

    def upload(self, name: str, file: Path, namespace: str = "experiment") -> None:
        job = self.flow.upload(file, table_name=name, namespace=namespace, drop=True)
        line = self.flow.wait(job.job_id, timeout=60)
        assert line.status is Status.SUCCESS, line

    def used(self) -> set[int]:
        """What is taken of each resource: {0} when all has been given back."""
        return set(self.flow.resources()["used"].values())

    def auc(self, job_id: str, component: str = "evaluation_0", of: str = "hetero_lr_0") -> float:
        series = self.flow.metrics(job_id, component, "guest:9999")["train"][of]
        return float(dict(series.data)["auc"])


@contextmanager
def standalone(home: Path) -> Iterator[RunningSite]:
    site = RunningSite(home).start()
    try:
        yield site
    finally:
        site.close()


@contextmanager
def three_sites(folder: Path, parties: Sequence[str] = PARTIES) -> Iterator[list[RunningSite]]:
    """Guest's, host's and arbiter's site, each knowing and trusting the other two."""
    sites: list[RunningSite] = []
    try:
        for party in parties:
            site = RunningSite(folder / party.partition(":")[0], [party])
            sites.append(site)
            site.start()
        for site in sites:
            for other, party in zip(sites, parties, strict=True):
                if other is not site:
                    site.flow.add_party(party, other.url)
                    site.flow.trust_party(party)
        yield sites
    finally:
        for site in sites:
            site.close()


def fate_job(
    shared: Path, name: str, changes: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """FATE's example job of hetero logistic regression, with guest 9999, hosts 10000 (and 10001), arbiter 10000.

    changes: to the parameters of hetero_lr_0.
    """
    folder = shared / "fate" / "dsl" / "v2" / "hetero_logistic_regression"
    dsl = json.loads((folder / f"{name}_dsl.json").read_text())
    conf = json.loads((folder / f"{name}_conf.json").read_text())
    hosts = [10000, 10001][: len(conf["role"]["host"])]
    conf["role"] = {"guest": [9999], "host": hosts, "arbiter": [10000]}
    conf["initiator"] = {"role": "guest", "party_id": 9999}
    conf["component_parameters"]["common"]["hetero_lr_0"].update(changes or {})
    return dsl, conf


def sleep_job(
    count: int,
    roles: Mapping[str, list[int]],
    *,
    seconds: float = 0,
    own_seconds: Mapping[str, float] | None = None,
    job_parameters: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A chain of `Sleep` components sleep_0, sleep_1, ... own_seconds: by role, in the place of `seconds`."""
    components: dict[str, Any] = {}
    for number in range(count):
        component: dict[str, Any] = {"module": "Sleep", "output": {"data": ["data"]}}
        if number:
            component["input"] = {"data": {"data": [f"sleep_{number - 1}.data"]}}
        components[f"sleep_{number}"] = component
    initiator = next(iter(roles))
    conf = {
        "dsl_version": 2,
        "initiator": {"role": initiator, "party_id": roles[initiator][0]},
        "role": dict(roles),
        "job_parameters": {"common": dict(job_parameters or {})},
        "component_parameters": {
            "common": {name: {"seconds": seconds} for name in components},
            "role": {
                role: {"all": {name: {"seconds": own} for name in components}}
                for role, own in (own_seconds or {}).items()
            },
        },
    }
    return {"components": components}, conf


def until_running(flow: FateFlow, job_id: str, component: str, timeout: float = 30) -> JobView:
    """Returns when a component's workers run at all their parties."""
    deadline = time.monotonic() + timeout
    for event in flow.events(job_id, since=0):
        view = flow.job(job_id)
        found = next(line for line in view.components if line.name == component)
        if set(found.parties.values()) == {Status.RUNNING} or found.status.ended:
            return view
        assert time.monotonic() < deadline, f"{component} did not start: {event}"
    raise AssertionError("the event stream ended")


def workers_of(site_pid: int) -> list[int]:
    """All processes below a scheduler: its warm parent and the workers."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, queue = [], [site_pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def processes_of(home: Path) -> list[int]:
    """A home's scheduler, the warm parent of its workers and the workers, even if they have no parent any more."""
    word = os.fsencode(home)
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if word in words:
                found.append(int(entry.name))
    return found


def alive(pids: Iterable[int]) -> list[int]:
    """Those that still run; one that has ended and only waits to be buried does not."""
    found = []
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found.append(pid)
    return found


def until(condition: Callable[[], object], otherwise: str, timeout: float = 10) -> None:
    """Returns when the condition holds. For what tells nobody when it changes, such as the system's processes."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"{otherwise} for {timeout:g} s"
        time.sleep(0.01)


def worker_pid(site: RunningSite, job_id: str, party: str, component: str) -> int:
    """Of the process that runs a task now, asked at the party's own site."""
    found: list[int] = []

    def is_known() -> bool:
        found[:] = [task.run_pid for task in site.flow.tasks(job_id, party, component) if task.run_pid]
        return bool(found)

    until(is_known, f"{component} of {party} has no process")
    return found[0]
