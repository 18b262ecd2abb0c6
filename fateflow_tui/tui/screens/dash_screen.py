"""The base of all full screens: site bar, panes, footer, updates from the live store, and actions."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen
from textual.widget import Widget

from fateflow_tui.tui.actions import Action, Selection, action, actions_of, offline
from fateflow_tui.tui.screens import SCREENS, ScreenEntry
from fateflow_tui.tui.snapshot import Change, Snapshot
from fateflow_tui.tui.widgets.bars import ActionBar, SiteBar
from fateflow_tui.tui.widgets.text_views import Pane

if TYPE_CHECKING:
    from fateflow_tui.sdk.async_client import AsyncFateFlow
    from fateflow_tui.tui.dashboard import Dashboard
    from fateflow_tui.tui.store import LiveStore

EVERYTHING = Change(full_refresh=True, order=True, connection=True, site=True)


class DashScreen(Screen[None]):
    """Subclasses set `NAME`, yield their panes in `body`, draw in `changed`, and return their `selection`.

    A method decorated with `@action` becomes a key binding, an entry of the footer, the palette and the help.
    """

    NAME: ClassVar[str] = ""
    actions: ClassVar[dict[str, Action]] = {}
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-normal"), (180, "-wide")]  # noqa: RUF012 (Textual's type)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]  # noqa: RUF012
    DEFAULT_CSS = "DashScreen { background: $background; }"

    def __init_subclass__(cls, **options: Any) -> None:
        cls.actions = actions_of(cls)
        cls.BINDINGS = [
            Binding(
                one.key,
                f"act('{one.id}')",
                one.label,
                show=False,
                tooltip=one.tooltip,
                id=one.id,
                priority=one.key.startswith("ctrl+"),
            )
            for one in cls.actions.values()
        ]
        super().__init_subclass__(**options)

    def __init__(self) -> None:
        super().__init__()
        self._stop_listening: Callable[[], None] = lambda: None
        self._missed: Change | None = EVERYTHING

    @property
    def dash(self) -> Dashboard:
        return self.app  # type: ignore[return-value]

    @property
    def store(self) -> LiveStore:
        return self.dash.store

    @property
    def client(self) -> AsyncFateFlow:
        return self.dash.store.client

    @property
    def snapshot(self) -> Snapshot:
        return self.dash.store.snapshot

    def body(self) -> ComposeResult:
        """Yield the panes."""
        raise NotImplementedError

    def changed(self, change: Change) -> None:
        """Draw what changed. Called only while the screen is visible, and once when it becomes visible."""

    def selection(self) -> Selection:
        """Return what actions apply to."""
        return Selection(connected=self.snapshot.connection.is_up)

    def compose(self) -> ComposeResult:
        yield SiteBar(self.NAME)
        yield from self.body()
        yield ActionBar(self.actions, self.selection)

    def on_mount(self) -> None:
        self._stop_listening = self.store.listen(self._on_change)

    def on_unmount(self) -> None:
        self._stop_listening()

    @property
    def is_on_top(self) -> bool:
        """Whether the user sees this screen; Textual's `is_current` is true for covered screens, too."""
        return self.app.screen is self

    def on_screen_resume(self) -> None:
        missed, self._missed = self._missed, None
        if missed is not None:
            self._apply_change(missed)

    def _on_change(self, change: Change) -> None:
        if self.is_on_top:
            self._apply_change(change)
        else:
            self._missed = change if self._missed is None else self._missed | change

    def _apply_change(self, change: Change) -> None:
        bar = self.query_one(SiteBar)
        bar.connection_changed() if change.connection else bar.refresh_changed()
        self.changed(change)
        self.show_actions()

    def show_actions(self) -> None:
        """Redraw the footer for the current selection."""
        self.query_one(ActionBar).refresh_changed()

    def command_line(self, action_id: str, selection: Selection) -> str:
        """Return the command line that is equivalent to an action."""
        return self.actions[action_id].command(selection)

    def action_act(self, action_id: str) -> None:
        """Run an action by its id, or show why it is unavailable."""
        declared, selection = self.actions[action_id], self.selection()
        reason = declared.disabled_reason(selection)
        if reason:
            self.dash.toast(reason, title=f"cannot {declared.label}", severity="warning")
            return
        self.run_worker(self._run_handler(declared, selection), exit_on_error=False)

    async def _run_handler(self, declared: Action, selection: Selection) -> None:
        with self.dash.show_failures(declared.label):
            result = getattr(self, declared.method)(selection)
            if isawaitable(result):
                await result

    @action(
        "job.submit",
        key="S",
        label="submit",
        tooltip="Choose a DSL and a conf, check them, see the plan, and submit the job",
        command="fateflow job submit -d DSL -c CONF",
        disabled_reason=offline,
        footer=9,
    )
    async def job_submit(self, selection: Selection) -> None:
        """Open the submit dialog; propose the demo job as long as no job of a guest exists."""
        from fateflow_tui.tui.screens.submit import Draft, open_submit

        examples, known = self.dash.examples(), self.dash.store.snapshot
        is_new = known.complete and not any(line.roles.get("guest") for line in known.lines.values())
        if examples is not None and is_new:
            draft = Draft(dsl=examples.dsl, conf=examples.conf, title="Submit the demo job", examples=examples)
            await open_submit(self.dash, draft, examples.dsl.parent)
        else:
            await open_submit(self.dash, Draft())

    @action(
        "app.help",
        key="question_mark",
        label="help",
        tooltip="Show the keys of this screen",
        footer=90,
    )
    async def app_help(self, selection: Selection) -> None:
        from fateflow_tui.tui.screens.help import HelpDialog

        self.dash.push_screen(HelpDialog(self.dash.screen))

    @action(
        "app.palette",
        key="ctrl+p",
        label="palette",
        tooltip="Search actions with their command lines, jobs, and themes",
        footer=91,
    )
    async def app_palette(self, selection: Selection) -> None:
        self.dash.action_command_palette()

    @action(
        "app.jump",
        key="ctrl+o",
        label="jump",
        tooltip="Show a letter on each pane; press one to focus its pane",
    )
    async def app_jump(self, selection: Selection) -> None:
        from fateflow_tui.tui.screens.help import JumpOverlay

        self.dash.push_screen(JumpOverlay(self.dash.screen))

    @action(
        "app.zoom",
        key="z",
        label="zoom",
        tooltip="Show the focused pane in full screen, or all panes again",
    )
    def app_zoom(self, selection: Selection) -> None:
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

    @action(
        "app.reconnect",
        key="ctrl+r",
        label="reconnect",
        tooltip="Reconnect to the scheduler and reload everything",
        command="fateflow server status",
    )
    async def app_reconnect(self, selection: Selection) -> None:
        self.dash.store.connect_now()

    @action(
        "app.back",
        key="escape",
        label="back",
        tooltip="Clear the filter, or go back",
    )
    def app_back(self, selection: Selection) -> None:
        """Leave the zoom; otherwise close this screen if it was opened from another one."""
        if self.has_class("-zoomed"):
            self.app_zoom(selection)
        elif len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    @action(
        "app.quit",
        key="q,ctrl+q",
        label="quit",
        tooltip="Close the dashboard; jobs keep running",
        footer=92,
    )
    async def app_quit(self, selection: Selection) -> None:
        self.dash.exit()


def _open_screen(entry: ScreenEntry) -> Callable[[DashScreen, Selection], None]:
    @action(f"go.{entry.name}", key=entry.key, label=entry.title, tooltip=entry.tooltip, command=entry.command)
    def open_screen(screen: DashScreen, selection: Selection) -> None:
        screen.app.switch_mode(entry.name)

    return open_screen


for _entry in SCREENS:
    setattr(DashScreen, f"go_{_entry.name}", _open_screen(_entry))
