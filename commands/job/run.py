"""Commands of `fateflow job` that run jobs: submit, watch, wait, stop, rerun."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.complete import complete_job
from fateflow_tui.commands.documents import Sources, placed, problems_placed, read_conf, read_text, shown
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.job.plan import JobStep, show_steps
from fateflow_tui.commands.options import ComponentOption, ConfOption, JobNames, WatchOption, listed
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import PartyUnreachable
from fateflow_tui.views.jobs import JOB_TITLES, headline, job_row, reused_line

app = CommandGroup("Submit, follow, inspect, stop and rerun jobs.")

ReuseOption = Annotated[bool, typer.Option("--reuse", help="Reuse identical components of an earlier job.")]
ReuseFromOption = Annotated[
    str | None,
    typer.Option("--reuse-from", metavar="JOB", help="Reuse components of this job.", autocompletion=complete_job),
]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", min=0, metavar="SECONDS", help="Give up after this time.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Rerun successful components too.")]


class Stopped(msgspec.Struct, frozen=True):
    """The result of stopping a job. parties: "success", or "pending: " and the reason."""

    job_id: str
    status: str
    parties: dict[str, str]


@app.command()
@prints("Submission")
def submit(
    ctx: typer.Context,
    conf_path: Annotated[Path, typer.Option("--conf-path", "-c", metavar="FILE", help="Runtime conf.")],
    dsl_path: Annotated[
        Path | None, typer.Option("--dsl-path", "-d", metavar="FILE", help="DSL; not needed for a predict job.")
    ] = None,
    watch: WatchOption = False,
    reuse: ReuseOption = False,
    reuse_from: ReuseFromOption = None,
) -> int:
    """Submit a job.

    With --reuse, identical components are taken from the newest job that has most of them.

    Examples:
    fateflow job submit -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json
    fateflow job submit -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json --watch
    fateflow job submit -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json -o name
    fateflow job submit -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json --reuse
    fateflow job submit -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json --reuse-from @last
    """
    session = context.of(ctx)
    sources = {"conf": (conf_path, read_text(conf_path))}
    if dsl_path is not None:
        sources["dsl"] = (dsl_path, read_text(dsl_path))
    body: dict[str, Any] = {
        "job_dsl": sources["dsl"][1] if dsl_path else {},
        "job_runtime_conf": sources["conf"][1],
    }
    if reuse or reuse_from:
        body["reuse"] = session.resolve([reuse_from])[0] if reuse_from else True
    envelope = fate.request(session, "job/submit", body)
    job_id = str(envelope.get("jobId", ""))
    with problems_placed(sources):
        if envelope["retcode"] == 0 and session.output.is_table:
            _print_warnings(session, sources, envelope["data"].get("warnings") or [])
        if watch and envelope["retcode"] == 0:
            session.output.info(f"submitted {job_id}")
            return _watched(session, [job_id], single=True)
        fate.print_answer(session, envelope, lambda _: fate.print_submitted(session, job_id), name=job_id)
        if "reuse" in body:
            session.output.info(reused_line(session.flow.job(job_id)))
    return 0


@app.command()
@prints("list[JobView]")
def watch(
    ctx: typer.Context,
    which: JobNames,
    timeout: TimeoutOption = None,
) -> int:
    """Follow the progress of jobs until they end; exit with the worst outcome.

    Examples:
    fateflow job watch @last
    """
    session = context.of(ctx)
    return _watched(session, which.ids(session), timeout)


@app.command()
@prints("list[JobLine]")
def wait(
    ctx: typer.Context,
    which: JobNames,
    timeout: TimeoutOption = None,
) -> int:
    """Wait until jobs end, without progress; exit with the worst outcome.

    Examples:
    fateflow job wait @last
    fateflow job wait @last --timeout 60 -o name
    """
    from fateflow_tui.commands.errors import of_status

    session = context.of(ctx)
    lines = [session.flow.wait(one, timeout) for one in which.ids(session)]
    now = now_ms()
    if len(lines) == 1 and session.output.is_table:
        session.output.lines([headline(lines[0], now)])
    else:
        whole = session.output.format == "csv"
        session.output.listing(lines, JOB_TITLES, lambda job: job_row(job, now, whole=whole), lambda job: job.job_id)
    return max(of_status(line.status) for line in lines)


@app.command()
@prints("list[Stopped]")
def stop(
    ctx: typer.Context,
    which: JobNames,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Reason shown to the other parties.")] = "",
) -> None:
    """Stop jobs at all their parties. Stopping an ended job changes nothing.

    Examples:
    fateflow job stop @last
    fateflow job stop -j @last --json
    """
    session = context.of(ctx)
    if which.by_job_option and session.output.format == "fate":
        known = session.known_id(which.job_id) or ""
        envelope = fate.request(session, "job/stop", {"job_id": known, "reason": reason or None})
        fate.print_answer(session, _without_details(envelope), lambda _: None, name=known)
        return
    outcomes: list[Stopped] = []
    for one in which.ids(session):
        found = session.flow.stop(one, reason=reason)
        # The answer has no status for a job that had already ended.
        outcomes.append(Stopped(one, found.status or str(session.flow.job(one).status), found.parties))
    session.output.listing(
        outcomes,
        ("JOB", "STATUS", "PARTIES"),
        lambda one: [one.job_id, one.status, _party_results(one.parties)],
        lambda one: one.job_id,
    )
    pending = {party: text for one in outcomes for party, text in one.parties.items() if text != "success"}
    if pending:
        raise PartyUnreachable(
            f"not every party has stopped yet: {_party_results(pending)}",
            hint="the stop request is stored and retried until they acknowledge it; see `fateflow job show`",
            data=pending,
        )


@app.command()
@prints("list[JobStep]")
def rerun(
    ctx: typer.Context,
    which: JobNames,
    component_name: ComponentOption = None,
    force: ForceOption = False,
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would run and why.")] = False,
    conf_path: ConfOption = None,
    watch: WatchOption = False,
) -> int:
    """Rerun what did not succeed, and everything that depends on it.

    The file of -c can contain changed job_parameters and component_parameters.

    Examples:
    fateflow job rerun @last --plan
    fateflow job rerun -j @last -cpn hetero_lr_0 --force
    """
    session = context.of(ctx)
    changes = read_conf(conf_path) if conf_path else {}
    sources = {"conf": (conf_path, read_text(conf_path))} if conf_path else {}
    ids = which.ids(session)
    if which.by_job_option and session.output.format == "fate" and not (plan or watch):
        body = {"job_id": ids[0], "component_name": component_name, "force": force or None, **changes}
        fate.print_answer(
            session, _without_details(fate.request(session, "job/rerun", body)), lambda _: None, name=ids[0]
        )
        return 0
    names = listed(component_name)
    steps: list[JobStep] = []
    for one in ids:
        with problems_placed(sources):
            planned = session.flow.rerun(
                one,
                [name for name in names if name != "pipeline"],
                force,
                changes.get("job_parameters"),
                changes.get("component_parameters"),
                plan,
            )
        steps += [JobStep(one, step.component, step.action, step.why) for step in planned]
        if session.output.is_table and not watch:
            show_steps(session, planned)
    if not (session.output.is_table or watch):
        show_steps(session, steps)
    return _watched(session, ids) if watch and not plan else 0


def _print_warnings(session: context.Session, sources: Sources, warnings: list[dict[str, Any]]) -> None:
    """Print the warnings of an accepted job, such as parameters without effect."""
    for problem in warnings:
        for line in shown(placed(problem, sources), sys.stderr):
            session.output.info(line)


def _watched(session: context.Session, ids: list[str], timeout: float | None = None, *, single: bool = False) -> int:
    from fateflow_tui.commands.progress import outcome, watch

    return outcome(session, [watch(session, one, timeout) for one in ids], single=single)


def _without_details(envelope: dict[str, Any]) -> dict[str, Any]:
    """Remove the data that FATE-Flow's own answer does not have."""
    return {name: value for name, value in envelope.items() if name != "data"}


def _party_results(parties: dict[str, str]) -> str:
    return ", ".join(f"{party} {text}" for party, text in parties.items())
