"""The process behind one page: the dashboard, drawn for the server that started it."""

from __future__ import annotations

import gc
from pathlib import Path

gc.disable()  # imports leave no garbage, and collecting it takes a tenth of the start-up time

from fateflow_tui.tui.app import DashApp  # noqa: E402
from fateflow_tui.tui.web.page import PageSettings  # noqa: E402

if __name__ == "__main__":
    settings = PageSettings.from_environment()
    DashApp(settings.connection, settings.theme, lambda: Path(settings.demo)).run()
