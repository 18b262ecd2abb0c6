"""A job in the engine's memory: its saved state, with indexes that are derived from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.core.errors import Conflict
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import ComponentDirective, Directive, Refusal, Report, TaskReport
from fateflow_tui.core.plan import ComponentPlan, PartyDocument, TaskPlan
from fateflow_tui.core.ports import JobCommit
from fateflow_tui.core.records import Adopted, DriverRecord, JobState, PartyRecord, StoryEntry, TaskRecord
from fateflow_tui.core.status import JOB_TRANSITIONS, TASK_TRANSITIONS, Status

DRIVER_KEY: Final = "driver"


class PendingKill(msgspec.Struct, frozen=True):
    """A kill that was requested and not yet confirmed. kind: of the failure card that the task will get."""

    status: Status
    kind: str
    reason: str
    sent_at: int = 0


class Job:
    """One job at this site.

    Everything but `state` is lost in a restart and derived again; directives and reports then get new numbers, which is
    harmless.
    """

    def __init__(self, state: JobState) -> None:
        self.state = state
        self.id = state.job_id
        self.directives: dict[str, Directive] = {}  # the newest to each party, without document
        self.reports: dict[str, Report] = {}  # the newest of each party here
        self.unsent: set[str] = set()  # parties here whose report must be sent in this turn
        self.refusals: dict[str, Refusal] = {}  # of parties here, to be applied with the document
        self.adopted: dict[str, dict[str, Adopted]] = {}  # what parties here still have of the job to reuse
        self.kills: dict[str, PendingKill] = {}  # by task key
        self.newest: dict[str, dict[str, TaskRecord]] = {}  # party -> component -> its newest task
        self.running: dict[str, dict[str, TaskRecord]] = {}  # party -> task key -> task with a worker
        self.task_reports: dict[str, dict[str, TaskReport]] = {}
        self.task_plans: dict[str, dict[str, TaskPlan]] = {}  # party -> component -> plan, in topological order
        self.parties: dict[str, Party] = {}  # at the driver: all of the job
        self.components: dict[str, ComponentPlan] = {}
        self.components_of: dict[str, list[str]] = {}  # party -> components, in topological order
        self.component_directives: dict[str, ComponentDirective] = {}
        self.dirty: set[str] = set()  # components with new reports
        self._changed: dict[str, set[str]] = {}
        self._saved_story = len(state.story)
        for key, document in state.documents.items():
            self._index_document(key, document)
        for task in state.tasks.values():
            self._index_task(task)
        self._index_plan()

    @property
    def driver(self) -> DriverRecord:
        """The driver's record. Raises LookupError unless `drives`."""
        if self.state.driver is None:
            raise LookupError(f"job {self.id} is driven elsewhere")
        return self.state.driver

    @property
    def drives(self) -> bool:
        return self.state.driver is not None

    def touch(self, table: str, key: str) -> None:
        """Mark a record as changed, to be saved at the end of the turn."""
        self._changed.setdefault(table, set()).add(key)

    def touch_driver(self) -> None:
        self.touch("job", DRIVER_KEY)

    def touch_party(self, record: PartyRecord) -> None:
        self.touch("job", str(record.party))

    def add_story(self, at: int, what: str, *, party: str = "", component: str = "", text: str = "") -> None:
        self.state.story.append(StoryEntry(at, what, party, component, text))

    def put_document(self, key: str, document: PartyDocument) -> None:
        self.state.documents[key] = document
        self.touch("documents", key)
        self._index_document(key, document)

    def put_plan(self) -> None:
        self.touch("documents", "plan")
        self._index_plan()

    def put_task(self, task: TaskRecord) -> None:
        """Store a task record; call after each change."""
        self.state.tasks[task.key] = task
        self.touch("tasks", task.key)
        self._index_task(task)

    def put_component(self, name: str) -> None:
        """Mark a component record as changed; call after each change."""
        self.touch_driver()
        self._index_component(name)

    def take_commit(self) -> JobCommit | None:
        """The records changed since the last call, as plain data; None if there are none."""
        records: dict[str, dict[str, dict[str, Any]]] = {
            table: {key: msgspec.to_builtins(self._record(table, key)) for key in sorted(keys)}
            for table, keys in self._changed.items()
        }
        story = self.state.story
        if self._saved_story < len(story):
            records["story"] = {
                f"{number:06d}": msgspec.to_builtins(story[number]) for number in range(self._saved_story, len(story))
            }
        if not records:
            return None
        self._changed = {}
        self._saved_story = len(story)
        return JobCommit(self.id, self.state.version, records, self.driver.epoch if self.drives else 0)

    def take_everything(self) -> JobCommit:
        """All records, to be saved as a new file."""
        state = self.state
        for key in [*state.parties, *([DRIVER_KEY] if self.drives else [])]:
            self.touch("job", key)
        for key in [*state.documents, *(["plan"] if state.plan is not None else [])]:
            self.touch("documents", key)
        for key in state.tasks:
            self.touch("tasks", key)
        self._saved_story = 0
        commit = self.take_commit()
        if commit is None:
            raise LookupError(f"job {self.id} has no records")
        return msgspec.structs.replace(commit, version=0)

    def _record(self, table: str, key: str) -> Any:
        if table == "job":
            return self.state.driver if key == DRIVER_KEY else self.state.parties[key]
        if table == "tasks":
            return self.state.tasks[key]
        return self.state.plan if key == "plan" else self.state.documents[key]

    def _index_document(self, key: str, document: PartyDocument) -> None:
        self.task_plans[key] = {task.component: task for task in document.tasks}

    def _index_task(self, task: TaskRecord) -> None:
        party = str(task.party)
        running = self.running.setdefault(party, {})
        if task.status is Status.RUNNING:
            running[task.key] = task
        else:
            running.pop(task.key, None)
            if task.status.ended:
                self.kills.pop(task.key, None)
        newest = self.newest.setdefault(party, {})
        known = newest.get(task.component)
        if known is None or known.version <= task.version:
            newest[task.component] = task
            card = task.card.redacted() if task.card else None
            models = {output.name: output.sha256 for output in task.outputs if output.kind == "model"}
            self.task_reports.setdefault(party, {})[task.component] = TaskReport(
                task.version,
                task.status,
                task.started_at,
                task.ended_at,
                card,
                models,
                task.reused_from,
                task.outputs_missing,
            )

    def _index_plan(self) -> None:
        plan = self.state.plan
        if plan is None or self.state.driver is None:
            return
        self.parties = {str(party): party for party in plan.parties}
        self.components = {component.name: component for component in plan.components}
        self.components_of = {key: [] for key in self.parties}
        for component in plan.components:
            for party in component.parties:
                self.components_of[str(party)].append(component.name)
            self._index_component(component.name)
        self.dirty.update(self.components)

    def _index_component(self, name: str) -> None:
        record = self.driver.components[name]
        self.component_directives[name] = ComponentDirective(record.version, record.want, record.status)


def move_job(job: Job, status: Status, at: int, text: str = "") -> None:
    """Change the job's status at its driver."""
    driver = job.driver
    if driver.status is status:
        return
    _check(JOB_TRANSITIONS, driver.status, status, f"job {job.id}")
    job.add_story(at, f"{driver.status} -> {status}", text=text)
    driver.status = status
    job.touch_driver()


def move_party(job: Job, record: PartyRecord, status: Status, at: int, text: str = "") -> None:
    """Change the job's status at one party of this site."""
    if record.status is status:
        return
    _check(JOB_TRANSITIONS, record.status, status, f"job {job.id} at {record.party}")
    job.add_story(at, f"{record.status} -> {status}", party=str(record.party), text=text)
    record.status = status
    record.updated_at = at
    if status is Status.RUNNING:
        record.started_at, record.ended_at = at, 0
    elif status.ended:
        record.ended_at = at
    job.touch_party(record)


def move_task(job: Job, task: TaskRecord, status: Status, at: int, text: str = "") -> None:
    """Change the status of a task of this site."""
    _check(TASK_TRANSITIONS, task.status, status, f"task {task.key} of job {job.id}")
    job.add_story(at, f"{task.status} -> {status}", party=str(task.party), component=task.component, text=text)
    task.status = status
    task.updated_at = at
    if status is Status.RUNNING:
        task.started_at = at
    elif status.ended:
        task.ended_at = at
    job.put_task(task)


def move_component(job: Job, name: str, status: Status, at: int, text: str = "") -> None:
    """Change the status of a component over all parties, at the driver."""
    record = job.driver.components[name]
    if record.status is status:
        return
    _check(TASK_TRANSITIONS, record.status, status, f"component {name} of job {job.id}")
    job.add_story(at, f"{record.status} -> {status}", component=name, text=text)
    record.status = status
    if status is Status.RUNNING:
        record.started_at = at
    elif status.ended:
        record.ended_at = at
    job.put_component(name)


def _check(table: Mapping[Status, frozenset[Status]], old: Status, new: Status, what: str) -> None:
    if new not in table[old]:
        raise Conflict(f"{what} cannot go from {old} to {new}")
