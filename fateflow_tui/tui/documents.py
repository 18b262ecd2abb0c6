"""JSON values as coloured lines and as rows of a tree; pure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from fateflow_tui.text.places import on_one_line, padded
from fateflow_tui.text.spans import Spans

_KEY: Final = re.compile(r'^(\s*)("(?:[^"\\]|\\.)*")(: )(.*)$')
_MOST: Final = 5_000  # lines of a document that are shown


def json_lines(value: Any) -> list[Spans]:
    """As it would be written in a file: keys, texts and numbers told apart."""
    lines: list[Spans] = []
    written = _written(value, 0).split("\n")
    for line in written[:_MOST]:
        found = _KEY.match(line)
        if found is None:
            lines.append([(on_one_line(line), _style(line.strip()))])
            continue
        indent, key, colon, rest = found.groups()
        lines.append([(indent, ""), (on_one_line(key), "primary"), (colon, "muted"), (on_one_line(rest), _style(rest))])
    if len(written) > _MOST:
        lines.append([(f"and {len(written) - _MOST:,} lines more", "muted")])
    return lines


def _written(value: Any, indent: int) -> str:
    """JSON with lists of plain values, and what is empty, on one line."""
    if _plain(value) or not value:
        return json.dumps(value, ensure_ascii=False)
    blank = "  " * (indent + 1)
    if isinstance(value, list):
        inner = [f"{blank}{_written(one, indent + 1)}" for one in value]
        return "[\n" + ",\n".join(inner) + "\n" + "  " * indent + "]"
    inner = [f"{blank}{json.dumps(key, ensure_ascii=False)}: {_written(one, indent + 1)}" for key, one in value.items()]
    return "{\n" + ",\n".join(inner) + "\n" + "  " * indent + "}"


def short(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def tree_lines(value: Any, indent: int = 0, *, most: int = 200) -> list[Spans]:
    """An object as an indented tree: names aligned, lists of plain values on one line."""
    if not isinstance(value, dict):
        return [[(f"{'  ' * indent}{short(value)}", "")]]
    lines: list[Spans] = []
    room = min(32, max((len(str(key)) for key, member in value.items() if _plain(member)), default=0))
    for number, (key, member) in enumerate(value.items()):
        if number >= most:
            lines.append([(f"{'  ' * indent}… and {len(value) - most:,} more", "muted")])
            break
        if _plain(member):
            name = padded(str(key), max(room, len(str(key))))
            lines.append([("  " * indent, ""), (f"{name}  ", "muted"), (on_one_line(short(member)), "")])
        else:
            count = f"  {len(member)}" if member else "  –"
            lines.append([("  " * indent, ""), (f"▾ {key}", "primary"), (count, "muted")])
            below = member if isinstance(member, dict) else {str(place): one for place, one in enumerate(member)}
            lines += tree_lines(below, indent + 1, most=most)
    return lines


def _plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(not isinstance(one, dict | list) for one in value)
    return not isinstance(value, dict)


def _style(text: str) -> str:
    if text.startswith('"'):
        return "success"
    return "muted" if text[:1] in "{}[]," else "accent"
