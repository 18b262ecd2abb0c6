"""`fateflow task`: the tasks of jobs, one component at one party."""

from __future__ import annotations

from typing import Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import JobArgument, LimitOption, TaskRecordOptions
from fateflow_tui.core.formatting import duration, marked
from fateflow_tui.views.text import timestamp

app = CommandGroup("Inspect the tasks of jobs: one component at one party.")

_TITLES = ("JOB", "COMPONENT", "VERSION", "PARTY", "STATUS", "STARTED", "TOOK")


@app.command("list")
@prints("list[Task]")
def list_tasks(ctx: typer.Context, job: JobArgument = None, limit: LimitOption = 10) -> None:
    """List the newest tasks, or all tasks of a job.

    Examples:
    fateflow task list
    fateflow task list @last
    fateflow task list -l 3 --json
    """
    session = context.of(ctx)
    if job:
        body = {"job_id": session.resolve([job])[0]}
        fate.forward(session, "job/task/query", body, lambda data: _table(session, data), listing=True)
        return
    envelope = fate.request(session, "job/list/task", {"limit": limit})
    fate.print_answer(session, envelope, lambda data: _table(session, data), tolerated={100, 101}, listing=True)


@app.command()
@prints("list[Task]")
def query(ctx: typer.Context, which: TaskRecordOptions) -> None:
    """Find tasks.

    Examples:
    fateflow task query -j @last
    fateflow task query -j @last -r guest -p 9999 -cpn hetero_lr_0 --json
    """
    session = context.of(ctx)
    fate.forward(session, "job/task/query", which.body(session), lambda data: _table(session, data), listing=True)


def _table(session: context.Session, records: list[dict[str, Any]] | None) -> None:
    session.output.listing(records or [], _TITLES, _row, lambda one: str(one["f_task_id"]), empty="no tasks")


def _row(task: dict[str, Any]) -> list[str]:
    return [
        task["f_job_id"],
        task["f_component_name"],
        str(task["f_task_version"]),
        f"{task['f_role']}:{task['f_party_id']}",
        marked(task["f_party_status"]),
        timestamp(task["f_start_time"] or 0),
        duration(task["f_elapsed"]) if task["f_elapsed"] else "",
    ]
