"""Job documents as files, and the demo job: which is which, what belongs together, what is wrong where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from fateflow_tui.core.cells import Spans, cut, on_one_line, width
from fateflow_tui.sdk.types.jobs import Problem


class ExampleTable(msgspec.Struct, frozen=True):
    """A table of the demo, and the file that it is made of."""

    file: Path
    namespace: str
    name: str

    @property
    def title(self) -> str:
        return f"{self.namespace}.{self.name}"


class Examples(msgspec.Struct, frozen=True):
    """Where the demo's documents and tables lie."""

    dsl: Path
    conf: Path
    tables: tuple[ExampleTable, ...]

    def missing(self, known: Iterable[tuple[str, str]]) -> list[ExampleTable]:
        """Of its tables those that are not among the known ones, which are (namespace, name)."""
        there = set(known)
        return [table for table in self.tables if (table.namespace, table.name) not in there]


def examples_in(folder: Path) -> Examples | None:
    """The demo as `fateflow demo` has it; None where its files are not."""
    tables = tuple(
        ExampleTable(folder / "data" / f"{party}.csv", "demo", f"breast_{party}") for party in ("guest", "host")
    )
    found = Examples(folder / "hetero_lr_dsl.json", folder / "hetero_lr_conf.json", tables)
    files = (found.dsl, found.conf, *(table.file for table in tables))
    return found if all(file.is_file() for file in files) else None


DSL: Final = "dsl"
CONF: Final = "conf"
_PEEKED: Final = 64_000  # bytes of a file that are looked at to see what it is
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[-+\w.]+')
_CONF_MEMBERS: Final = re.compile(rb'"(initiator|role|job_parameters|component_parameters|dsl_version)"\s*:')
_DSL_MEMBERS: Final = re.compile(rb'"components"\s*:')


def kind_of(path: Path) -> str:
    """`dsl`, `conf` or '': by the name, else by the content."""
    words = re.split(r"[^a-z]+", path.stem.lower())
    for kind in (DSL, CONF):
        if kind in words:
            return kind
    try:
        with path.open("rb") as file:
            start = file.read(_PEEKED)
    except OSError:
        return ""
    if _CONF_MEMBERS.search(start):
        return CONF
    return DSL if _DSL_MEMBERS.search(start) else ""


def partner_of(path: Path, kind: str) -> Path | None:
    """The other document that lies beside it: `x_conf.json` of `x_dsl.json`, or the only one of its kind."""
    other = CONF if kind == DSL else DSL
    twin = path.with_name(path.name.replace(kind, other))
    if twin != path and twin.is_file():
        return twin
    try:
        fitting = [one for one in path.parent.glob("*.json") if one != path and kind_of(one) == other]
    except OSError:
        return None
    return fitting[0] if len(fitting) == 1 else None


def problem_lines(problem: Problem, source: str, name: str, room: int) -> list[Spans]:
    """`file:line:column`, what is wrong, the line with a mark below the spot, what was probably meant."""
    style = "failed" if problem.severity == "error" else "warning"
    place = f"{name}:{problem.line}:{problem.column}" if problem.line else f"{name} {problem.path}"
    glyph = "✗" if problem.severity == "error" else "!"
    lines: list[Spans] = [[(f"{glyph} ", style), (place, "strong"), (f"  {problem.severity}", style)]]
    lines.append([("  ", ""), (on_one_line(problem.message), "")])
    rows = source.splitlines()
    if problem.line and problem.line <= len(rows):
        lines += _excerpt(rows[problem.line - 1], problem.line, problem.column, room, style)
    if problem.suggestion:
        lines.append([("  did you mean ", "muted"), (on_one_line(problem.suggestion), "success"), ("?", "muted")])
    return [*lines, []]


def source_of(document: Any) -> str:
    """The text of a document that is a file; '' for others, whose problems have no lines."""
    if not isinstance(document, Path):
        return ""
    try:
        return document.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _excerpt(text: str, line: int, column: int, room: int, style: str) -> list[Spans]:
    text = on_one_line(text).rstrip()
    gutter = f"  {line} │ "
    space = max(16, room - width(gutter) - 1)
    spot = min(max(0, column - 1), len(text))
    start = 0
    if width(text) > space and width(text[:spot]) > space * 2 // 3:
        start = spot
        while start and width(text[start - 1 : spot]) <= space // 2:
            start -= 1
    shown = ("…" if start else "") + text[start:]
    found = _TOKEN.match(text, spot)
    blanks = width(("…" if start else "") + text[start:spot])
    long = min(width(text[spot : found.end() if found else spot + 1]), max(1, space - blanks))
    mark = "^" + "~" * (long - 1)
    below = " " * (len(gutter) - 2) + "│ "
    return [[(gutter, "muted"), (cut(shown, space), "")], [(below, "muted"), (" " * blanks, ""), (mark, style)]]
