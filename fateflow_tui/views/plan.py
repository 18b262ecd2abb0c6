"""The forecast of a job as styled lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fateflow_tui.core.cells import Spans, on_one_line
from fateflow_tui.core.formatting import PLAN_MARKS, duration, plural
from fateflow_tui.views.text import DURATION_UNKNOWN, aligned, folded, mib

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.jobs import JobForecast, Leaving, PartyForecast, TaskForecast


def plan_lines(plan: JobForecast, *, uploaded: Sequence[str] = (), width: int = 0, short: bool = False) -> list[Spans]:
    """Return the totals, then of each party its tasks, their usual durations, the tables that they read and write, and
    what may be sent to other parties.

    uploaded: tables that will be uploaded before the job is submitted. width: wrap at so many cells. short: without
    the modules.
    """
    time = f"about {duration(plan.expected)}" if plan.expected else DURATION_UNKNOWN
    totals = f" of {plan.initiator}: {plural(len(plan.components), 'component')}, {time}"
    lines: list[Spans] = [[(f"{plan.job_type} job", "strong"), (totals, "")]]
    if plan.unknown and len(plan.unknown) < len(plan.components):
        lines.append([(f"{DURATION_UNKNOWN} for ", "muted"), (", ".join(plan.unknown), "")])
    if plan.model_version:
        model = plan.model_version if short else f"{plan.model_id} {plan.model_version}"
        lines.append([("predicts with ", "muted"), (model, "primary")])
    if plan.source:
        lines.append([("↻ ", "accent"), (f"{_reused(plan)} of them are reused from job {plan.source}", "accent")])
    if uploaded:
        lines.append([("↑ ", "accent"), (f"{', '.join(uploaded)} are uploaded first", "accent")])
    for party in plan.parties:
        lines += [[], *_party_lines(party, uploaded, short)]
    return folded(lines, width)


def _reused(plan: JobForecast) -> int:
    """Return the number of components that are reused at all their parties."""
    actions: dict[str, set[str]] = {}
    for party in plan.parties:
        for task in party.tasks:
            actions.setdefault(task.component, set()).add(task.action)
    return sum(found == {"reuse"} for found in actions.values())


def _party_lines(party: PartyForecast, uploaded: Sequence[str], short: bool) -> Iterator[Spans]:
    memory = f", {mib(party.memory)}" if party.memory else ""
    here = " (this site)" if party.here else ""
    yield [(party.party, "primary strong"), (f"{here}  {plural(party.cores, 'core')}{memory}", "muted")]
    if party.refusal and not any(table in party.refusal for table in uploaded):
        yield [("  ✗ ", "failed"), (on_one_line(party.refusal), "failed")]
    yield from aligned([_task_cells(task, short) for task in party.tasks])
    if not party.leaves:
        yield [("  sends nothing to other parties", "muted")]
    for leaving in _leaving(party.leaves):
        yield [("  may send  ", "muted"), (leaving, "warning")]


def _task_cells(task: TaskForecast, short: bool) -> list[Spans]:
    style = "accent" if task.action == "reuse" else ""
    time = "reused" if task.action == "reuse" else duration(task.expected) if task.runs else "?"
    head: Spans = [(f"  {PLAN_MARKS.get(task.action, PLAN_MARKS['run'])} {task.component}", style)]
    module: list[Spans] = [] if short else [[(task.module, "muted")]]
    return [head, *module, [(f"{time:>7}", "muted")], [(_tables(task), "")]]


def _tables(task: TaskForecast) -> str:
    reads = f"reads {', '.join(task.reads)}" if task.reads else ""
    if task.their_tables:
        reads = f"reads {plural(task.their_tables, 'table')} of its own"
    named = [name for name in task.writes if not name.startswith(f"{task.component}.")]  # the others stay with the job
    writes = f"writes {', '.join(named)}" if named else ""
    return on_one_line("; ".join(filter(None, [reads, writes])))


def _leaving(leaves: Sequence[Leaving]) -> list[str]:
    """Return one line for all values that a component sends to the same parties."""
    names: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in leaves:
        names.setdefault((one.component, tuple(one.to)), []).append(one.name)
    return [f"{component} → {', '.join(to)}: {', '.join(found)}" for (component, to), found in names.items()]
