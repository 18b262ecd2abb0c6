"""Actions on jobs that several screens share."""

from __future__ import annotations

from typing import Final

from fateflow_tui.core.cells import on_one_line
from fateflow_tui.core.formatting import PLAN_MARKS, marked, plural
from fateflow_tui.core.plan import RerunStep
from fateflow_tui.sdk.types.jobs import JobLine
from fateflow_tui.tui.actions import Selection, action, no_job, not_one_job, offline
from fateflow_tui.tui.screens.dash_screen import DashScreen
from fateflow_tui.tui.screens.dialog import Question, TextDialog
from fateflow_tui.views.jobs import job_name, party_statuses

_NAMED: Final = 8  # jobs that a confirmation lists one by one


def not_stoppable(selection: Selection) -> str:
    reason = offline(selection) or no_job(selection)
    if not reason and all(job.status.ended for job in selection.jobs):
        first = selection.jobs[0]
        ended = f"job {first.job_id} has ended: {first.status}"
        reason = ended if len(selection.jobs) == 1 else "all marked jobs have ended"
    return reason


def not_rerunnable(selection: Selection) -> str:
    reason = offline(selection) or not_one_job(selection)
    if not reason and not selection.jobs[0].status.ended:
        reason = f"job {selection.jobs[0].job_id} has not ended: {selection.jobs[0].status}; stop it first"
    return reason


def _rerun_line(selection: Selection) -> str:
    component = f" -cpn {selection.component}" if selection.component else ""
    return f"fateflow job rerun {selection.job_ids}{component}"


class JobActions(DashScreen):
    """Actions that every list of jobs has."""

    @action(
        "job.stop",
        key="s",
        label="stop",
        tooltip="Stop the marked jobs, or the one under the cursor, at all their parties",
        command=lambda s: f"fateflow job stop {' '.join(j.job_id for j in s.jobs if not j.status.ended) or s.job_ids}",
        disabled_reason=not_stoppable,
        footer=2,
    )
    async def job_stop(self, selection: Selection) -> None:
        jobs = [job for job in selection.jobs if not job.status.ended]
        cli = self.command_line("job.stop", selection)
        title = f"Stop {plural(len(jobs), 'job')}?" if len(jobs) > 1 else f"Stop job {jobs[0].job_id}?"
        lines = [line for job in jobs[:_NAMED] for line in _described(job)]
        if len(jobs) > _NAMED:
            lines.append(f"and {len(jobs) - _NAMED} more")
        if not await self.dash.confirm(Question(title, tuple(lines), cli, "stop", dangerous=True)):
            return
        pending: list[str] = []
        for job in jobs:
            outcome = await self.client.jobs.stop(job.job_id)
            pending += [f"{party} has not confirmed yet: {why}" for party, why in outcome.pending.items()]
        done = f"stopped {plural(len(jobs), 'job')}" if len(jobs) > 1 else f"stopped {jobs[0].job_id}"
        self.dash.toast("\n".join([done, *pending]), cli=cli, severity="warning" if pending else "information")

    @action(
        "job.why",
        key="w",
        label="why",
        tooltip="Explain why the job waits, runs, failed or was canceled, and what to do",
        command=lambda s: f"fateflow job why {s.one_job_id}",
        disabled_reason=lambda s: offline(s) or no_job(s),
        footer=5,
    )
    async def job_why(self, selection: Selection) -> None:
        from fateflow_tui.tui.screens.details import WhyDialog

        self.dash.push_screen(WhyDialog(selection.one_job.job_id, selection.component))

    @action(
        "job.copy",
        key="y",
        label="copy id",
        tooltip="Copy the ids of the marked jobs, or of the one under the cursor",
        command="fateflow job list -o name",
        disabled_reason=no_job,
    )
    async def job_copy(self, selection: Selection) -> None:
        self.dash.copy_to_clipboard("\n".join(job.job_id for job in selection.jobs))
        count = len(selection.jobs)
        self.dash.toast(f"copied {selection.job_ids if count == 1 else plural(count, 'id')}")


class OpenJobAction(DashScreen):
    """Opening a job from a list of jobs."""

    @action(
        "job.open",
        key="enter",
        label="open",
        tooltip="Open this job: graph, tasks, log, metrics",
        command=lambda s: f"fateflow job show {s.one_job_id}",
        disabled_reason=no_job,
        footer=1,
    )
    def job_open(self, selection: Selection) -> None:
        self.dash.open_job(selection.one_job.job_id)


class EditJobActions(JobActions):
    """Rerunning a job and editing its notes."""

    @action(
        "job.rerun",
        key="r",
        label="rerun",
        tooltip="Rerun what has not succeeded; shows the plan for each component first",
        command=_rerun_line,
        disabled_reason=not_rerunnable,
        footer=3,
    )
    async def job_rerun(self, selection: Selection) -> None:
        job = selection.jobs[0]
        cli = self.command_line("job.rerun", selection)
        components = [selection.component] if selection.component else []
        steps = await self.client.jobs.plan(job.job_id, components)
        lines = (*_described(job), "", *map(_step, steps))
        if await self.dash.confirm(Question(f"Rerun job {job.job_id}?", lines, cli, "rerun")):
            await self.client.jobs.rerun(job.job_id, components)
            self.dash.toast(f"rerunning {job.job_id}", cli=cli)

    @action(
        "job.notes",
        key="n",
        label="notes",
        tooltip="Edit the notes on this job",
        command=lambda s: f"fateflow job notes {s.job_ids} TEXT",
        disabled_reason=lambda s: offline(s) or not_one_job(s),
    )
    async def job_notes(self, selection: Selection) -> None:
        job = selection.jobs[0]
        text = await self.dash.push_screen_wait(
            TextDialog(f"Notes on {job.job_id}", job.description, "what this job is about")
        )
        if text is None or text == job.description:
            return
        view = await self.client.job(job.job_id)
        for line in view.party_lines:
            if line.here:
                await self.client.jobs.update_notes(job.job_id, line.party, text)
        self.dash.toast("notes saved", cli=self.command_line("job.notes", selection))


def _described(job: JobLine) -> list[str]:
    name = f"  {job_name(job)}" if job_name(job) else ""
    parties = ", ".join(f"{party} {marked(status)}" for party, status in party_statuses(job).items())
    return [f"{marked(job.status)}  {job.job_id}{name}", f"  {parties}"]


def _step(step: RerunStep) -> str:
    mark = PLAN_MARKS.get(step.action, "·")
    return f"{mark} {step.action:<6} {step.component}  {on_one_line(step.why)}".rstrip()
