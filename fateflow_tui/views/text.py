"""Styled lines as text, and the times, sizes and columns that they are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from fateflow_tui.core.cells import Spans, on_one_line, spans_width, wrapped
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.formatting import MARKS, letter

_SGR: Final = {  # style -> SGR numbers
    **{"strong": "1", "title": "2", "muted": "2", "frame": "2", "match": "1;4"},
    **{"accent": "36", "primary": "35", "success": "32", "warning": "33", "error": "31"},
    **{"running": "36", "failed": "31", "timeout": "31", "canceled": "2", "pass": "2", "reused": "34"},
}

Paint = Callable[[str, str], str]
"""A text and SGR numbers become a text."""

DURATION_UNKNOWN: Final = "duration unknown"


def plain(line: Spans) -> str:
    """Return a line as text, without blanks at its end."""
    return "".join(text for text, _ in line).rstrip()


def colored(line: Spans, paint: Paint) -> str:
    """Return a line as text with its styles as colors, without blanks at its end."""
    last = max((number for number, (text, _) in enumerate(line) if text.strip()), default=-1)
    pieces = [*line[:last], *((text.rstrip(), style) for text, style in line[last : last + 1])] if last >= 0 else []
    return "".join(paint(text, numbers) if (numbers := _sgr(style)) else text for text, style in pieces)


def _sgr(style: str) -> str:
    return ";".join(dict.fromkeys(_SGR[name] for name in reversed(style.split()) if name in _SGR))


_UNIT: Final = re.compile(r"(\d) (s|min|h|d|MiB|GiB|cores|core)\b")


def folded(lines: Iterable[Spans], width: int) -> list[Spans]:
    """Wrap lines at so many cells, a figure never apart from its unit; 0: return them as they are."""
    if not width:
        return list(lines)
    joined = ([(_UNIT.sub("\\1\xa0\\2", text), style) for text, style in line] for line in lines)
    pieces = (piece for line in joined for piece in wrapped(line, width))
    return [[(text.replace("\xa0", " "), style) for text, style in piece] for piece in pieces]


def aligned(rows: Iterable[Sequence[Spans]], gap: str = "  ") -> Iterator[Spans]:
    """Join the cells of equally long rows, each padded to the width of its column; the last column is not padded."""
    table = list(rows)
    widths = [max(map(spans_width, column)) for column in zip(*table, strict=True)]
    for row in table:
        line: Spans = []
        for cell, width in zip(row[:-1], widths, strict=False):
            line += [*cell, (" " * (width - spans_width(cell)) + gap, "")]
        yield [*line, *row[-1]]


def error_lines(error: FateFlowError) -> list[Spans]:
    """Return the message of an error, and its hint if it has one."""
    lines: list[Spans] = [[("✗ ", "failed"), (on_one_line(str(error)), "failed")]]
    return [*lines, [(on_one_line(error.hint), "muted")]] if error.hint else lines


def party_marks(statuses: Mapping[str, str]) -> Spans:
    """`G✓ H▶ A·` for statuses by `role:id`; roles with several parties show the id too."""
    spans: Spans = []
    for party, status in statuses.items():
        spans += [(" ", "")] if spans else []
        spans.append((letter(party, statuses) + MARKS.get(status, "?"), status))
    return spans


def clock(ms: int) -> str:
    """Return the local time of day, '' for 0."""
    return f"{datetime.fromtimestamp(ms / 1000):%H:%M:%S}" if ms else ""


def timestamp(ms: int) -> str:
    """Return the local date and time to the second, '' for 0."""
    return f"{datetime.fromtimestamp(ms / 1000):%Y-%m-%d %H:%M:%S}" if ms else ""


def moment(ms: int, now: int) -> str:
    """Return the local time of day for today, with the date for other days; '' for 0."""
    if not ms:
        return ""
    then, today = datetime.fromtimestamp(ms / 1000), datetime.fromtimestamp(now / 1000)
    if then.date() == today.date():
        return f"{then:%H:%M:%S}"
    return f"{then:%d %b %H:%M}" if then.year == today.year else f"{then:%Y-%m-%d}"


def mib(amount: int) -> str:
    """`512 MiB`, `2.1 GiB`; '' where memory is not counted."""
    if not amount:
        return ""
    return f"{amount} MiB" if amount < 1024 else f"{amount / 1024:.1f} GiB"


def path_end(text: str) -> str:
    """Return the file and its folder."""
    return "/".join(text.split("/")[-2:])
