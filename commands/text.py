"""Lines of text as the command line writes them: columns, cells, YAML; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from fateflow_tui.text.places import clean, cut, width
from fateflow_tui.text.statuses import MARKS, letter

COLORS: Final = {
    "running": "36",
    "success": "32",
    "failed": "31",
    "canceled": "33",
    "timeout": "31",
    "pass": "2",
    "reused": "34",
    "sound": "32",
    "flawed": "31",
}

_NARROWEST: Final = 8  # columns to which a column is cut at most
_FIGURES: Final = re.compile(r"[-0-9.:%+ ]*")
_PLAIN: Final = re.compile(r"[A-Za-z_/][\w./@+-]*")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def cell(value: Any) -> str:
    """One value on one line."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value).replace("\n", " ").replace("\t", " ")
    return clean(json.dumps(value, ensure_ascii=False, default=str))


def columns(rows: Iterable[Sequence[str]]) -> list[list[str]]:
    """Rows of the same length, their cells padded to the width of the column; the last column is not padded."""
    table = [list(row) for row in rows]
    widths = [max(map(width, column)) for column in zip(*table, strict=True)]
    return [[*(text + " " * (widths[i] - width(text)) for i, text in enumerate(row[:-1])), row[-1]] for row in table]


def fitted(rows: Iterable[Sequence[str]], limit: int) -> list[str]:
    """Rows of the same length as lines of at most `limit` columns; columns that do not fit give way to `…`."""
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
    """Rows of the same length, titles first, cut to fit `limit` columns when joined by two blanks. The widest column of
    words gives way; ids, figures and times stay whole.
    """
    table = list(zip(*rows, strict=True))
    widths = [max(map(width, column)) for column in table]
    soft = [i for i, column in enumerate(table) if not all(map(_FIGURES.fullmatch, column[1:]))]
    while soft and sum(widths) + 2 * (len(widths) - 1) > limit:
        widest = max(soft, key=lambda i: widths[i])
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    return [[cut(text, room) for text, room in zip(row, widths, strict=True)] for row in rows]


def party_marks(statuses: dict[str, str]) -> str:
    """`G✓ H▶ A·` for parties by `role:id`; roles with several parties show the id too."""
    return " ".join(letter(party, statuses) + MARKS.get(status, "?") for party, status in statuses.items())


def moment(ms: int) -> str:
    """Local time to the second, '' for none."""
    return f"{datetime.fromtimestamp(ms / 1000):%Y-%m-%d %H:%M:%S}" if ms else ""


def number(value: Any) -> str:
    """A figure as people read it: six places, no needless zeros."""
    return f"{value:.6g}" if isinstance(value, float) else cell(value)


def yaml(value: Any) -> str:
    """JSON-able data as block YAML."""
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
    # A JSON text is a YAML text.
    return json.dumps(value, ensure_ascii=False)
