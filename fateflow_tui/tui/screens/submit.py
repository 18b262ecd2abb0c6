"""Submitting a job: choose two documents, see their problems and the plan, then submit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Button, Input, Static

from fateflow_tui.core.cells import Spans, cut, on_one_line
from fateflow_tui.core.document.problems import Problem
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import plural
from fateflow_tui.tui import drafts
from fateflow_tui.tui.drafts import CONF, DSL, Examples, ExampleTable
from fateflow_tui.tui.screens.dialog import SendDialog
from fateflow_tui.tui.widgets.choices import LineCheckbox
from fateflow_tui.tui.widgets.file_list import FileList
from fateflow_tui.tui.widgets.text_views import Pane, TextView
from fateflow_tui.views.plan import plan_lines
from fateflow_tui.views.problems import problem_lines, source_line
from fateflow_tui.views.text import error_lines

if TYPE_CHECKING:
    from fateflow_tui.tui.dashboard import Dashboard

Document = Path | Mapping[str, Any]

_WIDTHS = [(0, "-narrow"), (110, "-normal")]
_TYPING_PAUSE = 0.35  # seconds without a key after which the paths are checked
_EDIT_INTERVAL = 1.0  # seconds between two checks of whether the files changed


class Draft(msgspec.Struct, frozen=True):
    """A job to submit; a predict job needs no dsl. cli: the command line if the documents are not in files.
    examples: the demo, whose missing tables are uploaded first.
    """

    dsl: Document | None = None
    conf: Document | None = None
    title: str = "Submit a job"
    cli: str = ""
    examples: Examples | None = None

    @property
    def is_complete(self) -> bool:
        return self.conf is not None and (self.dsl is not None or not isinstance(self.conf, Path))


class SubmitRequest(msgspec.Struct, frozen=True):
    """A job to submit."""

    dsl: Document
    conf: Document
    reuse: bool
    cli: str
    examples: Examples | None = None


class SubmitDialog(SendDialog[SubmitRequest]):
    """Lets the user choose and check a DSL and a conf. Choosing a file also chooses the matching one beside it."""

    HORIZONTAL_BREAKPOINTS: ClassVar[list[tuple[int, str]]] = _WIDTHS  # type: ignore[misc]
    SCOPED_CSS = False
    DEFAULT_CSS = """
    SubmitDialog > .box { width: 96%; max-width: 180; height: 94%; max-height: 60; padding: 0 1; }
    SubmitDialog .label { width: 7; color: $muted; }
    SubmitDialog #panes { height: 1fr; }
    SubmitDialog Pane { background: $surface; }
    SubmitDialog #files { width: 2fr; }
    SubmitDialog #check { width: 3fr; }
    SubmitDialog.-narrow #panes { layout: vertical; }
    SubmitDialog.-narrow #files { height: 2fr; width: 1fr; }
    SubmitDialog.-narrow #check { height: 3fr; width: 1fr; }
    SubmitDialog .cli { margin-top: 0; width: 1fr; height: auto; max-height: 2; }
    SubmitDialog #foot LineCheckbox { width: auto; margin-right: 2; }
    SubmitDialog #foot .buttons { width: 1fr; }
    SubmitDialog .buttons { height: 1; margin: 0; }
    SubmitDialog Button { min-width: 10; margin-left: 1; }
    SubmitDialog #foot { height: 1; }
    SubmitDialog .-hidden { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,s", "send", "submit", show=False, id="submit.send", tooltip="Submit the job"),
        Binding("u", "reuse", "reuse", show=False, id="submit.reuse", tooltip="Reuse results of earlier jobs"),
        Binding("d", "demo", "demo", show=False, id="submit.demo", tooltip="Use the documents of the demo job"),
    ]

    def __init__(self, draft: Draft, folder: Path, examples: Examples | None) -> None:
        super().__init__()
        self._draft = draft
        self._folder = folder
        self._examples = examples
        self._stamps: tuple[float, ...] = ()
        self._typing: Timer | None = None
        self._checked: Draft | None = None  # a draft without errors
        self._checking = False
        self._submit_when_checked = False  # submit as soon as the check finds no errors
        self._missing: list[ExampleTable] = []  # tables of the demo to upload first

    @property
    def dash(self) -> Dashboard:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        draft = self._draft
        with Vertical(classes="box") as box:
            box.border_title = Content(draft.title)
            if isinstance(draft.conf, Mapping):
                yield Static("the conf was generated from the version and the tables", classes="label-wide")
            else:
                for kind, document in ((DSL, draft.dsl), (CONF, draft.conf)):
                    with Horizontal(classes="row"):
                        yield Static(kind, classes="label")
                        text = _short_path(document) if isinstance(document, Path) else ""
                        yield Input(text, placeholder="choose a file below, or enter a path", id=kind, compact=True)
            with Horizontal(id="panes"):
                if not isinstance(draft.conf, Mapping):
                    with Pane("Files", id="files"):
                        yield FileList(self._folder, (".json",), drafts.kind_of, id="list")
                with Pane("Check", id="check"):
                    yield TextView()
            yield Static("", classes="cli", markup=False)
            with Horizontal(id="foot"):
                yield LineCheckbox("reuse results", id="reuse")
                yield LineCheckbox("upload its tables", True, id="tables")
                with Horizontal(classes="buttons"):
                    yield Button("submit", id="yes", compact=True)
                    yield Button("cancel", id="no", compact=True)

    def on_mount(self) -> None:
        self._describe()
        if self._draft.is_complete:
            self.query_one("#yes").focus()
        else:
            self.query_one(FileList).focus()
        self.query_one(TextView).show(_hints(self._examples))
        self._check()
        self.set_interval(_EDIT_INTERVAL, self._check_if_edited)

    def on_file_list_picked(self, event: FileList.Picked) -> None:
        path = event.path
        kind = drafts.kind_of(path) or (CONF if self._draft.dsl and not self._draft.conf else DSL)
        other = CONF if kind == DSL else DSL
        chosen: dict[str, Path] = {kind: path}
        twin = drafts.partner_of(path, kind)
        if twin is not None:
            chosen[other] = twin
        self._choose(chosen)
        if self._draft.is_complete:
            self.query_one("#yes").focus()

    def on_file_list_entered(self, event: FileList.Entered) -> None:
        self.query_one("#files", Pane).set_heading(notes=[(cut(_short_path(event.path), 60), "muted")])
        self.dash.layout.set("submit", "folder", str(event.path))

    def on_listing_moved(self) -> None:
        return

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(_TYPING_PAUSE, self._read_paths)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._read_paths()
        self.query_one("#yes").focus()

    def on_checkbox_changed(self, event: LineCheckbox.Changed) -> None:
        self._describe()
        self._check()

    def action_reuse(self) -> None:
        self.query_one("#reuse", LineCheckbox).toggle()

    def action_demo(self) -> None:
        if self._examples is not None and not isinstance(self._draft.conf, Mapping):
            self._choose({DSL: self._examples.dsl, CONF: self._examples.conf})
            self.query_one("#yes").focus()

    def action_send(self) -> None:
        draft = self._draft
        if draft.conf is None or not draft.is_complete:
            missing = "a DSL and a conf" if draft.conf is None else "a DSL"
            self.dash.toast(f"choose {missing} first", title="cannot submit", severity="warning")
            return
        if self._checked != draft:
            self._submit_when_checked = self._checking
            if not self._checking:
                self.query_one("#check", Pane).set_heading(notes=[("✗ not submitted: fix the errors first", "error")])
            return
        examples = draft.examples if self.query_one("#tables", LineCheckbox).value else None
        self.dismiss(SubmitRequest(draft.dsl or {}, draft.conf, self._reuse, self._line(), examples))

    @property
    def _reuse(self) -> bool:
        return self.query_one("#reuse", LineCheckbox).value

    def _line(self) -> str:
        draft = self._draft
        if draft.cli:
            return draft.cli
        named = {kind: _short_path(one) if isinstance(one, Path) else kind.upper() for kind, one in self._documents()}
        reuse = " --reuse" if self._reuse else ""
        return f"fateflow job submit -d {named[DSL]} -c {named[CONF]}{reuse}"

    def _documents(self) -> tuple[tuple[str, Document | None], ...]:
        return ((DSL, self._draft.dsl), (CONF, self._draft.conf))

    def _choose(self, chosen: dict[str, Path]) -> None:
        """Set the chosen documents, by kind."""
        for kind, path in chosen.items():
            box = self.query_one(f"#{kind}", Input)
            with box.prevent(Input.Changed):
                box.value = _short_path(path)
                box.cursor_position = len(box.value)
        self._set(msgspec.structs.replace(self._draft, **chosen))

    def _read_paths(self) -> None:
        found: dict[str, Path | None] = {}
        for kind in (DSL, CONF):
            value = self.query_one(f"#{kind}", Input).value.strip()
            found[kind] = Path(value).expanduser().absolute() if value else None
        self._set(msgspec.structs.replace(self._draft, **found))

    def _set(self, draft: Draft) -> None:
        demo = self._examples if self._examples is not None and draft.dsl == self._examples.dsl else None
        draft = msgspec.structs.replace(draft, examples=demo)
        if draft != self._draft:
            self._draft = draft
            self._check()
        self._describe()

    def _describe(self) -> None:
        self.query_one("#tables", LineCheckbox).set_class(not self._missing, "-hidden")
        self.query_one(".cli", Static).update(f"$ {self._line()}")
        box = self.query_one(".box", Vertical)
        is_free = not isinstance(self._draft.conf, Mapping) and self._draft.examples is None
        demo = "   d demo" if self._examples is not None and is_free else ""
        box.border_subtitle = Content(f"s submit   u reuse{demo}   tab next   esc")

    def _check_if_edited(self) -> None:
        """Check again if a file was edited."""
        if self._stamps != self._times():
            self._check()

    def _times(self) -> tuple[float, ...]:
        times: list[float] = []
        for _, document in self._documents():
            if isinstance(document, Path):
                try:
                    times.append(document.stat().st_mtime)
                except OSError:
                    times.append(0.0)
        return tuple(times)

    def _check(self) -> None:
        self._checked = None
        self._stamps = self._times()
        self._checking, self._submit_when_checked = self._draft.is_complete, False
        if self._draft.is_complete:
            self.run_worker(self._run_check(self._draft), group="check", exclusive=True, exit_on_error=False)

    async def _run_check(self, draft: Draft) -> None:
        pane, reading = self.query_one("#check", Pane), self.query_one("#check", Pane).query_one(TextView)
        pane.set_heading(notes=[("checking …", "muted")])
        jobs = self.dash.store.client.jobs
        dsl, conf = draft.dsl or {}, draft.conf or {}
        try:
            problems = await jobs.lint(dsl, conf) if draft.dsl is not None else []
            errors = [one for one in problems if one.severity == "error"]
            lines = await asyncio.to_thread(_problem_lines, problems, draft, max(30, reading.size.width - 2))
            if not errors:
                self._checked = draft
                try:
                    await self._find_missing_tables(draft)
                    first = self._missing if self.query_one("#tables", LineCheckbox).value else []
                    plan = await jobs.forecast(dsl, conf, self._reuse)
                    lines += plan_lines(plan, uploaded=[one.title for one in first], short=True)
                except FateFlowError as error:  # the job can still be submitted
                    lines += [[("no plan: ", "muted"), (on_one_line(str(error)), "warning")], [(error.hint, "muted")]]
            pane.set_heading(notes=_verdict(len(errors), len(problems) - len(errors)))
        except FateFlowError as error:
            pane.set_heading(notes=[("✗ not checked", "error")])
            lines = error_lines(error)
        reading.show(lines, from_top=True)
        self._checking = False
        if self._submit_when_checked:
            self.action_send()

    async def _find_missing_tables(self, draft: Draft) -> None:
        """Find the tables of the demo that are missing."""
        self._missing = []
        if draft.examples is not None:
            known = await self.dash.store.client.tables()
            self._missing = draft.examples.missing((one.namespace, one.table_name) for one in known)
        self._describe()


async def open_submit(app: Dashboard, draft: Draft, folder: Path | None = None) -> None:
    """Let the user edit and submit a draft, then open its job."""
    request = await app.push_screen_wait(SubmitDialog(draft, folder or app.folder("submit"), app.examples()))
    if request is None:
        return
    if request.examples is not None and not await _uploaded(app, request.examples):
        return
    job = await app.store.client.jobs.submit(request.dsl, request.conf, request.reuse)
    app.toast(f"submitted {job.job_id}", cli=request.cli)
    app.open_job(job.job_id)


async def _uploaded(app: Dashboard, examples: Examples) -> bool:
    """Upload the missing tables of the demo; return whether all exist now."""
    from fateflow_tui.tui.screens.details import FollowDialog

    flow = app.store.client
    known = [(line.namespace, line.table_name) for line in await flow.tables()]
    for table in examples.missing(known):
        job = await flow.data.upload(table.file, table_name=table.name, namespace=table.namespace)
        if not await app.push_screen_wait(FollowDialog(job.job_id, f"Uploading {table.title}")):
            return False
    return True


def _hints(examples: Examples | None) -> list[Spans]:
    """Return the text to show before anything is chosen."""
    demo: list[Spans] = [[("d", "accent strong"), ("          use the documents of the demo job", "muted")]]
    return [
        [("choose a DSL and a conf", "strong")],
        [],
        [("enter", "accent strong"), ("      choose the file, and the matching one beside it", "muted")],
        [("backspace", "accent strong"), ("  go to the parent folder", "muted")],
        *(demo if examples is not None else []),
    ]


def _problem_lines(problems: list[Problem], draft: Draft, width: int) -> list[Spans]:
    sources = {DSL: drafts.source_of(draft.dsl), CONF: drafts.source_of(draft.conf)}
    names = {k: d.name if isinstance(d, Path) else k for k, d in ((DSL, draft.dsl), (CONF, draft.conf))}
    lines: list[Spans] = []
    for one in problems:
        source = source_line(sources.get(one.document, ""), one.line)
        name = names.get(one.document, one.document)
        lines += [*problem_lines(one, name, source, max_width=width), []]
    return lines


def _verdict(errors: int, warnings: int) -> Spans:
    if errors:
        return [(f"✗ {plural(errors, 'error')}", "error")]
    return [(f"! {plural(warnings, 'warning')}", "warning")] if warnings else [("✓ no problems", "accent")]


def _short_path(path: Path) -> str:
    """Shorten a path for display."""
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path != base and path.is_relative_to(base):
            return f"{sign}{path.relative_to(base)}"
    return str(path)
