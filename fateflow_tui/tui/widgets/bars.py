"""The bars of every screen: the head with the site, the connection and the screens, and the footer with the keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.style import Style
from rich.text import Text
from textual import events

from fateflow_tui.core.cells import Spans, cut, spans_width
from fateflow_tui.core.formatting import MARKS
from fateflow_tui.core.status import Status
from fateflow_tui.tui.actions import Action, Selection, footer_of, key_label, keys_of
from fateflow_tui.tui.screens import SCREENS
from fateflow_tui.tui.snapshot import Connection, Link, Snapshot
from fateflow_tui.tui.widgets.changed_cells import ChangedText

if TYPE_CHECKING:
    from fateflow_tui.tui.themes import Palette


_COUNTED = (Status.RUNNING, Status.WAITING, Status.FAILED, Status.TIMEOUT)


class SiteBar(ChangedText):
    """The head, two lines. The clock ticks by itself; the rest is redrawn when the screen reports a change."""

    DEFAULT_CSS = "SiteBar { dock: top; height: 2; background: $panel; color: $foreground; }"

    def __init__(self, screen_name: str) -> None:
        super().__init__()
        self._screen_name = screen_name
        self._disconnected_since = 0.0

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)

    def _tick(self) -> None:
        if self.app.screen is self.screen:
            self.refresh_changed()

    def connection_changed(self) -> None:
        self._disconnected_since = time.monotonic()
        self.refresh_changed()

    def text(self) -> Text:
        snapshot: Snapshot = self.app.store.snapshot  # type: ignore[attr-defined]
        styles: Palette = self.app.palette  # type: ignore[attr-defined]
        since = time.monotonic() - self._disconnected_since
        clock = f"{time.strftime('%H:%M:%S')} "
        left, middle, right = self._site(snapshot), connection_words(snapshot.connection, since), counted(snapshot)
        brief = counted(snapshot, brief=True)
        width = self.size.width - len(clock) - 2
        for parts in ([left, middle, right], [left[:1], middle, right], [left[:1], middle, brief], [middle]):
            if spans_width([span for part in parts for span in part]) + 3 * len(parts) <= width:
                break
        line: Spans = []
        for part in parts:
            line += [*part, ("   ", "")]
        line.append((" " * max(1, width + 2 - spans_width(line)), ""))
        line.append((clock, "muted"))
        text = Text(no_wrap=True, overflow="crop", end="")
        for word, style in line:
            text.append(word, styles[style])
        text.append("\n")
        for word, style in self._tabs():
            text.append(word, styles[style])
        return text

    def on_click(self, event: events.Click) -> None:
        if event.y != 1:
            return
        left = 1
        for entry in SCREENS:
            width = len(entry.title) + 5
            if left <= event.x < left + width:
                self.app.switch_mode(entry.name)
            left += width

    def _site(self, snapshot: Snapshot) -> Spans:
        site = snapshot.site
        if site is None:
            return [(" FATE Flow", "primary strong")]
        parties = ", ".join(site.parties) if site.parties else "all parties"
        return [(" FATE Flow", "primary strong"), (f"   {cut(parties, 40)} · {site.name}", "muted")]

    def _tabs(self) -> Spans:
        spans: Spans = [(" ", "")]
        for entry in SCREENS:
            here = entry.name == self._screen_name
            spans.append((f" {entry.key} ", "accent strong" if here else "muted"))
            spans.append((f"{entry.title}  ", "strong underline" if here else "muted"))
        return spans


def connection_words(connection: Connection, since: float) -> Spans:
    """Describe the connection. since: seconds since it changed."""
    match connection.link:
        case Link.CONNECTED:
            return [("● ", "success"), ("connected", "")]
        case Link.STARTING:
            return [("○ starting the scheduler", "warning")]
        case Link.DISCONNECTED:
            left = max(0, round(connection.retry_in - since))
            return [(f"○ reconnecting {f'in {left} s' if left else '…'}", "error strong")]
        case _:
            return [("○ connecting", "warning")]


def counted(snapshot: Snapshot, *, brief: bool = False) -> Spans:
    """Count jobs: `12 jobs · 1 failed`, `200+` if there are older ones; brief: `12 jobs  2▶  1✗`."""
    if not snapshot.ids:
        return []
    more = "" if snapshot.complete else "+"
    spans: Spans = [(f"{len(snapshot.ids)}{more} job{'' if len(snapshot.ids) == 1 and not more else 's'}", "")]
    counts = snapshot.counts()
    counts[Status.WAITING] += counts.pop(Status.READY, 0)
    for status in _COUNTED:
        if counts[status]:
            words = f"{counts[status]}{MARKS[status]}" if brief else f"{counts[status]} {status}"
            spans += [("  " if brief else " · ", "muted"), (words, status)]
    return spans


class ActionBar(ChangedText):
    """The footer, one line of keys; the help lists actions that do not fit. A click runs an action.

    Textual's Footer neither leaves out the less important keys on a narrow terminal nor runs a dimmed action, which
    here shows why it is disabled.
    """

    DEFAULT_CSS = "ActionBar { dock: bottom; height: 1; background: $panel; color: $foreground; }"

    def __init__(self, actions: dict[str, Action], selection: Callable[[], Selection]) -> None:
        super().__init__()
        self._actions = footer_of(actions)
        self._selection = selection
        self._spots: list[tuple[int, int, str]] = []

    def text(self) -> Text:
        styles = self.app.palette  # type: ignore[attr-defined]
        selection = self._selection()
        text = Text(no_wrap=True, overflow="crop", end="")
        text.append(" ")
        actions = self._actions
        last = [action for action in actions if action.footer >= 90]
        width = self.size.width - 1 - sum(len(self._key(action)) + len(action.label) + 3 for action in last)
        self._spots = []
        for action in actions:
            key = self._key(action)
            cells = len(key) + len(action.label) + 3
            if action.footer < 90:
                if cells > width:
                    continue
                width -= cells
            start = text.cell_len
            enabled = not action.disabled_reason(selection)
            text.append(key, styles["accent strong"] if enabled else styles["muted"])
            text.append(f" {action.label}", Style() if enabled else styles["muted"])
            self._spots.append((start, text.cell_len, action.id))
            text.append("  ")
        return text

    def on_click(self, event: events.Click) -> None:
        for start, end, name in self._spots:
            if start <= event.x < end:
                self.run_worker(self.screen.run_action(f"act('{name}')"))

    def _key(self, action: Action) -> str:
        return key_label(keys_of(action, self.app.keymap_of_user)[0])  # type: ignore[attr-defined]
