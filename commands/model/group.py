"""`fateflow model`: all commands of the group."""

from __future__ import annotations

from fateflow_tui.commands.model import alias, archives, fate, predict, serving
from fateflow_tui.commands.model.show import app

app.takes(predict.app)
app.takes(archives.app)
app.takes(serving.app)
app.takes(fate.app)
app.takes(alias.app, "alias")
