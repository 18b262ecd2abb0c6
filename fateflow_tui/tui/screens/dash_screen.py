"""What all full screens have: the site's bar above, the actions below, the news of the feed, and a selection."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from fateflow_tui.tui.action import Action, Selection
from fateflow_tui.tui.actions import ACTIONS, actions_of
from fateflow_tui.tui.deeds import DEEDS
from fateflow_tui.tui.snapshot import Change, Snapshot
from fateflow_tui.tui.widgets.action_bar import ActionBar
from fateflow_tui.tui.widgets.site_bar import SiteBar
from fateflow_tui.tui.widgets.text_views import Pane

if TYPE_CHECKING:
    from fateflow_tui.tui.app import DashApp
    from fateflow_tui.tui.store import Feed

EVERYTHING = Change(anew=True, order=True, connection=True, site=True)


def bindings_of(place: str) -> list[BindingType]:
    """The keys of a screen's actions."""
    return [
        Binding(
            action.key,
            f"act('{action.id}')",
            action.label,
            show=False,
            tooltip=action.tooltip,
            id=action.id,
            priority=action.key.startswith("ctrl+"),
        )
        for action in actions_of(place)
    ]


class DashScreen(Screen[None]):
    """A screen says its `PLACE`, yields its panes in `body`, draws in `changed`, and answers `selection`."""

    PLACE: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal"), (180, "-wide")]  # noqa: RUF012 (Textual's type)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012
    DEFAULT_CSS = "DashScreen { background: $background; }"

    def __init__(self) -> None:
        super().__init__()
        self._stop_listening: Callable[[], None] = lambda: None
        self._missed: Change | None = EVERYTHING

    @property
    def dash(self) -> DashApp:
        return self.app  # type: ignore[return-value]

    @property
    def feed(self) -> Feed:
        return self.dash.feed

    @property
    def snapshot(self) -> Snapshot:
        return self.dash.feed.snapshot

    def body(self) -> ComposeResult:
        """The panes."""
        raise NotImplementedError

    def changed(self, change: Change) -> None:
        """Something is other than before; only called while the screen can be seen, and once as it comes to be."""

    def selection(self) -> Selection:
        """What actions are about now."""
        return Selection(connected=self.snapshot.connection.is_up)

    def compose(self) -> ComposeResult:
        yield SiteBar(self.PLACE)
        yield from self.body()
        yield ActionBar(self.PLACE)

    def on_mount(self) -> None:
        self._stop_listening = self.feed.listen(self._told)

    def on_unmount(self) -> None:
        self._stop_listening()

    def on_screen_resume(self) -> None:
        missed, self._missed = self._missed, None
        if missed is not None:
            self._pass_on(missed)

    def _told(self, change: Change) -> None:
        if self.is_current:
            self._pass_on(change)
        else:
            self._missed = change if self._missed is None else self._missed | change

    def _pass_on(self, change: Change) -> None:
        bar = self.query_one(SiteBar)
        bar.told() if change.connection else bar.refresh()
        self.changed(change)
        self.show_actions()

    def show_actions(self) -> None:
        """Draws the footer anew, as the selection is another."""
        self.query_one(ActionBar).refresh()

    def action_act(self, name: str) -> None:
        """Carries out an action by its id, or says why it does not apply."""
        action, selection = ACTIONS[name], self.selection()
        reason = action.why_not(selection)
        if reason:
            self.dash.tell(reason, title=f"{action.label}: not now", severity="warning")
            return
        own: Callable[[Selection], Any] | None = getattr(self, action.method, None)
        self.run_worker(self._carried_out(own, action, selection), exit_on_error=False)

    async def _carried_out(self, own: Callable[[Selection], Any] | None, action: Action, selection: Selection) -> None:
        with self.dash.failures_told(action.label):
            done = own(selection) if own is not None else DEEDS[action.id](self.dash, selection)
            if isawaitable(done):
                await done

    def do_app_zoom(self, selection: Selection) -> None:
        zoomed = self.has_class("-zoomed")
        focused = self.focused
        panes = [one for one in focused.ancestors_with_self if isinstance(one, Pane)] if focused else []
        for pane in self.query(Pane):
            pane.set_class(not zoomed and pane in panes, "-zoomed")
        self.set_class(not zoomed and bool(panes), "-zoomed")
        for holder in {pane.parent for pane in self.query(Pane)} - {self}:
            if isinstance(holder, Widget):
                holder.set_class(not zoomed and any(pane.parent is holder for pane in panes), "-around")
                holder.set_class(not zoomed and not any(pane.parent is holder for pane in panes), "-away")

    def do_app_back(self, selection: Selection) -> None:
        """Out of what is zoomed, then out of this screen if it stands on another."""
        if self.has_class("-zoomed"):
            self.do_app_zoom(selection)
        elif len(self.app.screen_stack) > 1:
            self.app.pop_screen()
