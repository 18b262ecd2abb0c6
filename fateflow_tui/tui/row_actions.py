"""Actions that are the same on all screens with a table; pure."""

from __future__ import annotations

from fateflow_tui.tui.action import Action

TABLES = ("models", "data", "parties")

ACTIONS = (
    Action(
        id="rows.filter",
        key="slash",
        label="filter",
        tooltip="Show only rows in which all words occur; esc clears it",
        screens=TABLES,
        footer=20,
    ),
    Action(
        id="rows.mark",
        key="space",
        label="mark",
        tooltip="Mark this row, to act on several at once",
        screens=("models", "data"),
        footer=21,
    ),
    Action(
        id="rows.unmark_all",
        key="u",
        label="unmark all",
        tooltip="No row is marked any more",
        screens=("models", "data"),
    ),
    Action(
        id="rows.sort",
        key="o",
        label="sort",
        tooltip="Order by the next column; click a title for that column",
        screens=TABLES,
    ),
    Action(
        id="rows.again",
        key="r",
        label="read again",
        tooltip="Ask the scheduler for everything on this screen anew",
        screens=(*TABLES, "resources"),
    ),
)
