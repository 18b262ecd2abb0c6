"""`fateflow job plan` and `job diff`: the forecast of a job, and the comparison of two jobs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.complete import complete_job
from fateflow_tui.commands.documents import problems_placed, read_text
from fateflow_tui.commands.errors import OK
from fateflow_tui.commands.groups import CommandGroup, prints
from fateflow_tui.commands.options import ComponentOption, JobName, listed
from fateflow_tui.commands.output import styled
from fateflow_tui.core.errors import BadRequest, PartyRefused

if TYPE_CHECKING:
    from fateflow_tui.core.plan import RerunStep


app = CommandGroup("Plan and compare.")

_TITLES = ("COMPONENT", "ACTION", "WHY")
_OtherJob = Annotated[str, typer.Argument(metavar="JOB", help="The job to compare with.", autocompletion=complete_job)]
_Job = Annotated[
    str,
    typer.Argument(
        metavar="JOB", help="A job id, its unique prefix or suffix, @last or @2.", autocompletion=complete_job
    ),
]


class JobStep(msgspec.Struct, frozen=True):
    """What a rerun does with a component of a job."""

    job_id: str
    component: str
    action: str
    why: str


@app.command()
@prints("JobForecast | list[RerunStep]")
def plan(
    ctx: typer.Context,
    which: JobName,
    dsl_path: Annotated[
        Path | None, typer.Option("--dsl-path", "-d", metavar="FILE", help="DSL; not needed for a predict job.")
    ] = None,
    conf_path: Annotated[Path | None, typer.Option("--conf-path", "-c", metavar="FILE", help="Runtime conf.")] = None,
    reuse: Annotated[bool, typer.Option("--reuse", help="Reuse identical components of an earlier job.")] = False,
    component_name: ComponentOption = None,
    force: Annotated[bool, typer.Option("--force", help="With JOB: rerun successful components too.")] = False,
) -> int:
    """Show what a job would do before it is submitted; with JOB, what its rerun would run, reuse and skip.

    For each party: tasks and their usual durations, cores and memory, tables, and what can leave the party. Exits with
    7 when a party would refuse the job.

    Examples:
    fateflow job plan -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json
    fateflow job plan -d demo/hetero_lr_dsl.json -c demo/hetero_lr_conf.json --reuse --json
    fateflow job plan @last
    fateflow job plan @last -cpn hetero_lr_0
    """
    from fateflow_tui.views.plan import plan_lines

    session = context.of(ctx)
    named = which.job or which.job_id
    if named and (dsl_path or conf_path):
        raise BadRequest("expected either JOB or documents", hint="give a job, or -d and -c")
    if named:
        show_steps(session, session.flow.rerun(which.id(session), listed(component_name), force, plan=True))
        return OK
    if conf_path is None:
        raise BadRequest("expected a JOB or documents", hint="give the documents with -d and -c, or a job")
    sources = {"conf": (conf_path, read_text(conf_path))}
    if dsl_path is not None:
        sources["dsl"] = (dsl_path, read_text(dsl_path))
    with problems_placed(sources):
        found = session.flow.jobs.forecast(sources["dsl"][1] if dsl_path else {}, sources["conf"][1], reuse)

    width = session.output.width if sys.stdout.isatty() else 0
    session.output.record(found, lambda one: styled(plan_lines(one, width=width)), lambda one: one.initiator)
    return PartyRefused.exit_code if any(party.refusal for party in found.parties) else OK


@app.command()
@prints("JobDiff")
def diff(ctx: typer.Context, a: _Job, b: _OtherJob) -> None:
    """Show the differences between two jobs: documents, effective parameters, last metrics, times.

    Examples:
    fateflow job diff @2 @last
    fateflow job diff @2 @last --json
    """
    from fateflow_tui.views.diff import job_diff_lines

    session = context.of(ctx)
    one, other = (session.flow.resolve(word) for word in (a, b))
    found = session.flow.jobs.diff(one, other)
    session.output.record(found, lambda pair: styled(job_diff_lines(pair)), lambda pair: pair.b.job_id)


def show_steps(session: context.Session, steps: Sequence[RerunStep | JobStep]) -> None:
    """Print what a rerun does with each component."""
    session.output.listing(
        steps, _TITLES, lambda step: [step.component, step.action, step.why], lambda step: step.component
    )
