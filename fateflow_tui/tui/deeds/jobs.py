"""Stopping, rerunning and describing jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fateflow_tui.core.cells import on_one_line
from fateflow_tui.core.formatting import PLAN_MARKS, marked, plural
from fateflow_tui.sdk.types.jobs import JobLine, RerunStep
from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.actions import ACTIONS

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp

_NAMED = 8  # jobs that a question names one by one


async def stop(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Question

    jobs = [job for job in selection.jobs if not job.status.ended]
    cli = ACTIONS["job.stop"].cli(selection)
    title = f"Stop {plural(len(jobs), 'job')}?" if len(jobs) > 1 else f"Stop job {jobs[0].job_id}?"
    lines = [line for job in jobs[:_NAMED] for line in _described(job)]
    if len(jobs) > _NAMED:
        lines.append(f"and {len(jobs) - _NAMED} more")
    if not await app.ask(Question(title, tuple(lines), cli, "stop", dangerous=True)):
        return
    pending: list[str] = []
    for job in jobs:
        outcome = await app.feed.flow.jobs.stop(job.job_id)
        pending += [f"{party} is yet to learn of it: {why}" for party, why in outcome.pending.items()]
    done = f"stopped {plural(len(jobs), 'job')}" if len(jobs) > 1 else f"stopped {jobs[0].job_id}"
    app.tell("\n".join([done, *pending]), cli=cli, severity="warning" if pending else "information")


async def rerun(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import Question

    job = selection.jobs[0]
    cli = ACTIONS["job.rerun"].cli(selection)
    components = [selection.component] if selection.component else []
    steps = await app.feed.flow.jobs.plan(job.job_id, components)
    lines = (*_described(job), "", *map(_step, steps))
    if await app.ask(Question(f"Rerun job {job.job_id}?", lines, cli, "rerun")):
        await app.feed.flow.jobs.rerun(job.job_id, components)
        app.tell(f"{job.job_id} runs again", cli=cli)


async def why(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.progress import WhyDialog

    app.push_screen(WhyDialog(selection.jobs[0].job_id, selection.component))


async def copy(app: DashApp, selection: Selection) -> None:
    app.copy_to_clipboard("\n".join(job.job_id for job in selection.jobs))
    count = len(selection.jobs)
    app.tell(f"copied {selection.job_ids if count == 1 else plural(count, 'id')}")


async def notes(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.dialog import TextDialog

    job = selection.jobs[0]
    text = await app.push_screen_wait(TextDialog(f"Notes on {job.job_id}", job.description, "what this job is about"))
    if text is None or text == job.description:
        return
    view = await app.feed.flow.job(job.job_id)
    for line in view.party_lines:
        if line.here:
            await app.feed.flow.jobs.update_notes(job.job_id, line.party, text)
    app.tell("notes are kept", cli=ACTIONS["job.notes"].cli(selection))


def _described(job: JobLine) -> list[str]:
    name = f"  {on_one_line(job.name)}" if job.name else ""
    parties = ", ".join(f"{party} {marked(status)}" for party, status in job.parties.items())
    return [f"{marked(job.status)}  {job.job_id}{name}", f"  {parties}"]


def _step(step: RerunStep) -> str:
    mark = PLAN_MARKS.get(step.action, "·")
    return f"{mark} {step.action:<6} {step.component}  {on_one_line(step.why)}".rstrip()


DEEDS = {
    "job.stop": stop,
    "job.rerun": rerun,
    "job.why": why,
    "job.copy": copy,
    "job.notes": notes,
}
