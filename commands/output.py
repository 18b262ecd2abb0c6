"""The only place that prints: data on stdout in the requested format, messages on stderr."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from fateflow_tui.core.cells import Spans, clean, cut, width
from fateflow_tui.core.errors import BadRequest, FateFlowError
from fateflow_tui.core.formatting import marked
from fateflow_tui.views.text import colored

COLORS: Final = {
    "running": "36",
    "success": "32",
    "failed": "31",
    "canceled": "2",
    "timeout": "31",
    "pass": "2",
    "reused": "34",
    "valid": "32",
    "corrupt": "31",
}

_MIN_WIDTH: Final = 8  # below which no column is shortened
_NUMERIC: Final = re.compile(r"[-0-9.:%+ ]*")
_PLAIN: Final = re.compile(r"[A-Za-z_/][\w./@+-]*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def cell(value: Any) -> str:
    """Return a value as text on one line."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value).replace("\n", " ").replace("\t", " ")
    return clean(json.dumps(value, ensure_ascii=False, default=str))


def columns(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """Pad the cells of equally long rows to the widths of their columns; the last column is not padded."""
    table = [list(row) for row in rows]
    widths = [max(map(width, column)) for column in zip(*table, strict=True)]
    return [[*(text + " " * (widths[i] - width(text)) for i, text in enumerate(row[:-1])), row[-1]] for row in table]


def fitted(rows: Iterable[Sequence[str]], limit: int) -> list[str]:
    """Return equally long rows as lines of at most `limit` characters; columns that do not fit are replaced by `…`."""
    padded = columns(rows)
    used, kept = 0, 0
    for text in padded[0] if padded else ():
        used += width(text) + 2
        if kept and used + 1 > limit:
            break
        kept += 1
    rest = [] if not padded or kept == len(padded[0]) else ["…"]
    return ["  ".join([*line[:kept], *rest]).rstrip() for line in padded]


def narrowed(rows: list[list[str]], limit: int) -> list[list[str]]:
    """Shorten the cells of equally long rows, titles first, to fit `limit` characters when joined by two blanks.

    The widest column of words is shortened first; ids, numbers and times are never shortened.
    """
    table = list(zip(*rows, strict=True))
    widths = [max(map(width, column)) for column in table]
    shrinkable = [i for i, column in enumerate(table) if not all(map(_NUMERIC.fullmatch, column[1:]))]
    while shrinkable and sum(widths) + 2 * (len(widths) - 1) > limit:
        widest = max(shrinkable, key=lambda i: widths[i])
        if widths[widest] <= _MIN_WIDTH:
            break
        widths[widest] -= 1
    return [[cut(text, width) for text, width in zip(row, widths, strict=True)] for row in rows]


def number(value: Any) -> str:
    """Return a number with at most six significant digits."""
    return f"{value:.6g}" if isinstance(value, float) else cell(value)


def yaml(value: Any) -> str:
    """Return JSON-like data as block YAML."""
    return "\n".join(_yaml_lines(value)) + "\n"


def _yaml_lines(value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        lines: list[str] = []
        for key, member in value.items():
            nested = _yaml_lines(member)
            if isinstance(member, dict | list) and member:
                lines += [f"{_scalar(str(key))}:", *(f"  {line}" for line in nested)]
            else:
                lines.append(f"{_scalar(str(key))}: {nested[0]}")
        return lines
    if isinstance(value, list) and value:
        lines = []
        for member in value:
            first, *rest = _yaml_lines(member)
            lines += [f"- {first}", *(f"  {line}" for line in rest)]
        return lines
    return [_scalar(value)]


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    # JSON is valid YAML.
    return json.dumps(value, ensure_ascii=False)


_MARKED: Final = re.compile(rf"^(\s*)(\S ({'|'.join(COLORS)}))\b")


class Format(StrEnum):
    """Formats of data on stdout."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"
    CSV = "csv"
    NAME = "name"
    FATE = "fate"  # the envelope of FATE-Flow: retcode, retmsg, data


class PipeClosed(Exception):
    """The reader of stdout is gone."""


class Output:
    """Writes data in one format. quiet: print no info messages. Colors only on a terminal, and not with NO_COLOR."""

    def __init__(self, format: Format = Format.TABLE, *, quiet: bool = False) -> None:
        self.format = format
        self.quiet = quiet

    @property
    def is_table(self) -> bool:
        return self.format is Format.TABLE

    @property
    def width(self) -> int:
        """Width of the terminal; $COLUMNS, or 80 without a terminal."""
        return shutil.get_terminal_size().columns

    def listing(
        self,
        records: Sequence[Any],
        titles: Sequence[str],
        row: Callable[[Any], Sequence[str]],
        name: Callable[[Any], str],
        *,
        empty: str = "",
    ) -> None:
        """Print records as a table of `row`s, or as they are. empty: printed on stderr when there are none.

        On a terminal the table is shortened to its width. Without titles, CSV has the members of the records.
        """
        match self.format:
            case Format.TABLE if records:
                table = [list(titles), *([cell(text) for text in row(record)] for record in records)]
                lines = columns(narrowed(table, self.width) if sys.stdout.isatty() else table)
                self.lines("  ".join(map(_colored_cell, line)).rstrip() for line in lines)
            case Format.TABLE if empty:
                self.info(empty)
            case Format.NAME:
                self.lines(clean(name(record)) for record in records)
            case Format.JSONL:
                self.lines(_compact(record) for record in records)
            case Format.CSV:
                self._csv(records, titles, row)
            case Format.JSON | Format.YAML | Format.FATE:
                self._document([msgspec.to_builtins(record) for record in records])

    def record(self, record: Any, text: Callable[[Any], Iterable[str]], name: Callable[[Any], str]) -> None:
        """Print one record as the lines of `text`, or as it is."""
        match self.format:
            case Format.TABLE:
                self.marked(text(record))
            case Format.NAME:
                self.lines([clean(name(record))])
            case Format.JSONL:
                self.lines([_compact(record)])
            case Format.CSV:
                self._csv([record], (), lambda _: ())
            case Format.JSON | Format.YAML | Format.FATE:
                self._document(msgspec.to_builtins(record))

    def facts(self, rows: Sequence[Sequence[str]]) -> None:
        """Print names and values, one pair a line; on a terminal long values are wrapped in their column."""
        padded = columns([*row] for row in rows)
        for name, value in padded:
            pieces = [value]
            if sys.stdout.isatty() and value:
                pieces = textwrap.wrap(value, max(20, self.width - width(name) - 2)) or [value]
            self.lines(f"{name if not i else ' ' * width(name)}  {piece}".rstrip() for i, piece in enumerate(pieces))

    def answer(self, envelope: dict[str, Any], name: str = "") -> None:
        """Print what an answer of FATE-Flow contains; `-o fate` prints the answer itself."""
        if self.format is Format.FATE:
            self.envelope(envelope)
            return
        data, name = answer_data(envelope), name or str(envelope.get("jobId", ""))
        if isinstance(data, list) and self.format is not Format.NAME:
            self.listing(data, (), lambda _: (), lambda _: name)
        else:
            self.record(data, lambda _: (), lambda _: name)

    def done(self, text: str, **facts: Any) -> None:
        """Report an action without a result: a message, and for programs a record of what it was applied to."""
        self.info(text)
        if self.format not in (Format.TABLE, Format.NAME):
            self.record(facts, lambda _: (), lambda _: "")

    def envelope(self, envelope: dict[str, Any]) -> None:
        """Print an answer of FATE-Flow as FATE's client does: indented, then an empty line."""
        self.write(json.dumps(envelope, indent=4, ensure_ascii=False) + "\n\n")

    def marked(self, lines: Iterable[str]) -> None:
        """Print lines, and color the status that a line begins with."""
        self.lines(
            _MARKED.sub(lambda found: f"{found[1]}{painted(found[2], COLORS[found[3]])}", line) for line in lines
        )

    def lines(self, lines: Iterable[str]) -> None:
        """Print lines, flushing each of them."""
        for line in lines:
            self.write(line + "\n")

    def write(self, text: str) -> None:
        """Write to stdout. Raises PipeClosed, and FateFlowError when stdout cannot be written to."""
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            # Keep the interpreter from writing the buffered rest again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if isinstance(error, BrokenPipeError):
                raise PipeClosed from None
            raise FateFlowError(f"cannot write to stdout: {error.strerror}") from error

    def info(self, text: str) -> None:
        """Print a message on stderr, unless `--quiet` was given."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Print a message on stderr, also with `--quiet`."""
        try:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()
        except BrokenPipeError:
            raise PipeClosed from None

    def _document(self, value: Any) -> None:
        if self.format is Format.YAML:
            self.write(yaml(value))
        elif self.format is Format.FATE:
            self.envelope({"retcode": 0, "retmsg": "success", "data": value})
        else:
            self.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")

    def _csv(self, records: Sequence[Any], titles: Sequence[str], row: Callable[[Any], Sequence[str]]) -> None:
        """Print a line with the titles and one for each record. Nothing is shortened; statuses have no marks."""
        if titles:
            rows = [[_without_mark(cell(text)) for text in row(record)] for record in records]
        else:
            members = [_members(record) for record in records]
            titles = list(dict.fromkeys(name for one in members for name in one))
            rows = [[cell(one.get(name)) for name in titles] for one in members]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([titles, *rows] if titles else [])
        self.write(text.getvalue())


def answer_data(envelope: dict[str, Any]) -> Any:
    """Return what an answer of FATE-Flow contains: its `data`, a list or an object, with the members beside it."""
    data = envelope.get("data")
    beside = {name: value for name, value in envelope.items() if name not in ("retcode", "retmsg", "data", "error")}
    if "jobId" in beside:
        beside["job_id"] = beside.pop("jobId")
    if data is None or isinstance(data, dict):
        return {**(data or {}), **beside}
    return data if isinstance(data, list) and not beside else {"result": data, **beside}


def format_of(word: str | None, *, as_json: bool) -> Format:
    """Return the requested format. Raises BadRequest for an unknown one."""
    if as_json or not word:
        return Format.JSON if as_json else Format.TABLE
    try:
        return Format(word)
    except ValueError:
        raise BadRequest(f"unknown output format {word!r}", hint=f"expected one of {', '.join(Format)}") from None


def has_colors(stream: Any) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, color: str, stream: Any = None) -> str:
    """Return the text in an ANSI color if the stream shows colors. color: SGR numbers, for example `1;31`."""
    return f"\x1b[{color}m{text}\x1b[0m" if color and has_colors(stream or sys.stdout) else text


def styled(lines: Iterable[Spans], stream: Any = None) -> Iterator[str]:
    """Yield styled lines as text, with colors if the stream shows them. stream: stdout by default."""
    return (colored(line, lambda word, color: painted(word, color, stream)) for line in lines)


def _colored_cell(text: str) -> str:
    words = text.split()
    return painted(text, COLORS.get(words[1], "")) if len(words) == 2 and len(words[0]) == 1 else text


def _members(record: Any) -> dict[str, Any]:
    found = msgspec.to_builtins(record)
    return found if isinstance(found, dict) else {"value": found}


def _without_mark(text: str) -> str:
    word = text[2:]
    return word if text == marked(word) else text


def _compact(record: Any) -> str:
    return json.dumps(msgspec.to_builtins(record), ensure_ascii=False, separators=(",", ":"))
