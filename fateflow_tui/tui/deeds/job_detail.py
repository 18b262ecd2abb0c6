"""What is done on the screen of one job: rerunning with other parameters, deploying, looking at tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.actions import ACTIONS

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp


async def rerun_changed(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.parameters import ParametersDialog

    view, component = selection.view, selection.component
    if view is None:
        raise BadRequest("the job has not been read yet", hint="try again in a moment")
    here = [line.party for line in view.party_lines if line.here]
    asked = view.initiator if view.initiator in here else next(iter(here), "")
    config = await app.feed.flow.jobs.config(view.job_id, asked or None)
    cause = next((card.cause for card in view.cards if card.component == component), "")
    dsl, conf = config["dsl"], config["runtime_conf"]
    dialog = ParametersDialog(view.job_id, component, dsl, conf, list(view.roles), cause)
    changed = await app.push_screen_wait(dialog)
    if changed is None:
        return
    await app.feed.flow.jobs.rerun(view.job_id, [component], component_parameters=changed.parameters)
    app.tell(f"{view.job_id} runs again from {component}", cli=ACTIONS["job.rerun_changed"].cli(selection))


async def deploy(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.deeds.models import deployed

    view = selection.view
    if view is None:
        raise BadRequest("the job has not been read yet", hint="try again in a moment")
    modules = {one.name: one.module for one in view.components}
    await deployed(app, view.model_id, view.model_version, modules, ", ".join(view.parties))


async def table(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.details import PeekDialog

    namespace, name = selection.of("table")
    app.push_screen(PeekDialog(namespace, name))


DEEDS = {"job.rerun_changed": rerun_changed, "job.deploy": deploy, "job.table": table}
