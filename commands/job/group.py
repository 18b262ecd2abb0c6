"""`fateflow job`: all commands of the group."""

from __future__ import annotations

from fateflow_tui.commands.job import documents, plan, show
from fateflow_tui.commands.job.run import app

app.add(show.app)
app.add(documents.app)
app.add(plan.app)
