"""Actions on jobs; pure."""

from __future__ import annotations

from fateflow_tui.tui.action import Action, Selection, no_job, not_one_job, offline

JOBS = ("jobs",)
BOTH = ("jobs", "job")
EVERY = (*BOTH, "resources")


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


ACTIONS = (
    Action(
        id="job.open",
        key="enter",
        label="open",
        tooltip="Everything about this job: graph, tasks, log, metrics",
        screens=(*JOBS, "resources"),
        cli=lambda s: f"fateflow job show {s.job_ids}",
        why_not=not_one_job,
        footer=1,
    ),
    Action(
        id="job.submit",
        key="S",
        label="submit",
        tooltip="Choose a DSL and a conf, check them, see what they would do, and submit the job",
        cli=lambda s: "fateflow job submit -d DSL -c CONF",
        why_not=offline,
        footer=9,
    ),
    Action(
        id="job.stop",
        key="s",
        label="stop",
        tooltip="Stop the marked jobs, or the one under the cursor, at all their parties",
        screens=EVERY,
        cli=lambda s: f"fateflow job stop {' '.join(j.job_id for j in s.jobs if not j.status.ended) or s.job_ids}",
        why_not=not_stoppable,
        footer=2,
    ),
    Action(
        id="job.rerun",
        key="r",
        label="rerun",
        tooltip="Run again what has not succeeded; what that means for each component is shown first",
        screens=BOTH,
        cli=_rerun_line,
        why_not=not_rerunnable,
        footer=3,
    ),
    Action(
        id="job.log",
        key="l",
        label="log",
        tooltip="The log of all parties of this site, merged",
        screens=JOBS,
        cli=lambda s: f"fateflow log show {s.job_ids} -f",
        why_not=not_one_job,
        footer=4,
    ),
    Action(
        id="job.why",
        key="w",
        label="why",
        tooltip="Why it waits, runs, failed or was canceled, and what to do",
        screens=EVERY,
        cli=lambda s: f"fateflow job why {s.job_ids}",
        why_not=lambda s: offline(s) or not_one_job(s),
        footer=5,
    ),
    Action(
        id="job.mark",
        key="space",
        label="mark",
        tooltip="Mark this job, to act on several at once",
        screens=JOBS,
        why_not=no_job,
        footer=6,
    ),
    Action(
        id="job.unmark_all",
        key="u",
        label="unmark all",
        tooltip="No job is marked any more",
        screens=JOBS,
        why_not=no_job,
    ),
    Action(
        id="job.filter",
        key="slash",
        label="filter",
        tooltip="Words, and status:failed party:9999 role:host age:<2h name:churn; esc clears it",
        screens=JOBS,
        cli=lambda s: "fateflow job list --status STATUS",
        footer=7,
    ),
    Action(
        id="job.failures",
        key="f",
        label="failures",
        tooltip="Show failed jobs only, or all again",
        screens=JOBS,
        cli=lambda s: "fateflow job list --status failed",
        footer=8,
    ),
    Action(
        id="job.sort",
        key="o",
        label="sort",
        tooltip="Order by the next column; click a title for that column",
        screens=JOBS,
    ),
    Action(
        id="job.copy",
        key="y",
        label="copy id",
        tooltip="Copy the ids of the marked jobs, or of the one under the cursor",
        screens=EVERY,
        cli=lambda s: "fateflow job list -o name",
        why_not=no_job,
    ),
    Action(
        id="job.notes",
        key="n",
        label="notes",
        tooltip="Write down what this job is about",
        screens=BOTH,
        cli=lambda s: f"fateflow job notes {s.job_ids} TEXT",
        why_not=lambda s: offline(s) or not_one_job(s),
    ),
    Action(
        id="job.preview",
        key="p",
        label="preview",
        tooltip="Make the preview larger, smaller, or hide it",
        screens=JOBS,
    ),
)
