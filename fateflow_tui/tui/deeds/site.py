"""Going from screen to screen, and what belongs to the application as a whole."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.places import PLACES

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp


def _to(place: str) -> Callable[[DashApp, Selection], Awaitable[None]]:
    async def go(app: DashApp, selection: Selection) -> None:
        app.switch_mode(place)

    return go


async def show_help(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.help import HelpDialog

    app.push_screen(HelpDialog(app.screen))


async def show_palette(app: DashApp, selection: Selection) -> None:
    app.action_command_palette()


async def jump(app: DashApp, selection: Selection) -> None:
    from fateflow_tui.tui.screens.help import JumpOverlay

    app.push_screen(JumpOverlay(app.screen))


async def reconnect(app: DashApp, selection: Selection) -> None:
    app.feed.connect_now()


async def leave(app: DashApp, selection: Selection) -> None:
    app.exit()


DEEDS = {
    **{f"go.{place.name}": _to(place.name) for place in PLACES},
    "app.help": show_help,
    "app.palette": show_palette,
    "app.jump": jump,
    "app.reconnect": reconnect,
    "app.quit": leave,
}
