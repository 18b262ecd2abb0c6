"""A list of files to choose from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import msgspec
from textual.binding import Binding, BindingType

from fateflow_tui.core.cells import Spans, on_one_line
from fateflow_tui.core.formatting import byte_count
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.widgets.listing import Listing

_MAX_ENTRIES = 2_000  # entries of a folder to show


class FolderEntry(msgspec.Struct, frozen=True):
    """A file or a folder. kind: what the file is, in a word."""

    path: Path
    is_folder: bool
    size: int = 0
    kind: str = ""

    @property
    def name(self) -> str:
        return f"{self.path.name}/" if self.is_folder else self.path.name


Kind = Callable[[Path], str]


class FileList(Listing[FolderEntry]):
    """Folders first, then the files with one of the suffixes. kind: detects the kind of a file; may read it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "choose", show=False, id="files.choose", tooltip="Choose the file or folder"),
        Binding("backspace,left", "above", "above", show=False, id="files.above", tooltip="Go to the parent folder"),
        Binding("right", "enter_folder", "enter", show=False, id="files.enter", tooltip="Open the folder"),
    ]

    class Picked(Listing.Moved):
        """A file was chosen."""

        def __init__(self, listing: FileList, path: Path) -> None:
            super().__init__(listing)
            self.path = path

    class Entered(Picked):
        """Another folder is shown."""

    def __init__(
        self, folder: Path, suffixes: Sequence[str], kind: Kind | None = None, *, id: str | None = None
    ) -> None:
        columns = _COLUMNS if kind is not None else [one for one in _COLUMNS if one.id != "kind"]
        super().__init__(columns, empty="loading …", id=id)
        self.folder = folder
        self._suffixes = tuple(suffixes)
        self._kind = kind

    def on_mount(self) -> None:
        self.open(self.folder)

    def open(self, folder: Path, cursor: str = "") -> None:
        """Show another folder. cursor: the name of the entry to go to."""
        self.run_worker(self._read(folder, cursor), group="files", exclusive=True, exit_on_error=False)

    def action_choose(self) -> None:
        record = self.record
        if record is None:
            return
        if record.is_folder:
            self.open(record.path)
        else:
            self.post_message(self.Picked(self, record.path))

    def action_enter_folder(self) -> None:
        if self.record is not None and self.record.is_folder:
            self.open(self.record.path)

    def action_above(self) -> None:
        self.open(self.folder.parent, f"{self.folder.name}/")

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        event.stop()
        self.action_choose()

    async def _read(self, folder: Path, cursor: str) -> None:
        try:
            entries = await asyncio.to_thread(entries_of, folder, self._suffixes, self._kind)
        except OSError as error:
            if self.keys:
                self.app.notify(f"cannot read {folder}: {error.strerror}", severity="warning", markup=False)
            else:
                self.empty = f"cannot read {folder}\n{error.strerror}\npress backspace for the parent folder"
                self.folder = folder
                self.refresh()
            return
        self.folder = folder
        self.empty = f"no {', '.join(self._suffixes)} files here\npress backspace for the parent folder"
        self.cursor = ""
        self.scroll_to(y=0, animate=False)
        self.show([entry.name for entry in entries], {entry.name: entry for entry in entries})
        self.move_to(cursor)
        self.post_message(self.Entered(self, folder))


def entries_of(folder: Path, suffixes: Sequence[str], kind: Kind | None) -> list[FolderEntry]:
    """List a folder without hidden entries. Raises OSError."""
    found: list[FolderEntry] = []
    for path in sorted(folder.iterdir(), key=lambda one: one.name.lower())[:_MAX_ENTRIES]:
        if path.name.startswith("."):
            continue
        try:
            is_folder = path.is_dir()
            size = 0 if is_folder else path.stat().st_size
        except OSError:
            continue
        if is_folder or path.name.lower().endswith(tuple(suffixes)):
            found.append(FolderEntry(path, is_folder, size, "" if is_folder or kind is None else kind(path)))
    return sorted(found, key=lambda entry: not entry.is_folder)


def _size(entry: FolderEntry, width: int) -> Spans:
    return [("" if entry.is_folder else byte_count(entry.size), "muted")]


_COLUMNS = (
    Column[FolderEntry](
        "name", "NAME", lambda e, width: [(on_one_line(e.name), "primary" if e.is_folder else "")], 12, rank=0
    ),
    Column[FolderEntry]("kind", "FOR", lambda e, width: [(e.kind, "accent")], 4, 5, rank=1),
    Column[FolderEntry]("size", "SIZE", _size, 8, 8, rank=2, right=True),
)
