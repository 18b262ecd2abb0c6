"""`fateflow component`: the modules of this version, and the components of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from commands import classic, context
from commands.component_models import app as models
from commands.options import JobOption
from commands.tracking import add_verbs
from commands.verbs import Noun

if TYPE_CHECKING:
    from fateflow_tui.sdk.results import Module

app = Noun("List modules, and look at what a job's components left.")


@app.verb("list")
def list_components(ctx: typer.Context, job_id: JobOption = None) -> None:
    """Lists the components of a job; without a job, the modules that a DSL may use.

    Examples:
    fateflow component list
    fateflow component list -j @last
    """
    session = context.of(ctx)
    if job_id:
        envelope = classic.ask(session, "tracking/component/list", {"job_id": session.known_id(job_id)})
        classic.show(session, envelope, lambda data: session.output.lines(data["components"]))
        return
    session.output.listing(
        session.flow.modules(),
        ("MODULE", "ROLES", "PARAMETERS", "RUNS HERE"),
        lambda one: [one.module, ",".join(one.roles), one.parameter_class, _state(one)],
        lambda one: one.module,
    )


def _state(module: Module) -> str:
    if broken := getattr(module, "broken", ""):
        return f"no: {broken}"
    return "yes" if module.built else "not yet"


add_verbs(app, "component")
app.takes(models)
