"""What actions do that are the same wherever they are called from: by id, a function of the app and the selection.

It runs in a worker: it may ask (`app.ask`), and await the scheduler. What it raises is told as a toast.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.deeds import job_detail, jobs, models, parties, site, submit, tables

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp

Deed = Callable[["DashApp", Selection], Awaitable[None]]

DEEDS: Final[dict[str, Deed]] = {
    name: deed
    for room in (site, jobs, job_detail, submit, models, tables, parties)
    for name, deed in room.DEEDS.items()
}
