"""Jobs and their components as rows and styled lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from fateflow_tui.core.cells import Spans, cut, on_one_line
from fateflow_tui.core.formatting import duration, marked
from fateflow_tui.core.status import Status
from fateflow_tui.views.cards import card_lines
from fateflow_tui.views.text import aligned, party_marks, plain, timestamp

if TYPE_CHECKING:
    from fateflow_tui.sdk.types.jobs import ComponentView, JobLine, JobView

JOB_TITLES: Final = ("NAME", "JOB", "STATUS", "PROGRESS", "PARTIES", "TOOK", "NOW")
_NAME: Final = 40  # cells
_REASON: Final = 60


def job_row(job: JobLine, now: int, id_length: int = 0, *, whole: bool = False) -> list[str]:
    """Return a row for JOB_TITLES. The time is how long the job has run, or how long it has waited.

    id_length: how many last digits of the id to show; 0 for all. whole: do not shorten names and reasons.
    """
    waits = not job.started_at and not job.status.ended
    return [
        job_name(job) if whole else cut(job_name(job), _NAME),
        job.job_id[-id_length:],
        marked(job.status),
        f"{job.progress}%",
        plain(party_marks(party_statuses(job))),
        f"waiting {duration(now - job.created_at)}" if waits else duration(job.elapsed(now)),
        happening(job) if whole else cut(happening(job), _REASON),
    ]


def job_name(job: JobLine) -> str:
    """Return what a user recognises a job by: its notes, its name, or what it does."""
    return on_one_line(job.description or job.name or job.summary)


def happening(job: JobLine) -> str:
    """Return what a job waits for, what runs now, or why it failed or was stopped."""
    if job.waiting is not None:
        return on_one_line(job.waiting.text)
    if job.running:
        return ", ".join(job.running)
    return "" if job.status.succeeded else on_one_line(job.reason)


def party_statuses(job: JobLine) -> dict[str, str]:
    """Return the status of each party; of a failed job, parties that were stopped for it are shown as canceled."""
    stopped = {party for party in job.parties if job.failed_at and party not in job.failed_at}
    return {
        party: Status.CANCELED if status is Status.FAILED and party in stopped else status
        for party, status in job.parties.items()
    }


def headline(job: JobLine, now: int) -> str:
    """`✓ success  2026...  100%  04:12`."""
    return "  ".join([marked(job.status), job.job_id, f"{job.progress}%", duration(job.elapsed(now))])


def job_lines(job: JobView, now: int) -> list[Spans]:
    """Return the facts of a job, its components and its failure cards."""
    facts = [
        ("name", job.name),
        ("description", job.description),
        ("initiator", job.initiator),
        ("driver", job.driver if job.driver != job.initiator else ""),
        ("model", f"{job.model_id} {job.model_version}" if job.model_id else ""),
        ("submitted", f"{timestamp(job.created_at)} {job.submitted_by}".strip()),
        ("started", timestamp(job.started_at)),
        ("ended", timestamp(job.ended_at)),
        ("waits", job.waiting.text if job.waiting else ""),
        ("stopped by", f"{job.stop.by} {job.stop.reason}".strip() if job.stop else ""),
        ("reason", job.reason),
        ("reruns", str(job.reruns or "")),
    ]
    rows: list[list[Spans]] = [[[(f"  {name}", "muted")], [(on_one_line(value), "")]] for name, value in facts if value]
    mark, *rest = headline(job, now).split("  ")
    lines: list[Spans] = [[(mark, f"{job.status} strong"), ("  ".join(["", *rest]), "")], *aligned(rows)]
    lines += [*unreachable_lines(job), [], *component_lines(job.components, now)]
    for card in job.cards:
        lines += [[], *card_lines(card)]
    return lines


def unreachable_lines(job: JobView) -> list[Spans]:
    """Return a line for each party that does not respond or cannot be reached."""
    lines: list[Spans] = []
    for line in job.party_lines:
        if line.lost or line.trouble:
            state = "does not respond" if line.lost else "cannot be reached"
            trouble = f": {on_one_line(line.trouble)}" if line.trouble else ""
            lines.append([(f"  {line.party} {state}{trouble}", "failed" if line.lost else "warning")])
    return lines


def reused_line(job: JobView) -> str:
    """Return which components of a job are reused from an earlier one."""
    names = [one.name for one in job.components if one.reused_from]
    if not names:
        return f"nothing is reused; all {len(job.components)} components run"
    source = next(one.reused_from for one in job.components if one.reused_from)
    return f"↻ {len(names)} of {len(job.components)} components are reused from job {source}: {', '.join(names)}"


def component_lines(components: Sequence[ComponentView], now: int) -> list[Spans]:
    """Return status, name, module, parties and time of each component."""
    rows: list[list[Spans]] = [
        [
            [("  ", ""), (component_state(one), "reused" if one.reused_from else one.status)],
            [(one.name, "")],
            [(one.module, "muted")],
            party_marks(dict(one.parties)),
            [(component_time(one, now), "")],
        ]
        for one in components
    ]
    return list(aligned(rows))


def component_state(component: ComponentView) -> str:
    """`✓ success`; `↻ reused` for a result of an earlier job."""
    return marked("reused" if component.reused_from else component.status)


def component_time(component: ComponentView, now: int) -> str:
    """Return how long a component took, or from which job its result is reused."""
    if component.reused_from:
        return f"from {component.reused_from}"
    if not component.started_at:
        return ""
    return duration((component.ended_at or now) - component.started_at)
