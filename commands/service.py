"""`fateflow service`: programs outside that the site works with."""

from __future__ import annotations

import typer

from commands import classic, context
from commands.verbs import Noun

app = Noun("Look at the programs outside that this site works with.")


@app.verb()
def registry(ctx: typer.Context) -> None:
    """Shows the registered services, such as serving servers.

    Examples:
    fateflow service registry
    """
    classic.tell(context.of(ctx), "server/service/get", {}, empty="no services are registered")
