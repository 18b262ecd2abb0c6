"""The history tab: the events of the job or the component, in order, with a filter."""

from __future__ import annotations

from typing import Any, Final

from textual.app import ComposeResult
from textual.widgets import Input

from fateflow_tui.core.cells import Spans
from fateflow_tui.core.records import StoryEntry
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.job_filter import Subject
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.views.history import event_subject, event_text, event_time

COLUMNS: Final[tuple[Column[StoryEntry], ...]] = (
    Column("at", "TIME", lambda entry, width: [(event_time(entry, short=width < 12), "muted")], 8, 12),
    Column("who", "SOURCE", lambda entry, width: event_subject(entry), 14, 28, 2),
    Column("what", "EVENT", lambda entry, width: event_text(entry), 20),
)


def searched_text(entry: StoryEntry) -> str:
    """Return the text that the filter searches."""
    return f"{entry.component} {entry.party} {entry.what} {''.join(text for text, _ in event_text(entry))}".lower()


class HistoryTab(JobTab):
    """Follows the newest event while the cursor is on the last one."""

    DEFAULT_CSS = """
    HistoryTab Input { height: 1; border: none; padding: 0; background: $panel; display: none; }
    HistoryTab.-filtering Input { display: block; }
    """

    def __init__(self) -> None:
        super().__init__("history")
        self._entries: list[StoryEntry] = []
        self._words: list[str] = []
        self._shown: object = None

    def compose(self) -> ComposeResult:
        yield Input(placeholder="words", compact=True)
        yield Listing(COLUMNS, empty="no events yet")

    @property
    def listing(self) -> Listing[StoryEntry]:
        return self.query_one(Listing)

    @property
    def target(self) -> Listing[StoryEntry]:
        return self.listing

    def wanted(self, subject: Subject) -> Any:
        view = subject.view
        statuses = tuple((one.version, *one.parties.values()) for one in view.components)
        return view.job_id, subject.component, (view.status, view.waiting, view.reruns, statuses)

    def forget(self) -> None:
        self._entries = []

    async def read(self, subject: Subject) -> None:
        self._entries = await self.flow.jobs.story(subject.job_id, subject.component)

    def draw(self) -> None:
        lines = self.placeholder() if not self._entries else []
        self.listing.empty = "\n".join("".join(text for text, _ in line) for line in lines) or "no events yet"
        found = [one for one in self._entries if all(word in searched_text(one) for word in self._words)]
        shown = (found, self.listing.empty)
        if shown == self._shown:
            return
        self._shown = shown
        at_end = self.listing.row in (-1, len(self.listing.keys) - 1)
        records = {str(number): entry for number, entry in enumerate(found)}
        self.listing.show(list(records), records)
        if at_end:
            self.listing.action_end(True)

    def notes(self) -> Spans:
        words = [(f"/ {' '.join(self._words)} ", "accent")] if self._words else []
        return [*words, (f"{len(self.listing.keys)} of {len(self._entries)}", "muted")]

    def find(self) -> None:
        self.add_class("-filtering")
        self.query_one(Input).focus()

    def back(self) -> bool:
        """Clear the filter; return whether there was one."""
        if not (self._words or self.has_class("-filtering")):
            return False
        self.query_one(Input).value = ""
        self.remove_class("-filtering")
        self.listing.focus()
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._words = event.value.lower().split()
        self.draw()
        self.post_message(self.NotesChanged())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.remove_class("-filtering")
        self.listing.focus()
