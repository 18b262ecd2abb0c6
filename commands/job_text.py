"""Jobs as lines of text; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from commands.text import cell, columns, moment, party_marks
from fateflow_tui.text.amounts import duration
from fateflow_tui.text.places import clean
from fateflow_tui.text.statuses import marked

if TYPE_CHECKING:
    from fateflow_tui.core.messages import FailureCard
    from fateflow_tui.sdk.jobs import ComponentView, JobLine, JobView

JOB_TITLES = ("JOB", "STATUS", "PROGRESS", "PARTIES", "NOW", "TOOK", "WHY")
_REASON = 60  # columns


def job_row(job: JobLine, now: int) -> list[str]:
    """One line of `job list`. The time is how long it has run, or how long it has waited."""
    waits = not job.started_at and not job.status.ended
    spent = f"waiting {duration(now - job.created_at)}" if waits else duration(job.elapsed(now))
    return [
        job.job_id,
        marked(job.status),
        f"{job.progress}%",
        party_marks(dict(job.parties)),
        ",".join(job.running),
        spent,
        shortened(why(job), _REASON),
    ]


def why(job: JobLine) -> str:
    """What a job waits for, or why it ended badly; else its name."""
    if job.waiting is not None:
        return job.waiting.text
    return job.reason if job.reason and not job.status.succeeded else job.name


def headline(job: JobLine, now: int) -> str:
    """`✓ success  2026...  100%  04:12`."""
    return "  ".join([marked(job.status), job.job_id, f"{job.progress}%", duration(job.elapsed(now))])


def job_lines(job: JobView, now: int) -> Iterator[str]:
    """`job show`."""
    yield headline(job, now)
    facts = [
        ("name", job.name),
        ("description", job.description),
        ("initiator", job.initiator),
        ("driver", job.driver if job.driver != job.initiator else ""),
        ("model", f"{job.model_id} {job.model_version}" if job.model_id else ""),
        ("submitted", f"{moment(job.created_at)} {job.submitted_by}".strip()),
        ("started", moment(job.started_at)),
        ("ended", moment(job.ended_at)),
        ("waits", job.waiting.text if job.waiting else ""),
        ("stopped by", f"{job.stop.by} {job.stop.reason}".strip() if job.stop else ""),
        ("reason", job.reason),
        ("reruns", str(job.reruns or "")),
    ]
    shown = [[f"  {name}", cell(value)] for name, value in facts if value]
    yield from ("  ".join(row) for row in columns(shown))
    for line in job.party_lines:
        if line.lost or line.trouble:
            yield f"  {line.party} {'is silent' if line.lost else 'cannot be reached'}: {cell(line.trouble)}".rstrip(
                ": "
            )
    yield ""
    yield from component_lines(job.components, now)
    for card in job.cards:
        yield ""
        yield from card_lines(card)


def reused_line(job: JobView) -> str:
    """What a job has taken over from an earlier one."""
    names = [one.name for one in job.components if one.reused_from]
    if not names:
        return f"nothing is reused; all {len(job.components)} components run"
    source = next(one.reused_from for one in job.components if one.reused_from)
    return f"↻ {len(names)} of {len(job.components)} components are reused from job {source}: {', '.join(names)}"


def component_lines(components: list[ComponentView], now: int) -> Iterator[str]:
    rows = [
        [f"  {component_state(c)}", c.name, c.module, party_marks(dict(c.parties)), component_time(c, now)]
        for c in components
    ]
    yield from ("  ".join(row).rstrip() for row in columns(rows))


def component_state(component: ComponentView) -> str:
    """As `marked`; what was taken over from an earlier job is shown as that."""
    return marked("reused" if component.reused_from else component.status)


def component_time(component: ComponentView, now: int) -> str:
    """How long it took, or from which job it was taken over."""
    if component.reused_from:
        return f"from {component.reused_from}"
    if not component.started_at:
        return ""
    return duration((component.ended_at or now) - component.started_at)


def card_lines(card: FailureCard) -> Iterator[str]:
    """A failure card: who, why, where, how it ended, what to do, the last words."""
    ended = "■ {} was canceled at {}" if card.kind == "canceled" else "✗ {} failed at {}"
    yield ended.format(card.component, card.party)
    facts = [
        ("cause", card.cause),
        ("where", card.where),
        ("signal", card.signal),
        ("exit code", "" if card.exit_code in (None, 0) or card.signal else str(card.exit_code)),
        ("peak memory", f"{card.peak_memory} MiB" if card.peak_memory else ""),
        ("fix", card.fix),
    ]
    for name, value in facts:
        if value:
            yield f"  {name + ':':12} {cell(value)}"
    if card.log:
        yield "  last lines of its log:"
        yield from (f"    {clean(line)}" for line in card.log)


def shortened(text: str, limit: int) -> str:
    text = cell(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
