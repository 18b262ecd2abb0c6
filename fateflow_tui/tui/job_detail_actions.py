"""Actions on the screen of one job; pure."""

from __future__ import annotations

from fateflow_tui.core.status import Status
from fateflow_tui.tui.action import Action, Selection, no_job, offline
from fateflow_tui.tui.job_actions import not_rerunnable
from fateflow_tui.tui.job_filter import has_model

JOB = ("job",)


def not_deployable(selection: Selection) -> str:
    reason = offline(selection) or no_job(selection)
    if reason:
        return reason
    view = selection.view
    if selection.jobs[0].status is not Status.SUCCESS:
        return f"job {selection.jobs[0].job_id} has not succeeded: {selection.jobs[0].status}"
    return "" if view is not None and has_model(view) else "this job has made no model"


def no_table(selection: Selection) -> str:
    return offline(selection) or ("" if selection.of("table") else "show an output table first: o leads to them")


def _line(selection: Selection, verb: str, *, option: bool = True) -> str:
    named = f" {'-cpn ' if option else ''}{selection.component}" if selection.component else ""
    return f"fateflow {verb} {selection.job_ids}{named}"


def _task_line(selection: Selection, verb: str) -> str:
    role, _, number = selection.party.partition(":")
    party = f" -r {role} -p {number}" if selection.party else ""
    return f"{_line(selection, f'{verb} -j')}{party}"


def _table_line(selection: Selection) -> str:
    namespace, name = selection.of("table") or ("NAMESPACE", "NAME")
    return f"fateflow table peek {namespace} {name}"


def _deploy_line(selection: Selection) -> str:
    return f"fateflow model deploy {selection.view.model_version if selection.view is not None else ''}".rstrip()


ACTIONS = (
    Action(
        id="job.rerun_changed",
        key="R",
        label="rerun changed",
        tooltip="Change parameters of the component first; they are checked as you type",
        screens=JOB,
        cli=lambda s: f"{_line(s, 'job rerun')} -c CHANGES.json",
        why_not=lambda s: not_rerunnable(s) or ("" if s.component else "select a component first"),
        footer=4,
    ),
    Action(
        id="job.deploy",
        key="d",
        label="deploy",
        tooltip="Make a version to predict with of the model that this job has trained",
        screens=JOB,
        cli=_deploy_line,
        why_not=not_deployable,
        footer=7,
    ),
    Action(
        id="tab.tasks",
        key="t",
        label="tasks",
        tooltip="Tasks: status, times, memory and exit code at every party",
        screens=JOB,
        cli=lambda s: _line(s, "task query -j"),
        footer=10,
    ),
    Action(
        id="tab.log",
        key="l",
        label="log",
        tooltip="The log of all parties of this site, merged and live",
        screens=JOB,
        cli=lambda s: f"{_line(s, 'log show')} -f",
        footer=11,
    ),
    Action(
        id="tab.metrics",
        key="m",
        label="metrics",
        tooltip="Loss, AUC, ROC, KS as curves",
        screens=JOB,
        cli=lambda s: f"{_line(s, 'metric show', option=False)} --plot",
        footer=12,
    ),
    Action(
        id="tab.output",
        key="o",
        label="output",
        tooltip="Output tables, model and summary",
        screens=JOB,
        cli=lambda s: _task_line(s, "component output-data"),
        footer=13,
    ),
    Action(
        id="tab.conf",
        key="c",
        label="conf",
        tooltip="Parameters that are in effect, and where each comes from; job parameters, DSL",
        screens=JOB,
        cli=lambda s: _task_line(s, "component parameters"),
        footer=14,
    ),
    Action(
        id="tab.story",
        key="e",
        label="story",
        tooltip="Everything that happened, in order",
        screens=JOB,
        cli=lambda s: _line(s, "job story"),
    ),
    Action(
        id="tab.cards",
        key="f",
        label="failures",
        tooltip="Why tasks failed, all parties beside each other",
        screens=JOB,
        cli=lambda s: _line(s, "job why", option=False),
        footer=15,
    ),
    Action(
        id="tab.next",
        key="right_square_bracket",
        label="next tab",
        tooltip="The tab to the right",
        screens=JOB,
    ),
    Action(
        id="tab.previous",
        key="left_square_bracket",
        label="previous tab",
        tooltip="The tab to the left",
        screens=JOB,
    ),
    Action(
        id="tab.find",
        key="slash",
        label="find",
        tooltip="Find in the log; filter the story",
        screens=JOB,
        cli=lambda s: f"{_line(s, 'log show')} --grep WORDS",
        footer=17,
    ),
    Action(
        id="tab.party",
        key="p",
        label="party",
        tooltip="What another party has: its output, its parameters, its lines of the log",
        screens=JOB,
        footer=18,
    ),
    Action(
        id="tab.what",
        key="x",
        label="what",
        tooltip="Output: table, model or summary; conf: parameters, DSL or the whole",
        screens=JOB,
    ),
    Action(
        id="log.level",
        key="L",
        label="log level",
        tooltip="Lines of the log from which level on: debug, info, warning, error",
        screens=JOB,
        cli=lambda s: f"{_line(s, 'log show')} --level LEVEL",
    ),
    Action(
        id="log.follow",
        key="F",
        label="follow",
        tooltip="Keep the newest line of the log in view, or not",
        screens=JOB,
        cli=lambda s: f"{_line(s, 'log show')} -f",
    ),
    Action(
        id="graph.whole",
        key="a",
        label="whole job",
        tooltip="Show the job as a whole, or the component that was selected before",
        screens=JOB,
        why_not=no_job,
        footer=8,
    ),
    Action(
        id="graph.view",
        key="v",
        label="boxes/lanes",
        tooltip="Draw the graph as boxes, as small boxes, as lanes, or as it fits",
        screens=JOB,
        footer=16,
    ),
    Action(
        id="graph.wider",
        key="greater_than_sign",
        label="wider graph",
        tooltip="Give the graph more room",
        screens=JOB,
    ),
    Action(
        id="graph.narrower",
        key="less_than_sign",
        label="narrower graph",
        tooltip="Give the graph less room",
        screens=JOB,
    ),
    Action(
        id="job.table",
        key="O",
        label="open table",
        tooltip="The output table that is shown, on the whole screen",
        screens=JOB,
        cli=_table_line,
        why_not=no_table,
    ),
)
