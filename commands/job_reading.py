"""The verbs of `fateflow job` that only look; `job` takes them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from commands import classic, context
from commands.job_text import JOB_TITLES, component_lines, job_lines, job_row, story_row, why_lines
from commands.options import (
    ComponentOption,
    FolderOption,
    JobArgument,
    JobArguments,
    JobOption,
    LimitOption,
    PartyIdOption,
    PartyOption,
    RoleOption,
    StatusOption,
    required,
    words,
)
from commands.text import marked, moment
from commands.verbs import Noun

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
    jobs = session.flow.jobs(limit, status.split(",") if status else (), party)
    now = session.now()
    output.listing(jobs, JOB_TITLES, lambda job: job_row(job, now), lambda job: job.job_id, empty="no jobs")


@app.verb()
def show(ctx: typer.Context, jobs: JobArguments = None, job_id: JobOption = None) -> None:
    """Shows jobs whole: parties, components, times, failure cards.

    Examples:
    fateflow job show @last
    fateflow job show -j @last --json
    """
    session = context.of(ctx)
    output, now = session.output, session.now()
    views = [session.flow.job(one) for one in session.resolve(words(jobs, job_id))]
    if len(views) == 1:
        output.record(views[0], lambda job: job_lines(job, now), lambda job: job.job_id)
    elif output.is_table:
        for view in views:
            output.lines([*job_lines(view, now), ""])
    else:
        output.listing(views, (), lambda job: (), lambda job: job.job_id)


@app.verb()
def query(
    ctx: typer.Context,
    job_id: JobOption = None,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    status: StatusOption = None,
) -> None:
    """Finds job records, one for each party, as FATE's client does.

    Examples:
    fateflow job query -j @last
    fateflow job query -r guest -p 9999 -s success --json
    """
    session = context.of(ctx)
    body = {"job_id": session.known_id(job_id), "role": role, "party_id": party_id, "status": status}
    envelope = classic.ask(session, "job/query", body)
    for record in envelope.get("data") or []:
        record.pop("f_dsl", None)
        record.pop("f_runtime_conf", None)
    classic.show(session, envelope, lambda data: _show_records(session, data))


@app.verb()
def why(ctx: typer.Context, jobs: JobArgument = None, job_id: JobOption = None) -> None:
    """Says why a job is as it is: what it waits for, who stopped it, what failed.

    Examples:
    fateflow job why @last
    """
    session = context.of(ctx)
    [one] = session.resolve([required(jobs or job_id, "JOB")])
    session.output.record(session.flow.why(one), why_lines, lambda found: found.job_id)


@app.verb()
def story(
    ctx: typer.Context, jobs: JobArgument = None, job_id: JobOption = None, component_name: ComponentOption = None
) -> None:
    """Tells all that happened to a job, in order.

    Examples:
    fateflow job story @last
    fateflow job story @last -cpn hetero_lr_0
    """
    session = context.of(ctx)
    [one] = session.resolve([required(jobs or job_id, "JOB")])
    entries = session.flow.story(one, component_name or "")
    titles = ("AT", "PARTY", "COMPONENT", "WHAT", "TEXT")
    session.output.listing(entries, titles, story_row, lambda entry: entry.what, empty="nothing happened to it")


@app.verb()
def graph(ctx: typer.Context, jobs: JobArgument = None, job_id: JobOption = None) -> None:
    """Lists a job's components in topological order, with what each needs.

    Examples:
    fateflow job graph @last
    """
    session = context.of(ctx)
    [one] = session.resolve([required(jobs or job_id, "JOB")])
    now = session.now()
    session.output.record(
        session.flow.graph(one), lambda found: component_lines(found.components, now), lambda found: found.job_id
    )


@app.verb()
def config(
    ctx: typer.Context,
    job_id: JobOption = None,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    output_path: FolderOption = None,
) -> None:
    """Writes a job's documents to a folder: dsl.json, runtime_conf.json and more.

    Examples:
    fateflow job config -j @last -r guest -p 9999 -o .
    """
    from commands.files import write_documents

    session = context.of(ctx)
    folder = Path(required(output_path, "-o"))
    body = {"job_id": session.known_id(required(job_id, "-j")), "role": role, "party_id": party_id}
    envelope = classic.ask(session, "job/config", body)
    if envelope["retcode"] == 0:
        data = envelope["data"]
        target = folder.absolute() / f"job_{data['job_id']}_config"
        write_documents(target, {name: value for name, value in data.items() if name != "job_id"})
        for name in ("dsl", "runtime_conf"):
            data.pop(name, None)
        envelope |= {"directory": str(target), "retmsg": f"download successfully, please check {target} directory"}
    classic.show(session, envelope, lambda _: session.output.lines([envelope["directory"]]))


@app.verb()
def log(ctx: typer.Context, job_id: JobOption = None, output_path: FolderOption = None) -> None:
    """Fetches all logs of a job into a folder. To read them here: fateflow log show.

    Examples:
    fateflow job log -j @last -o .
    """
    from commands.files import fetch_archive

    session = context.of(ctx)
    folder = Path(required(output_path, "-o"))
    [one] = session.resolve([required(job_id, "-j")])
    target = folder.absolute() / f"job_{one}_log"
    fetch_archive(session, "job/log", {"job_id": one}, target)


@app.verb()
def view(
    ctx: typer.Context,
    job_id: JobOption = None,
    role: RoleOption = None,
    party_id: PartyIdOption = None,
    status: StatusOption = None,
) -> None:
    """Lists the output tables of a job.

    Examples:
    fateflow job view -j @last
    fateflow job view -j @last -r guest -p 9999 --json
    """
    session = context.of(ctx)
    known = session.known_id(required(job_id, "-j"))
    body = {"job_id": known, "role": role, "party_id": party_id, "status": status}
    titles = ("COMPONENT", "DATA", "PARTY", "NAMESPACE", "TABLE")
    classic.show(
        session,
        classic.ask(session, "job/data/view/query", body),
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
