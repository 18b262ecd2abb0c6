"""`fateflow job graph`; `job` takes it in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from commands import context
from commands.graph_text import Details, color_of, show, shows_unicode, written
from commands.job_text import component_time
from commands.option_groups import DrawingOptions, JobName
from commands.text import party_marks
from commands.verbs import Noun
from fateflow_tui.text.statuses import MARKS

if TYPE_CHECKING:
    from fateflow_tui.sdk.jobs import ComponentView

app = Noun("Draw jobs.")


@app.verb()
def graph(ctx: typer.Context, which: JobName, options: DrawingOptions) -> None:
    """Draws a job's components with their status at each party, or writes them for another program.

    Examples:
    fateflow job graph @last
    fateflow job graph @last --boxes
    fateflow job graph @last --format mermaid
    """
    from fateflow_tui.graph import Dag

    session = context.of(ctx)
    found = session.flow.graph(which.id(session))
    dag = Dag.of_needs({one.name: one.needs for one in found.components})
    if options.format:
        statuses = {one.name: one.status for one in found.components}
        session.output.write(written(dag, options.format, statuses))
    elif session.output.is_table:
        show(session, dag, _details(found.components, session.now()), options)
    else:
        session.output.record(found, lambda _: (), lambda one: one.job_id)


def _details(components: list[ComponentView], now: int) -> Details:
    """Marks of the parties, then how long it took. Without Unicode a word stands for the marks."""
    words = {one.name: "reused" if one.reused_from else str(one.status) for one in components}
    unicode = shows_unicode(sys.stdout)
    rows = {}
    for one in components:
        marks = f"{party_marks(dict(one.parties))}{' ' + MARKS['reused'] if one.reused_from else ''}"
        rows[one.name] = [marks if unicode else words[one.name], component_time(one, now)]
    return Details(rows, {name: color_of(word) for name, word in words.items()})
