"""`fateflow job plan` and `job diff`: the forecast of a job, and the comparison of two jobs."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fateflow_tui.commands import context
from fateflow_tui.commands.complete import complete_job
from fateflow_tui.commands.documents import problems_placed, read_text
from fateflow_tui.commands.errors import OK
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import ComponentOption, JobName, listed
from fateflow_tui.commands.output import cell, columns, number
from fateflow_tui.core.cells import width
from fateflow_tui.core.errors import BadRequest, PartyRefused
from fateflow_tui.core.formatting import duration, marked

if TYPE_CHECKING:
    from fateflow_tui.core.plan import RerunStep
    from fateflow_tui.sdk.types.jobs import (
        ComponentPair,
        DocumentChange,
        JobDiff,
        JobForecast,
        Leaving,
        MetricPair,
        PartyForecast,
        TaskForecast,
    )


app = CommandGroup("Plan and compare.")

_TITLES = ("COMPONENT", "ACTION", "WHY")
_OtherJob = Annotated[str, typer.Argument(metavar="JOB", help="The job to compare with.", autocompletion=complete_job)]
_Job = Annotated[
    str, typer.Argument(metavar="JOB", help="A job id, its unique prefix, @last or @2.", autocompletion=complete_job)
]


@app.command()
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

    limit = session.output.width if sys.stdout.isatty() else 0
    session.output.record(found, lambda one: forecast_lines(one, limit), lambda one: one.initiator)
    return PartyRefused.exit_code if any(party.refusal for party in found.parties) else OK


@app.command()
def diff(ctx: typer.Context, a: _Job, b: _OtherJob) -> None:
    """Show the differences between two jobs: documents, effective parameters, last metrics, times.

    Examples:
    fateflow job diff @2 @last
    fateflow job diff @2 @last --json
    """

    session = context.of(ctx)
    one, other = (session.flow.resolve(word) for word in (a, b))
    session.output.record(session.flow.jobs.diff(one, other), diff_lines, lambda found: found.b.job_id)


def show_steps(session: context.Session, steps: list[RerunStep]) -> None:
    """Print what a rerun does with each component."""
    session.output.listing(
        steps, _TITLES, lambda step: [step.component, step.action, step.why], lambda step: step.component
    )


_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
_LONGEST: Final = 32  # columns of a value


def diff_lines(found: JobDiff) -> Iterator[str]:
    """`job diff`."""
    for letter, job in (("A", found.a), ("B", found.b)):
        yield "  ".join(filter(None, [letter, job.job_id, marked(job.status), duration(job.took) if job.took else ""]))
    for title, changes in (("dsl", found.dsl), ("conf", found.conf), *found.parameters.items()):
        if changes:
            yield ""
            yield title
            yield from (f"  {line}" for line in _change_lines(changes))
    if found.same:
        yield ""
        yield "documents and parameters are the same"
    if found.metrics:
        yield ""
        yield from _table(("METRIC", "PARTY", "A", "B", "B - A"), [_metric_row(one) for one in found.metrics])
    if found.components:
        yield ""
        yield from _table(("COMPONENT", "MODULE", "A", "B", "B - A"), [_time_row(one) for one in found.components])


def _change_lines(changes: list[DocumentChange]) -> Iterator[str]:
    for one in changes:
        where = f"{one.path or 'all of it'}{f' at {one.party}' if one.party else ''}"
        values = {"added": [one.new], "removed": [one.old]}.get(one.change, [one.old, one.new])
        yield f"{_SIGNS.get(one.change, '?')} {where}: {' → '.join(map(_value, values))}"


def _metric_row(one: MetricPair) -> list[str]:
    name = f"{one.component} {one.series} {one.key}"
    delta = f"{one.b - one.a:+.6g}" if _is_number(one.a) and _is_number(one.b) else ""  # type: ignore[operator]
    return [name, one.party, _figure(one.a), _figure(one.b), delta]


def _time_row(one: ComponentPair) -> list[str]:
    a, b = (_state(status, took) for status, took in ((one.a, one.a_took), (one.b, one.b_took)))
    delta = f"{(one.b_took - one.a_took) / 1000:+.1f}s" if one.a_took and one.b_took else ""
    return [one.component, one.module, a, b, delta]


def _state(status: str, took: int) -> str:
    if status in ("", "reused"):
        return "↻ reused" if status else "-"
    return f"{marked(status)[0]} {duration(took)}" if took else marked(status)


def _figure(value: float | str | None) -> str:
    return "-" if value is None else number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: Any) -> str:
    text = cell(value) if value is not None else "null"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _table(titles: Sequence[str], rows: list[list[str]]) -> Iterator[str]:
    yield from ("  ".join(row).rstrip() for row in columns([list(titles), *rows]))


_UNKNOWN: Final = "?"


def forecast_lines(plan: JobForecast, limit: int = 0) -> Iterator[str]:
    """`job plan -d -c`. limit: columns, 0 for none."""
    count = len(plan.components)
    time = f"about {duration(plan.expected)}" if plan.expected else "nobody knows how long"
    yield f"{plan.job_type} job of {plan.initiator}: {count} component{'' if count == 1 else 's'}, {time}"
    if plan.model_version:
        yield f"predicts with {plan.model_id} {plan.model_version}"
    if plan.unknown and len(plan.unknown) < count:
        yield f"nothing is known here about the time of: {', '.join(plan.unknown)}"
    if plan.source:
        yield f"takes over what job {plan.source} has done alike"
    for party in plan.parties:
        yield ""
        yield from _party_lines(party, limit)


def _party_lines(party: PartyForecast, limit: int) -> Iterator[str]:
    memory = f" and {party.memory} MiB" if party.memory else ""
    cores = f"{party.cores} core{'' if party.cores == 1 else 's'}"
    yield f"{party.party}{' (this site)' if party.here else ''} holds {cores}{memory}"
    if party.refusal:
        yield f"  ✗ {cell(party.refusal)}"
    rows = [[f"  {task.component}", task.module, _time(task), _tables(task)] for task in party.tasks]
    yield from _folded(rows, limit)
    if not party.leaves:
        yield "  nothing leaves it"
        return
    yield "  may leave it:"
    yield from _folded(_leaving(party.leaves), limit)


def _leaving(leaves: list[Leaving]) -> list[list[str]]:
    """One line for what goes from one component to the same parties."""
    names: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in leaves:
        names.setdefault((one.component, tuple(one.to)), []).append(one.name)
    return [[f"    {component}", f"to {', '.join(to)}", ", ".join(found)] for (component, to), found in names.items()]


def _time(task: TaskForecast) -> str:
    if task.action == "reuse":
        return "reused"
    return duration(task.expected) if task.runs else _UNKNOWN


def _tables(task: TaskForecast) -> str:
    reads = f"reads {', '.join(task.reads)}" if task.reads else ""
    if task.their_tables:
        reads = "reads their table" if task.their_tables == 1 else f"reads {task.their_tables} of their tables"
    named = [name for name in task.writes if not name.startswith(f"{task.component}.")]  # the others stay with the job
    writes = f"writes {', '.join(named)}" if named else ""
    return cell("; ".join(filter(None, [reads, writes])))


def _folded(rows: list[list[str]], limit: int) -> Iterator[str]:
    """Rows in columns; what does not fit into the last one goes on below, in its column."""
    for row in columns(rows) if rows else ():
        head = "  ".join([*row[:-1], ""])
        room = max(20, limit - width(head)) if limit else 0
        first, *rest = (textwrap.wrap(row[-1], room, break_on_hyphens=False) if room else []) or [row[-1]]
        yield f"{head}{first}".rstrip()
        yield from (f"{' ' * width(head)}{piece}" for piece in rest)
