"""`fateflow service`: programs outside that the site works with."""

from __future__ import annotations

import typer

from fateflow_tui.commands import context, fate
from fateflow_tui.commands.groups import CommandGroup

app = CommandGroup("List the external services of the site.")


@app.command()
def registry(ctx: typer.Context) -> None:
    """Shows the registered services, such as serving servers.

    Examples:
    fateflow service registry
    """
    fate.forward(context.of(ctx), "server/service/get", {}, empty="no services are registered")
