"""`fateflow job why`: the reason for the state of a job or a component; `job` takes it in."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from commands import context
from commands.option_groups import JobName
from commands.options import ComponentOption
from commands.verbs import Noun
from commands.why_text import why_lines

app = Noun("Ask why.")


@app.verb()
def why(
    ctx: typer.Context,
    which: JobName,
    component: Annotated[str | None, typer.Argument(metavar="COMPONENT", help="A component of the job.")] = None,
    component_name: ComponentOption = None,
) -> None:
    """Says why a job, or a component of it, is as it is: what it waits for and who could free it, what runs and when
    it gave its last sign of life, who refused or stopped it, what failed and how to mend it.

    Examples:
    fateflow job why @last
    fateflow job why @last hetero_lr_0
    fateflow job why @last --json
    """
    session = context.of(ctx)
    if which.job and which.job_id and component is None:
        which, component = JobName(None, which.job_id), which.job  # -j JOB COMPONENT
    found = session.flow.why(which.id(session), component or component_name or "")
    limit = session.output.width if sys.stdout.isatty() else 0
    session.output.record(found, lambda one: why_lines(one, session.now(), limit), lambda one: one.job_id)
