"""Deleting what ended jobs have left: series of metrics, output tables."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fateflow_tui.artifacts.metric_pruning import prune
from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.core.ids import output_namespace
from fateflow_tui.core.records import JobState, TaskRecord
from fateflow_tui.server.body import Body
from fateflow_tui.server.door import Site
from fateflow_tui.server.tracked import output_tables
from fateflow_tui.server.views import job_line


class Choice(msgspec.Struct, frozen=True):
    """Which runs of which tasks; "" and -1 for any."""

    component: str = ""
    role: str = ""
    party_id: str = ""
    version: int = -1

    @classmethod
    def of(cls, body: Body) -> Choice:
        return cls(
            body.text("component_name"), body.text("role"), body.text("party_id"), body.integer("task_version", -1)
        )

    def runs(self, state: JobState) -> Iterator[TaskRecord]:
        """The chosen runs of this site's parties that have ended."""
        for task in state.tasks.values():
            fits = (
                self.component in ("", task.component)
                and self.role in ("", task.party.role)
                and self.party_id in ("", task.party.party_id)
                and self.version in (-1, task.version)
            )
            if fits and task.status.ended:
                yield task


def is_ended(state: JobState) -> bool:
    """At all parties, and at this site's."""
    return job_line(state).status.ended and all(party.status.ended for party in state.parties.values())


def check_ended(state: JobState) -> None:
    """Raises Conflict for a job that still needs what it has left."""
    if not is_ended(state):
        raise Conflict(
            f"job {state.job_id} has not ended: it is {job_line(state).status}",
            hint=f"wait for it, or stop it: fateflow job stop -j {state.job_id}",
        )


def delete_metrics(site: Site, state: JobState, choice: Choice, namespace: str = "", name: str = "") -> int:
    """Deletes series of the chosen runs; returns how many."""
    return sum(
        prune(site.home.metrics(task.job_id, task.party, task.component, task.version), namespace, name)
        for task in choice.runs(state)
    )


def delete_outputs(site: Site, state: JobState, choice: Choice) -> int:
    """Deletes the tables that the chosen runs wrote for their outputs, never one that they read, uploaded or passed
    on; returns how many there were.
    """
    gone = 0
    for task in choice.runs(state):
        own = output_namespace(task.job_id, task.component, task.version)
        for output in output_tables(task):
            if output.namespace == own:
                gone += site.tables.delete(output.namespace, output.table)
    return gone


def day_of(body: Body) -> str:
    """The eight digits that `model` stands for in metric/delete: with them the ids of a day's jobs begin."""
    day = body.text("model")
    if len(day) != 8 or not (day.isascii() and day.isdigit()):
        raise BadRequest(f"model is {day!r:.80}, it must be a day as in 20261124", hint="or give a job_id")
    return day
