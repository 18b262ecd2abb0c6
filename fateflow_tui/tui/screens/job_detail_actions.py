"""Actions of the screen of one job: its tabs, rerunning with changed parameters, deploying."""

from __future__ import annotations

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.status import Status
from fateflow_tui.tui.actions import Selection, action, no_job, offline
from fateflow_tui.tui.job_filter import has_model
from fateflow_tui.tui.screens.job_actions import EditJobActions, not_rerunnable


def not_deployable(selection: Selection) -> str:
    reason = offline(selection) or no_job(selection)
    if reason:
        return reason
    view = selection.view
    if selection.jobs[0].status is not Status.SUCCESS:
        return f"job {selection.jobs[0].job_id} has not succeeded: {selection.jobs[0].status}"
    return "" if view is not None and has_model(view) else "this job has no model"


def no_table(selection: Selection) -> str:
    return offline(selection) or ("" if selection.of("table") else "no output table shown; press o to list them")


def component_line(selection: Selection, command: str, *, option: bool = True) -> str:
    """Return a command line about the selected component, or about the job if there is none."""
    named = f" {'-cpn ' if option else ''}{selection.component}" if selection.component else ""
    return f"fateflow {command} {selection.job_ids}{named}"


def _task_line(selection: Selection, command: str) -> str:
    role, _, number = selection.party.partition(":")
    party = f" -r {role} -p {number}" if selection.party else ""
    return f"{component_line(selection, f'{command} -j')}{party}"


def _table_line(selection: Selection) -> str:
    namespace, name = selection.of("table") or ("NAMESPACE", "NAME")
    return f"fateflow table peek {namespace} {name}"


def _deploy_line(selection: Selection) -> str:
    return f"fateflow model deploy {selection.view.model_version if selection.view is not None else ''}".rstrip()


class JobDetailActions(EditJobActions):
    """The actions that a job's screen adds; the subclass shows the tabs."""

    def show_tab(self, name: str) -> None:
        raise NotImplementedError

    @action(
        "job.rerun_changed",
        key="R",
        label="edit & rerun",
        tooltip="Change the parameters of the selected component and rerun the job from it",
        command=lambda s: f"{component_line(s, 'job rerun')} -c CHANGES.json",
        disabled_reason=lambda s: not_rerunnable(s) or ("" if s.component else "select a component first"),
        footer=4,
    )
    async def job_rerun_changed(self, selection: Selection) -> None:
        from fateflow_tui.tui.screens.parameters import ParametersDialog

        view, component = selection.view, selection.component
        if view is None:
            raise BadRequest("the job is not loaded yet", hint="try again in a moment")
        here = [line.party for line in view.party_lines if line.here]
        asked = view.initiator if view.initiator in here else next(iter(here), "")
        config = await self.client.jobs.config(view.job_id, asked or None)
        cause = next((card.cause for card in view.cards if card.component == component), "")
        dsl, conf = config["dsl"], config["runtime_conf"]
        dialog = ParametersDialog(view.job_id, component, dsl, conf, list(view.roles), cause)
        changed = await self.dash.push_screen_wait(dialog)
        if changed is None:
            return
        await self.client.jobs.rerun(view.job_id, [component], component_parameters=changed.parameters)
        command = self.command_line("job.rerun_changed", selection)
        self.dash.toast(f"rerunning {view.job_id} from {component}", cli=command)

    @action(
        "job.deploy",
        key="d",
        label="deploy",
        tooltip="Deploy the model that this job trained, for predictions",
        command=_deploy_line,
        disabled_reason=not_deployable,
        footer=7,
    )
    async def job_deploy(self, selection: Selection) -> None:
        from fateflow_tui.tui.screens.model_actions import deployed

        view = selection.view
        if view is None:
            raise BadRequest("the job is not loaded yet", hint="try again in a moment")
        modules = {one.name: one.module for one in view.components}
        await deployed(self.dash, view.model_id, view.model_version, modules, ", ".join(view.parties))

    @action(
        "job.table",
        key="O",
        label="open table",
        tooltip="Open the current output table in full screen",
        command=_table_line,
        disabled_reason=no_table,
    )
    async def job_table(self, selection: Selection) -> None:
        from fateflow_tui.tui.screens.details import PeekDialog

        namespace, name = selection.of("table")
        self.dash.push_screen(PeekDialog(namespace, name))

    @action(
        "tab.tasks",
        key="t",
        label="tasks",
        tooltip="Show the status, times, memory and exit code of tasks at every party",
        command=lambda s: component_line(s, "task query -j"),
        footer=10,
    )
    def tab_tasks(self, selection: Selection) -> None:
        self.show_tab("tasks")

    @action(
        "tab.log",
        key="l",
        label="log",
        tooltip="Show the log of all parties of this site, merged and live",
        command=lambda s: f"{component_line(s, 'log show')} -f",
        footer=11,
    )
    def tab_log(self, selection: Selection) -> None:
        self.show_tab("log")

    @action(
        "tab.metrics",
        key="m",
        label="metrics",
        tooltip="Show metrics as charts: loss, AUC, ROC, KS",
        command=lambda s: f"{component_line(s, 'metric show', option=False)} --plot",
        footer=12,
    )
    def tab_metrics(self, selection: Selection) -> None:
        self.show_tab("metrics")

    @action(
        "tab.output",
        key="o",
        label="output",
        tooltip="Show output tables, model and summary",
        command=lambda s: _task_line(s, "component output-data"),
        footer=13,
    )
    def tab_output(self, selection: Selection) -> None:
        self.show_tab("output")

    @action(
        "tab.conf",
        key="c",
        label="conf",
        tooltip="Show effective parameters and their origins, job parameters, DSL and conf",
        command=lambda s: _task_line(s, "component parameters"),
        footer=14,
    )
    def tab_conf(self, selection: Selection) -> None:
        self.show_tab("conf")

    @action(
        "tab.history",
        key="h,e",
        label="history",
        tooltip="Show everything that happened, in order",
        command=lambda s: component_line(s, "job history"),
    )
    def tab_history(self, selection: Selection) -> None:
        self.show_tab("history")

    @action(
        "tab.cards",
        key="f",
        label="failures",
        tooltip="Show the failure cards of all parties side by side",
        command=lambda s: component_line(s, "job why", option=False),
        footer=15,
    )
    def tab_cards(self, selection: Selection) -> None:
        self.show_tab("cards")
