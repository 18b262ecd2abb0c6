"""What a job would do, party by party, in words; pure."""

from __future__ import annotations

from collections.abc import Sequence

from fateflow_tui.core.cells import Spans, on_one_line
from fateflow_tui.core.formatting import duration, plural
from fateflow_tui.sdk.types.jobs import JobForecast, Leaving, PartyForecast, TaskForecast
from fateflow_tui.tui import columns


def plan_lines(plan: JobForecast, uploaded: Sequence[str] = ()) -> list[Spans]:
    """First all together, then each party: what runs, how long that took before, what is read, what may leave it.

    uploaded: tables that will be there when it is submitted.
    """
    time = f"about {duration(plan.expected)}" if plan.expected else "no estimate yet"
    reused = sum(all(t.action == "reuse" for t in tasks) for tasks in _by_component(plan).values())
    lines: list[Spans] = [
        [
            (f"{plan.job_type} job", "strong"),
            (f" of {plan.initiator}: {plural(len(plan.components), 'component')}, {time}", ""),
        ]
    ]
    if plan.model_version:
        lines.append([("predicts with ", "muted"), (plan.model_version, "primary")])
    if plan.source:
        lines.append([("↻ ", "accent"), (f"{reused} of them are taken over from job {plan.source}", "accent")])
    if uploaded:
        lines.append([("↑ ", "accent"), (f"{', '.join(uploaded)} are uploaded first", "accent")])
    for party in plan.parties:
        lines += [[], *_party_lines(party, uploaded)]
    return lines


def _by_component(plan: JobForecast) -> dict[str, list[TaskForecast]]:
    found: dict[str, list[TaskForecast]] = {}
    for party in plan.parties:
        for task in party.tasks:
            found.setdefault(task.component, []).append(task)
    return found


def _party_lines(party: PartyForecast, uploaded: Sequence[str]) -> list[Spans]:
    memory = f", {columns.mib(party.memory)}" if party.memory else ""
    here = " this site" if party.here else ""
    lines: list[Spans] = [
        [
            (party.party, "primary strong"),
            (here, "muted"),
            (f"  {plural(party.cores, 'core')}{memory}", "muted"),
        ]
    ]
    if party.refusal and not any(table in party.refusal for table in uploaded):
        lines.append([("  ✗ ", "failed"), (on_one_line(party.refusal), "failed")])
    longest = max((len(task.component) for task in party.tasks), default=0)
    for task in party.tasks:
        mark, style = ("↻", "accent") if task.action == "reuse" else ("▶", "")
        time = "reused" if task.action == "reuse" else duration(task.expected) if task.runs else "?"
        lines.append(
            [(f"  {mark} {task.component:<{longest}}", style), (f"  {time:>7}", "muted"), (f"  {_tables(task)}", "")]
        )
    if party.leaves:
        lines += [[("  leaves it  ", "muted"), (words, "warning")] for words in _leaving(party.leaves)]
    else:
        lines.append([("  nothing leaves it", "muted")])
    return lines


def _tables(task: TaskForecast) -> str:
    reads = f"reads {', '.join(task.reads)}" if task.reads else ""
    if task.their_tables:
        reads = f"reads {plural(task.their_tables, 'table')} of theirs"
    named = [name for name in task.writes if not name.startswith(f"{task.component}.")]
    writes = f"writes {', '.join(named)}" if named else ""
    return on_one_line("; ".join(filter(None, [reads, writes])))


def _leaving(leaves: list[Leaving]) -> list[str]:
    """One line for what goes from one component to the same parties."""
    names: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in leaves:
        names.setdefault((one.component, tuple(one.to)), []).append(one.name)
    return [f"{component} → {', '.join(to)}: {', '.join(found)}" for (component, to), found in names.items()]
