"""`fateflow log` whole: which log files there are, beside the verbs of `log` that read them."""

from __future__ import annotations

from typing import Annotated

import typer

from commands import classic, context
from commands.log import app as reading
from commands.option_groups import JobName
from commands.verbs import Noun
from fateflow_tui.text.amounts import byte_count

app = Noun("Read the logs of jobs and of the site.")
app.takes(reading)


@app.verb("list")
def list_files(
    ctx: typer.Context,
    which: JobName,
    site: Annotated[bool, typer.Option("--site", help="The files of the site itself.")] = False,
) -> None:
    """Lists the log files of a job; without one, those of the newest.

    Examples:
    fateflow log list @last
    fateflow log list --site
    """
    session = context.of(ctx)
    body = {} if site else {"job_id": session.resolve([which.job or which.job_id or "@last"])[0]}
    session.output.listing(
        classic.data(session, "log/list", body),
        ("FILE", "SIZE"),
        lambda one: [one["file"], byte_count(one["size"])],
        lambda one: str(one["file"]),
        empty="nothing was logged yet",
    )
