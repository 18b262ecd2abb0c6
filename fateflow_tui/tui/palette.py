"""The command palette: actions with their command lines, jobs by id, themes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.command import DiscoveryHit, Hit, Hits, Provider

from fateflow_tui.core.formatting import marked
from fateflow_tui.tui.actions import Action, key_label, keys_of
from fateflow_tui.tui.screens.dash_screen import DashScreen

if TYPE_CHECKING:
    from fateflow_tui.tui.dashboard import Dashboard

_MAX_RESULTS = 30  # jobs in the results


class Actions(Provider):
    """All actions of the screen; disabled ones say why."""

    async def discover(self) -> Hits:
        for action, text, about in self._entries():
            yield DiscoveryHit(text, partial(self._act, action), text, about)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action, text, about in self._entries():
            score = matcher.match(f"{text} {action.id} {about}")
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(self._act, action), text, about)

    def _entries(self) -> list[tuple[Action, str, str]]:
        screen = self.screen
        if not isinstance(screen, DashScreen):
            return []
        selection, keymap = screen.selection(), screen.dash.keymap_of_user
        entries = []
        for action in screen.actions.values():
            reason = action.disabled_reason(selection)
            cli = action.command(selection)
            pressed = key_label(keys_of(action, keymap)[0])
            about = f"disabled: {reason}" if reason else f"$ {cli}" if cli else f"press {pressed}"
            entries.append((action, f"{action.label}: {action.tooltip}", about))
        return entries

    def _act(self, action: Action) -> None:
        if isinstance(self.screen, DashScreen):
            self.screen.action_act(action.id)


class KnownJobs(Provider):
    """Jobs by id or name; the chosen one is opened."""

    async def search(self, query: str) -> Hits:
        app: Dashboard = self.app  # type: ignore[assignment]
        matcher, shown = self.matcher(query), 0
        for job_id in app.store.snapshot.ids:
            line = app.store.snapshot.lines[job_id]
            text = f"{job_id} {marked(line.status)} {line.name}".rstrip()
            score = 1.0 if query in job_id else matcher.match(text)
            if score > 0 and shown < _MAX_RESULTS:
                shown += 1
                yield Hit(score, text, partial(app.open_job, job_id), text, f"$ fateflow job show {job_id}")


class Themes(Provider):
    """Themes by name."""

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name in sorted(self.app.available_themes):
            text = f"theme: {name}"
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(setattr, self.app, "theme", name), text)
