"""The dialog that uploads a file as a table."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, Input, Static

from fateflow_tui.core.cells import Spans, cut, on_one_line
from fateflow_tui.tui.screens.dialog import SendDialog
from fateflow_tui.tui.widgets.choices import LineCheckbox
from fateflow_tui.tui.widgets.file_list import FileList
from fateflow_tui.tui.widgets.text_views import Pane, TextLines

_SUFFIXES = (".csv", ".tsv", ".txt", ".data")
_LINES = 4  # lines of the file to show
_PEEKED = 8_192  # bytes of the file to read for that


class FileUpload(msgspec.Struct, frozen=True):
    """A file to upload. cli: the equivalent command line."""

    file: Path
    namespace: str
    name: str
    delimiter: str
    partitions: int
    head: bool
    drop: bool
    cli: str


class UploadDialog(SendDialog[FileUpload]):
    """Choosing a file proposes the table's name and the delimiter."""

    DEFAULT_CSS = """
    UploadDialog > .box { width: 96%; max-width: 120; height: 94%; max-height: 44; padding: 0 1; }
    UploadDialog .label { width: 11; color: $muted; }
    UploadDialog .row .second { margin-left: 2; }
    UploadDialog #files { height: 1fr; background: $surface; }
    UploadDialog #start { height: 4; }
    UploadDialog #problem { color: $warning; height: 1; }
    UploadDialog .cli { margin-top: 0; }
    UploadDialog .buttons { margin: 0; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "send", "upload", show=False, id="upload.send", tooltip="Upload the file")
    ]

    def __init__(self, folder: Path, namespace: str) -> None:
        super().__init__()
        self._folder, self._namespace = folder, namespace

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = "Upload a table"
            box.border_subtitle = "enter choose   ^s upload   tab next   esc"
            with Pane("Files", id="files"):
                yield FileList(self._folder, _SUFFIXES, id="list")
            yield TextLines(id="start")
            with Horizontal(classes="row"):
                yield Static("file", classes="label")
                yield Input("", placeholder="choose a file above, or enter a path", id="file", compact=True)
            with Horizontal(classes="row"):
                yield Static("namespace", classes="label")
                yield Input(self._namespace, id="namespace", compact=True)
                yield Static("name", classes="label second")
                yield Input("", id="name", compact=True)
            with Horizontal(classes="row"):
                yield Static("delimiter", classes="label")
                yield Input(",", id="delimiter", compact=True)
                yield Static("partitions", classes="label second")
                yield Input("4", id="partitions", type="integer", compact=True)
            with Horizontal(classes="row"):
                yield LineCheckbox("first line names the columns", True, id="head")
                yield LineCheckbox("replace an existing table", False, id="drop", classes="second")
            yield Static("", id="problem", markup=False)
            yield Static("", classes="cli", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("upload", id="yes", compact=True)
                yield Button("cancel", id="no", compact=True)

    def on_mount(self) -> None:
        self.query_one(FileList).focus()
        self.query_one(TextLines).show([[("choose a file to see its first lines", "muted")]])
        self._describe()

    async def on_file_list_picked(self, event: FileList.Picked) -> None:
        path = event.path
        self.query_one("#file", Input).value = str(path)
        self.query_one("#name", Input).value = path.stem
        first = await asyncio.to_thread(_first_lines, path)
        delimiter = _delimiter(path, first[0] if first else "")
        self.query_one("#delimiter", Input).value = {"\t": "\\t"}.get(delimiter, delimiter)
        self.query_one(TextLines).show(
            [_numbered(number, line, self.query_one(TextLines).size.width) for number, line in enumerate(first, 1)]
        )
        self.query_one("#name", Input).focus()

    def on_file_list_entered(self, event: FileList.Entered) -> None:
        self.query_one("#files", Pane).set_heading(notes=[(str(event.path), "muted")])

    def on_listing_moved(self) -> None:
        return

    def on_input_changed(self, event: Input.Changed) -> None:
        self._describe()

    def on_checkbox_changed(self, event: LineCheckbox.Changed) -> None:
        self._describe()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.action_send()

    def action_send(self) -> None:
        problem = self._problem()
        if problem:
            self.query_one("#problem", Static).update(f"✗ {problem}")
        else:
            self.dismiss(self._upload())

    def _text(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    def _problem(self) -> str:
        file = Path(self._text("file")).expanduser()
        if not self._text("file") or not file.is_file():
            return f"no such file: {self._text('file')}" if self._text("file") else "choose a file"
        missing = next((name for name in ("namespace", "name", "delimiter") if not self._text(name)), "")
        if missing:
            return f"enter the {missing}"
        count = self._text("partitions")
        return "" if count.isdigit() and 0 < int(count) <= 1024 else "partitions must be between 1 and 1024"

    def _upload(self) -> FileUpload:
        count, delimiter = self._text("partitions"), self._text("delimiter")
        head, drop = self.query_one("#head", LineCheckbox).value, self.query_one("#drop", LineCheckbox).value
        file, namespace, name = self._text("file"), self._text("namespace"), self._text("name")
        more = f" --partition {count}" if count not in ("4", "") else ""
        more += f" --id-delimiter '{delimiter}'" if delimiter not in (",", "") else ""
        more += ("" if head else " --no-head") + (" --drop" if drop else "")
        table = f"--namespace {namespace or 'NAMESPACE'} --name {name or 'NAME'}"
        cli = f"fateflow data upload {file or 'FILE'} {table}{more}"
        sign = "\t" if delimiter == "\\t" else delimiter
        partitions = int(count) if count.isdigit() else 4
        return FileUpload(Path(file).expanduser(), namespace, name, sign, partitions, head, drop, cli)

    def _describe(self) -> None:
        self.query_one("#problem", Static).update("")
        self.query_one(".cli", Static).update(f"$ {self._upload().cli}")


def _first_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            return file.read(_PEEKED).decode("utf-8", errors="replace").splitlines()[:_LINES]
    except OSError:
        return []


def _delimiter(path: Path, line: str) -> str:
    """Return the most frequent delimiter of the first line."""
    if path.suffix == ".tsv":
        return "\t"
    best = max(",\t;|", key=line.count)
    return best if line.count(best) else ","


def _numbered(number: int, line: str, width: int) -> Spans:
    return [(f"{number} ", "muted"), (cut(on_one_line(line), max(10, width - 2)), "strong" if number == 1 else "")]
