"""Commands of `fateflow job` that show jobs: list, show, query, history, view, graph, why."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.dsl import Details, color_of, print_graph, shows_unicode, written
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import (
    ComponentOption,
    DrawingOptions,
    JobName,
    JobNames,
    LimitOption,
    PartyOption,
    RecordOptions,
    StatusOption,
    listed,
    required,
)
from fateflow_tui.commands.output import styled
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.formatting import MARKS, marked
from fateflow_tui.core.ids import short_id_length
from fateflow_tui.core.status import Status
from fateflow_tui.views.jobs import JOB_TITLES, component_time, job_lines, job_row
from fateflow_tui.views.text import party_marks, plain, timestamp

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.jobs import ComponentView


app = CommandGroup("Look at jobs.")

_RECORD_TITLES = ("JOB", "PARTY", "STATUS", "PROGRESS", "CREATED")


@app.command("list")
@prints("list[JobLine]")
def list_jobs(
    ctx: typer.Context,
    limit: LimitOption = 10,
    status: StatusOption = None,
    party: PartyOption = None,
) -> None:
    """Show the newest jobs: what each one is, what it runs or waits for, or why it failed.

    On a terminal, ids are shortened to the last digits that tell the jobs apart; every command accepts these. On a pipe
    and with -o they are whole.

    Examples:
    fateflow job list
    fateflow job list -l 3 --json
    fateflow job list --status running,waiting
    """
    session = context.of(ctx)
    output = session.output
    if output.format == "fate" and not (status or party):
        envelope = fate.request(session, "job/list/job", {"limit": limit})
        fate.print_answer(session, envelope, lambda _: None, tolerated={101})
        return
    statuses = listed(status)
    for word in statuses:
        if word not in set(Status):
            raise BadRequest(f"unknown status {word!r}", hint=f"expected one of {', '.join(Status)}")
    jobs = session.flow.jobs(limit, statuses, party)
    now = now_ms()
    digits = short_id_length([job.job_id for job in jobs]) if output.is_table and sys.stdout.isatty() else 0
    whole = output.format == "csv"
    output.listing(
        jobs,
        JOB_TITLES,
        lambda job: job_row(job, now, digits, whole=whole),
        lambda job: job.job_id,
        empty="no jobs",
    )


@app.command()
@prints("list[JobView]")
def show(ctx: typer.Context, which: JobNames) -> None:
    """Show jobs in detail: parties, components, times, failure cards.

    Examples:
    fateflow job show @last
    fateflow job show -j @last --json
    """
    session = context.of(ctx)
    output, now = session.output, now_ms()
    views = [session.flow.job(one) for one in which.ids(session)]
    if output.is_table:
        for view in views:
            output.lines([*styled(job_lines(view, now)), *([""] if len(views) > 1 else [])])
    else:
        output.listing(views, (), lambda job: (), lambda job: job.job_id)


@app.command()
@prints("list[dict[str, Any]]")
def query(ctx: typer.Context, which: RecordOptions) -> None:
    """Find job records, one for each party, as in FATE's client. Exits with 5 when the job of -j does not exist.

    Examples:
    fateflow job query -j @last
    fateflow job query -r guest -p 9999 -s success --json
    """
    session = context.of(ctx)
    envelope = fate.request(session, "job/query", which.body(session))
    for record in envelope.get("data") or []:
        record.pop("f_dsl", None)
        record.pop("f_runtime_conf", None)
    found, as_fate = bool(envelope.get("data")), session.output.format == "fate"
    if which.job_id and not found and not as_fate:
        session.resolve([which.job_id])  # raises JobNotFound
    fate.print_answer(session, envelope, lambda data: _show_records(session, data), listing=True)
    if which.job_id and not found and as_fate:
        session.resolve([which.job_id])


@app.command("story", hidden=True)
@app.command()
@prints("list[StoryEntry]")
def history(
    ctx: typer.Context, which: JobName, component_name: ComponentOption = None, party: PartyOption = None
) -> None:
    """Show the events of a job in order.

    Examples:
    fateflow job history @last
    fateflow job history @last -cpn hetero_lr_0 --party guest:9999
    """
    session = context.of(ctx)
    entries = session.flow.history(which.id(session), component_name or "", party)
    if session.output.is_table and entries:
        from fateflow_tui.views.history import history_lines

        width = session.output.width if sys.stdout.isatty() else 0
        session.output.lines(styled(history_lines(entries, width=width)))
        return
    session.output.listing(entries, (), lambda _: (), lambda entry: entry.what, empty="no events")


@app.command()
@prints("list[OutputInfo]")
def view(ctx: typer.Context, which: RecordOptions) -> None:
    """List the output tables of a job.

    Examples:
    fateflow job view -j @last
    fateflow job view -j @last -r guest -p 9999 --json
    """
    session = context.of(ctx)
    required(which.job_id, "-j")
    titles = ("COMPONENT", "DATA", "PARTY", "NAMESPACE", "TABLE")
    fate.forward(
        session,
        "job/data/view/query",
        which.body(session),
        lambda data: session.output.listing(
            data or [],
            titles,
            lambda one: [
                one["f_component_name"],
                one["f_data_name"],
                f"{one['f_role']}:{one['f_party_id']}",
                one["f_table_namespace"],
                one["f_table_name"],
            ],
            lambda one: str(one["f_table_name"]),
        ),
        listing=True,
    )


def _show_records(session: context.Session, records: list[dict[str, Any]] | None) -> None:
    session.output.listing(
        records or [],
        _RECORD_TITLES,
        lambda one: [
            one["f_job_id"],
            f"{one['f_role']}:{one['f_party_id']}",
            marked(one["f_status"]),
            f"{one['f_progress']}%",
            timestamp(one["f_create_time"]),
        ],
        lambda one: str(one["f_job_id"]),
        empty="no matching jobs; filter with -j, -r, -p, -s",
    )


@app.command()
@prints("JobGraph")
def graph(ctx: typer.Context, which: JobName, options: DrawingOptions) -> None:
    """Draw the components of a job with their status at each party, or export them.

    Examples:
    fateflow job graph @last
    fateflow job graph @last --boxes
    fateflow job graph @last --format mermaid
    """
    from fateflow_tui.graph import Dag

    session = context.of(ctx)
    found = session.flow.graph(which.id(session))
    dag = Dag.of_needs({one.name: one.needs for one in found.components})
    if options.format:
        statuses = {one.name: one.status for one in found.components}
        session.output.write(written(dag, options.format, statuses))
    elif session.output.is_table:
        print_graph(session, dag, _details(found.components, now_ms()), options)
    else:
        session.output.record(found, lambda _: (), lambda one: one.job_id)


def _details(components: list[ComponentView], now: int) -> Details:
    """Return the parties' marks and the duration of each component; without Unicode, a word instead of the marks."""
    words = {one.name: "reused" if one.reused_from else str(one.status) for one in components}
    unicode = shows_unicode(sys.stdout)
    rows = {}
    for one in components:
        marks = f"{plain(party_marks(dict(one.parties)))}{' ' + MARKS['reused'] if one.reused_from else ''}"
        rows[one.name] = [marks if unicode else words[one.name], component_time(one, now)]
    return Details(rows, {name: color_of(word) for name, word in words.items()})


@app.command()
@prints("JobWhy")
def why(
    ctx: typer.Context,
    which: JobName,
    component: Annotated[str | None, typer.Argument(metavar="COMPONENT", help="A component of the job.")] = None,
    component_name: ComponentOption = None,
) -> None:
    """Explain why a job or a component waits, runs, was stopped or failed.

    Shows what a job waits for and how to release it, the last heartbeat of running tasks, who refused or stopped it,
    and what failed with a hint how to fix it.

    Examples:
    fateflow job why @last
    fateflow job why @last hetero_lr_0
    fateflow job why @last --json
    """
    from fateflow_tui.views.why import why_lines

    session = context.of(ctx)
    if which.job and which.job_id and component is None:
        which, component = JobName(None, which.job_id), which.job  # -j JOB COMPONENT
    found = session.flow.why(which.id(session), component or component_name or "")
    width, now = session.output.width if sys.stdout.isatty() else 0, now_ms()
    session.output.record(found, lambda one: styled(why_lines(one, now, width=width)), lambda one: one.job_id)
