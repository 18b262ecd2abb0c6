"""`fateflow checkpoint`: states of a model that a training has saved on its way."""

from __future__ import annotations

from typing import Annotated

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup
from fateflow_tui.commands.options import ModelPartOptions
from fateflow_tui.core.errors import BadRequest

app = CommandGroup("Inspect the checkpoints of models.")


@app.command("list")
def list_checkpoints(ctx: typer.Context, which: ModelPartOptions) -> None:
    """Lists the checkpoints of a component's model.

    Examples:
    fateflow checkpoint list -r guest -p 9999 --model-id guest-9999#host-10000#model \\
        --model-version @last -cpn hetero_lr_0
    """
    session = context.of(ctx)
    fate.forward(session, "checkpoint/list", which.body(session), empty="no checkpoints")


@app.command("get")
def get_checkpoint(
    ctx: typer.Context,
    which: ModelPartOptions,
    step_index: Annotated[int | None, typer.Option(metavar="N", help="Number of the step.")] = None,
    step_name: Annotated[str | None, typer.Option(metavar="NAME", help="Name of the step.")] = None,
) -> None:
    """Shows one checkpoint, named by --step-index or by --step-name.

    Examples:
    fateflow checkpoint get -r guest -p 9999 --model-id guest-9999#host-10000#model \\
        --model-version @last -cpn hetero_lr_0 --step-index 0
    """
    if (step_index is None) == (step_name is None):
        raise BadRequest("name the step by either --step-index or --step-name")
    session = context.of(ctx)
    fate.forward(session, "checkpoint/get", {**which.body(session), "step_index": step_index, "step_name": step_name})
