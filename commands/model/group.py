"""`fateflow model`: all commands of the group."""

from __future__ import annotations

from fateflow_tui.commands.model import archives, fate, predict, serving
from fateflow_tui.commands.model.show import app

app.add(predict.app)
app.add(archives.app)
app.add(serving.app)
app.add(fate.app)
