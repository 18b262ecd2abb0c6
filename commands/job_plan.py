"""`fateflow job plan` and `job diff`: jobs before they run, and beside each other; `job` takes them in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands import context
from commands.complete import complete_job
from commands.documents import problems_placed, read_text
from commands.exits import OK
from commands.option_groups import JobName
from commands.options import ComponentOption, listed
from commands.verbs import Noun
from fateflow_tui.core.errors import BadRequest, PartyRefused

if TYPE_CHECKING:
    from fateflow_tui.sdk.results import RerunStep

app = Noun("Plan and compare.")

_TITLES = ("COMPONENT", "ACTION", "WHY")
_OtherJob = Annotated[str, typer.Argument(metavar="JOB", help="The same, another one.", autocompletion=complete_job)]
_Job = Annotated[
    str, typer.Argument(metavar="JOB", help="Id, unique beginning, @last or @2.", autocompletion=complete_job)
]


@app.verb()
def plan(
    ctx: typer.Context,
    which: JobName,
    dsl_path: Annotated[
        Path | None, typer.Option("--dsl-path", "-d", metavar="FILE", help="The DSL; a predict job needs none.")
    ] = None,
    conf_path: Annotated[
        Path | None, typer.Option("--conf-path", "-c", metavar="FILE", help="The runtime conf.")
    ] = None,
    reuse: Annotated[bool, typer.Option("--reuse", help="As with job submit.")] = False,
    component_name: ComponentOption = None,
    force: Annotated[bool, typer.Option("--force", help="Of a rerun: also what succeeded.")] = False,
) -> int:
    """Shows what a job would do, before it is submitted: for each party what runs and how long it takes usually, cores
    and memory, tables, and what may leave the party; exit code 7 when a party would refuse it. With a JOB: what its
    rerun would run, reuse and skip, and why.

    Examples:
    fateflow job plan -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json
    fateflow job plan -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json --reuse --json
    fateflow job plan @last
    fateflow job plan @last -cpn hetero_lr_0
    """
    session = context.of(ctx)
    named = which.job or which.job_id
    if named and (dsl_path or conf_path):
        raise BadRequest("a job and documents are two different plans", hint="name the job, or give -d and -c")
    if named:
        show_steps(session, session.flow.rerun(which.id(session), listed(component_name), force, plan=True))
        return OK
    if conf_path is None:
        raise BadRequest("there is nothing to plan", hint="give the documents with -d and -c, or name a job")
    sources = {"conf": (conf_path, read_text(conf_path))}
    if dsl_path is not None:
        sources["dsl"] = (dsl_path, read_text(dsl_path))
    with problems_placed(sources):
        found = session.flow.jobs.forecast(sources["dsl"][1] if dsl_path else {}, sources["conf"][1], reuse)
    from commands.plan_text import forecast_lines

    limit = session.output.width if sys.stdout.isatty() else 0
    session.output.record(found, lambda one: forecast_lines(one, limit), lambda one: one.initiator)
    return PartyRefused.exit_code if any(party.refusal for party in found.parties) else OK


@app.verb()
def diff(ctx: typer.Context, a: _Job, b: _OtherJob) -> None:
    """Shows what differs between two jobs: documents, effective parameters, last metrics, times.

    Examples:
    fateflow job diff @2 @last
    fateflow job diff @2 @last --json
    """
    from commands.diff_text import diff_lines

    session = context.of(ctx)
    one, other = (session.flow.resolve(word) for word in (a, b))
    session.output.record(session.flow.jobs.diff(one, other), diff_lines, lambda found: found.b.job_id)


def show_steps(session: context.Session, steps: list[RerunStep]) -> None:
    """What a rerun does to each component."""
    session.output.listing(
        steps, _TITLES, lambda step: [step.component, step.action, step.why], lambda step: step.component
    )
