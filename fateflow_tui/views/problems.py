"""Problems of a job document as styled lines, like a compiler's messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from fateflow_tui.core.cells import Spans, on_one_line, width, wrapped
from fateflow_tui.core.formatting import plural

if TYPE_CHECKING:
    from fateflow_tui.core.document.problems import Problem

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[-+\w.]+')
_MIN_WIDTH: Final = 20  # cells of source, however narrow the terminal is
_NO_TERMINAL: Final = 160  # cells of a source line where no width is given
_INDENT: Final = 4  # of a wrapped message


def problem_lines(problem: Problem, name: str, source: str, *, max_width: int = 0) -> list[Spans]:
    """Return `name:line:column: severity: code: message`, the source line with the spot marked below it, or the path
    where there is no source, and the suggestion.

    name: of the document. source: the line of the problem, see `source_line`. max_width: in cells; 0: do not wrap.
    """
    style = "failed strong" if problem.is_error else "warning strong"
    place = f"{name}:{problem.line}:{problem.column}" if problem.line else name
    text = on_one_line(f": {problem.code}: {problem.message}")
    lines = wrapped([(f"{place}: ", "strong"), (problem.severity, style), (text, "")], max_width, indent=_INDENT)
    if source:
        lines += excerpt(source, problem.line, problem.column, max_width or _NO_TERMINAL, style)
    elif problem.path:
        lines.append([(f"  at {problem.path}", "")])
    if problem.suggestion:
        lines.append([(f"  did you mean {on_one_line(problem.suggestion)}?", "accent")])
    return lines


def problem_counts(errors: int, warnings: int) -> str:
    """Return `1 error, 2 warnings`; '' for none."""
    counts = ((errors, "error"), (warnings, "warning"))
    return ", ".join(plural(count, noun) for count, noun in counts if count)


def source_line(text: str, line: int) -> str:
    """Return a line of a document, counted from 1; '' for a line that it does not have."""
    lines = text.splitlines()
    return lines[line - 1] if 0 < line <= len(lines) else ""


def excerpt(source: str, line: int, column: int, max_width: int, style: str) -> list[Spans]:
    """Return a source line, cut around the spot where it is too long, and a line that marks the word at the spot.

    column: of the spot, from 1. style: of the mark.
    """
    text = on_one_line(source).rstrip()
    gutter, below = f"  {line} | ", f"  {' ' * len(str(line))} | "
    spot = min(max(0, column - 1), len(text))
    start, end = _window(text, spot, max(_MIN_WIDTH, max_width - len(gutter)))
    token = _TOKEN.match(text, spot)
    token_end = min(token.end() if token else spot + 1, end)
    left, right = "…" if start else "", "…" if end < len(text) else ""
    blanks = " " * width(left + text[start:spot])
    mark = "^" + "~" * (width(text[spot:token_end]) - 1)
    return [
        [(gutter, "muted"), (f"{left}{text[start:end]}{right}", "")],
        [(below, "muted"), (blanks, ""), (mark, style)],
    ]


def _window(text: str, spot: int, max_width: int) -> tuple[int, int]:
    """Return start and end of the part of a text to show; up to three quarters of it are before the spot."""
    if width(text) <= max_width:
        return 0, len(text)
    max_width -= 2  # for the ellipses
    before = max_width * 3 // 4
    start = 0 if width(text[:spot]) <= before else spot
    while start and width(text[start - 1 : spot]) <= before:
        start -= 1
    end = spot
    while end < len(text) and width(text[start : end + 1]) <= max_width:
        end += 1
    return start, end
