"""Actions that are the same on every screen; pure."""

from __future__ import annotations

from fateflow_tui.tui.action import Action
from fateflow_tui.tui.places import PLACES

ACTIONS = (
    *(
        Action(
            id=f"go.{place.name}",
            key=place.key,
            label=place.title,
            tooltip=place.tooltip,
            cli=lambda s, line=place.cli: line,  # type: ignore[misc]
        )
        for place in PLACES
    ),
    Action(id="app.help", key="question_mark", label="help", tooltip="The keys that work here", footer=90),
    Action(
        id="app.palette",
        key="ctrl+p",
        label="palette",
        tooltip="All actions with their command lines, all jobs, all themes",
        footer=91,
    ),
    Action(
        id="app.jump",
        key="ctrl+o",
        label="jump",
        tooltip="Letters on all panes: press one to go there",
    ),
    Action(id="app.zoom", key="z", label="zoom", tooltip="The pane that has the focus on the whole screen, or back"),
    Action(
        id="app.reconnect",
        key="ctrl+r",
        label="try again",
        tooltip="Connect at once, and read everything anew",
        cli=lambda s: "fateflow server status",
    ),
    Action(id="app.back", key="escape", label="back", tooltip="Close this, or clear the filter"),
    Action(id="app.quit", key="q,ctrl+q", label="quit", tooltip="Close the dashboard; jobs go on", footer=92),
)
