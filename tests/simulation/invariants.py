"""What must hold at every moment of a simulated world, and at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fateflow_tui.core.effects import StartTask
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import part_digest
from fateflow_tui.core.plan import JobPlan
from fateflow_tui.core.ports import JobCommit
from fateflow_tui.core.records import JobState, task_key
from fateflow_tui.core.status import JOB_TRANSITIONS, TASK_TRANSITIONS, Status
from fateflow_tui.engine import Engine

Tables = dict[str, dict[str, dict[str, Any]]]
VOLATILE = {"sent_at", "heard_at", "reported_at", "attempts", "acknowledged", "lost", "story", "version"}


class Broken(AssertionError):
    """An invariant does not hold."""


class Witness:
    """Knows what really happened, by looking on."""

    def __init__(self, plans: Mapping[str, JobPlan]) -> None:
        self.plans = plans
        self.starts: set[tuple[str, str]] = set()  # job, task key
        self.successes: set[tuple[str, str]] = set()
        self.disk_lost = False

    def saw_commit(self, change: JobCommit, before: Tables, after: Tables) -> None:
        """Statuses only move along the table, and the story tells of each move."""
        last = _statuses(before)
        for entry in change.records.get("story", {}).values():
            old, arrow, new = entry["what"].partition(" -> ")
            if entry["what"] == "NewVersion":
                last[f"component/{entry['component']}"] = "waiting"
            if not arrow:
                continue
            name, table = _object(entry)
            if name in last and name.startswith(("job", "component")) and last[name] != old:
                raise Broken(f"{name}: the story goes on with {old} where it was {last[name]}")
            if Status(new) not in table[Status(old)]:
                raise Broken(f"{name}: {old} -> {new} is not legal")
            last[name] = new
        for name, status in _statuses(after).items():
            if name.startswith(("job", "component")) and last.get(name, status) != status:
                raise Broken(f"{name} is {status}, but the story ends with {last[name]}")
        for key, task in change.records.get("tasks", {}).items():
            old_task = before.get("tasks", {}).get(key)
            if old_task is None or old_task["status"] == task["status"]:
                continue
            if Status(task["status"]) not in TASK_TRANSITIONS[Status(old_task["status"])]:
                raise Broken(f"task {key}: {old_task['status']} -> {task['status']} is not legal")
        for key, task in change.records.get("tasks", {}).items():
            if Status(task["status"]).succeeded:
                self.successes.add((change.job_id, key))

    def saw_start(self, effect: StartTask, state: JobState) -> None:
        key = task_key(effect.party, effect.component, effect.version)
        if (effect.job_id, key) in self.starts:
            raise Broken(f"{key} of {effect.job_id} is started twice")
        self.starts.add((effect.job_id, key))
        plan = self.plans[effect.job_id]
        record = state.parties[str(effect.party)]
        if record.granted is None or record.granted_until:
            raise Broken(f"{key} starts without a firm grant")
        by_name = {component.name: component for component in plan.components}
        coordinated = plan.options.schedule_mode == "coordinated"
        for need in by_name[effect.component].needs:
            members = by_name[need].parties
            for party in members if coordinated else [effect.party] if effect.party in members else []:
                self._check_need(effect, need, party, state, effect.party)

    def _check_need(self, effect: StartTask, need: str, party: Party, state: JobState, here: Party) -> None:
        order = state.parties[str(here)].directive.components.get(need)
        if order is not None:
            succeeded = (effect.job_id, task_key(party, need, order.version)) in self.successes
        else:
            succeeded = any(
                job_id == effect.job_id and key.startswith(f"{party}/{need}/") for job_id, key in self.successes
            )
        if not succeeded:
            raise Broken(f"{effect.component} v{effect.version} starts at {here}, {need} is not complete at {party}")


def check_engine(engine: Engine, workers: set[tuple[str, str]]) -> None:
    """After each turn."""
    used, total = engine.used(), engine.capacity()
    if used.cores > total.cores:
        raise Broken(f"{used.cores} of {total.cores} cores are granted")
    count: dict[tuple[str, Party], int] = {}
    components: set[tuple[str, Party, str]] = set()
    for job_id, key in workers:
        state = engine.job(job_id)
        if state is None:
            raise Broken(f"worker {key} of unknown job {job_id}")
        task = state.tasks[key]
        if state.parties[str(task.party)].granted is None:
            raise Broken(f"worker {key} of {job_id} runs without a grant")
        if (job_id, task.party, task.component) in components:
            raise Broken(f"two workers of {task.component} of {job_id} run at {task.party}")
        components.add((job_id, task.party, task.component))
        mine = (job_id, task.party)
        count[mine] = count.get(mine, 0) + 1
        if count[mine] > state.documents[str(task.party)].options.task_parallelism:
            raise Broken(f"too many workers of {job_id} at {task.party}")


def check_alarm(engine: Engine | None, at: int) -> None:
    """After a deadline was met."""
    deadline = engine.deadline() if engine is not None else None
    if deadline is not None and deadline <= at:
        raise Broken(f"the deadline {deadline} is not after the turn at {at}")


def check_saved(state: JobState, tables: Tables) -> None:
    """What is in memory is what is on disk."""
    for name, record in [("driver", state.driver), *state.parties.items()]:
        if record is not None:
            _compare(f"{state.job_id} {name}", msgspec.to_builtins(record), tables["job"][name])
    for key, task in state.tasks.items():
        _compare(f"{state.job_id} {key}", msgspec.to_builtins(task), tables["tasks"][key])
    for key, document in state.documents.items():
        _compare(f"{state.job_id} {key}", msgspec.to_builtins(document), tables["documents"][key])
    if len(state.story) != len(tables["story"]):
        raise Broken(f"{state.job_id}: the story was not saved")


def check_end(engines: Mapping[str, Engine], workers: set[tuple[str, str]]) -> None:
    """When the faults are over and nothing moves any more."""
    if workers:
        raise Broken(f"workers are left: {workers}")
    for name, engine in engines.items():
        if engine.holders():
            raise Broken(f"{name} still holds {engine.holders()}")
        for job_id, state in engine.jobs().items():
            if not engine.is_settled(job_id):
                raise Broken(f"{job_id} has not come to its end at {name}")
            if state.driver is not None:
                _check_agreement(engines, state)


def _check_agreement(engines: Mapping[str, Engine], state: JobState) -> None:
    assert state.driver is not None
    final = state.driver.status
    if state.driver.reason == "it ran longer than 600 s":
        raise Broken(f"{state.job_id} hung until its limit ended it")
    if any(not component.status.ended for component in state.driver.components.values()):
        raise Broken(f"{state.job_id}: a component has no end")
    for engine in engines.values():
        other = engine.job(state.job_id)
        for record in other.parties.values() if other is not None else ():
            if record.status is not final:
                raise Broken(f"{state.job_id} is {final} at its driver, {record.status} at {record.party}")
        for task in other.tasks.values() if other is not None else ():
            if not task.status.ended:
                raise Broken(f"{state.job_id}: task {task.key} is {task.status}")
        if final is Status.SUCCESS and other is not None:
            _check_model(state, other)


def _check_model(state: JobState, other: JobState) -> None:
    """All parties agree on every party's part of the model, and the parts are what the parties have."""
    assert state.driver is not None
    for key, record in other.parties.items():
        if record.directive.parts != state.driver.parts:
            raise Broken(f"{state.job_id}: {key} does not know the parts that its driver has agreed on")
        own = [task for task in other.tasks.values() if str(task.party) == key]
        newest = {task.component: task for task in sorted(own, key=lambda task: task.version)}
        if not state.driver.parts or not all(task.status.succeeded for task in newest.values()):
            continue  # a party that has lost its disk has nothing to show
        files = [(task.component, o.name, o.sha256) for task in newest.values() for o in task.outputs]
        if part_digest(record.party, other.documents[key].model_version, files) != state.driver.parts[key]:
            raise Broken(f"{state.job_id}: the part of {key} is not the one that was agreed on")


def _compare(what: str, memory: Any, disk: Any) -> None:
    if isinstance(memory, dict) and isinstance(disk, dict):
        for key in memory.keys() | disk.keys():
            if key not in VOLATILE:
                _compare(f"{what}.{key}", memory.get(key), disk.get(key))
    elif memory != disk:
        raise Broken(f"{what} is {memory} in memory, {disk} on disk")


def _statuses(tables: Tables) -> dict[str, str]:
    found = {}
    for key, record in tables.get("job", {}).items():
        found["job" if key == "driver" else f"job/{key}"] = record["status"]
        if key == "driver":
            for name, component in record["components"].items():
                found[f"component/{name}"] = component["status"]
    return found


def _object(entry: dict[str, Any]) -> tuple[str, Any]:
    party, component = entry["party"], entry["component"]
    if component:
        return (f"task/{party}/{component}" if party else f"component/{component}"), TASK_TRANSITIONS
    return (f"job/{party}" if party else "job"), JOB_TRANSITIONS
