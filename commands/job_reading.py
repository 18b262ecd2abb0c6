"""The verbs of `fateflow job` that only look; `job` takes them in."""

from __future__ import annotations

import sys
from typing import Any

import typer

from commands import classic, context
from commands.job_text import JOB_TITLES, job_lines, job_row
from commands.option_groups import JobName, JobNames, RecordOptions
from commands.options import ComponentOption, LimitOption, PartyOption, StatusOption, listed, required
from commands.text import moment
from commands.verbs import Noun
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.status import Status
from fateflow_tui.text.statuses import marked

app = Noun("Look at jobs.")

_RECORD_TITLES = ("JOB", "PARTY", "STATUS", "PROGRESS", "CREATED")


@app.verb("list")
def list_jobs(
    ctx: typer.Context,
    limit: LimitOption = 10,
    status: StatusOption = None,
    party: PartyOption = None,
) -> None:
    """Shows the newest jobs, and why those wait that wait.

    Examples:
    fateflow job list
    fateflow job list -l 3 --json
    fateflow job list --status running,waiting
    """
    session = context.of(ctx)
    output = session.output
    if output.format not in ("table", "name") and not (status or party):
        nothing = {101}
        classic.show(session, classic.ask(session, "job/list/job", {"limit": limit}), lambda _: None, tolerated=nothing)
        return
    wishes = listed(status)
    for word in wishes:
        if word not in set(Status):
            raise BadRequest(f"there is no status {word!r}", hint=f"one of {', '.join(Status)}")
    jobs = session.flow.jobs(limit, wishes, party)
    now = session.now()
    output.listing(jobs, JOB_TITLES, lambda job: job_row(job, now), lambda job: job.job_id, empty="no jobs")


@app.verb()
def show(ctx: typer.Context, which: JobNames) -> None:
    """Shows jobs whole: parties, components, times, failure cards.

    Examples:
    fateflow job show @last
    fateflow job show -j @last --json
    """
    session = context.of(ctx)
    output, now = session.output, session.now()
    views = [session.flow.job(one) for one in which.ids(session)]
    if len(views) == 1:
        output.record(views[0], lambda job: job_lines(job, now), lambda job: job.job_id)
    elif output.is_table:
        for view in views:
            output.marked([*job_lines(view, now), ""])
    else:
        output.listing(views, (), lambda job: (), lambda job: job.job_id)


@app.verb()
def query(ctx: typer.Context, which: RecordOptions) -> None:
    """Finds job records, one for each party, as FATE's client does.

    Examples:
    fateflow job query -j @last
    fateflow job query -r guest -p 9999 -s success --json
    """
    session = context.of(ctx)
    envelope = classic.ask(session, "job/query", which.body(session))
    for record in envelope.get("data") or []:
        record.pop("f_dsl", None)
        record.pop("f_runtime_conf", None)
    classic.show(session, envelope, lambda data: _show_records(session, data))


@app.verb()
def story(
    ctx: typer.Context, which: JobName, component_name: ComponentOption = None, party: PartyOption = None
) -> None:
    """Tells all that happened to a job, in order.

    Examples:
    fateflow job story @last
    fateflow job story @last -cpn hetero_lr_0 --party guest:9999
    """
    session = context.of(ctx)
    entries = session.flow.story(which.id(session), component_name or "", party)
    if session.output.is_table and entries:
        from commands.story_text import story_lines

        session.output.lines(story_lines(entries, session.output.width if sys.stdout.isatty() else 0))
        return
    session.output.listing(entries, (), lambda _: (), lambda entry: entry.what, empty="nothing happened to it")


@app.verb()
def view(ctx: typer.Context, which: RecordOptions) -> None:
    """Lists the output tables of a job.

    Examples:
    fateflow job view -j @last
    fateflow job view -j @last -r guest -p 9999 --json
    """
    session = context.of(ctx)
    required(which.job_id, "-j")
    titles = ("COMPONENT", "DATA", "PARTY", "NAMESPACE", "TABLE")
    classic.tell(
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
            moment(one["f_create_time"]),
        ],
        lambda one: str(one["f_job_id"]),
        empty="no job fits; name one with -j, or choose with -r, -p, -s",
    )
