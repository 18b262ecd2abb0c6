"""Job documents from files, and their problems shown the way a compiler shows them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import Any, Final

from fateflow_tui.commands.output import painted
from fateflow_tui.core.cells import clean, width
from fateflow_tui.core.errors import BadDocument, BadRequest

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[-+\w.]+')
_LEFT: Final = 3  # the spot stands behind this part of the window, in quarters


def excerpt(source: str, line: int, column: int, columns: int) -> tuple[str, str, str]:
    """The line as it is shown, the blanks below it up to the spot, and the mark: `^` and `~` below the rest of the word
    that begins there. column: of the spot, from 1 on. What is wider than `columns` is cut around the spot.
    """
    text = clean(source).replace("\t", " ").rstrip()
    gutter, below = f"  {line} | ", f"  {' ' * len(str(line))} | "
    room = max(20, columns - len(gutter))
    spot = min(max(0, column - 1), len(text))
    start, end = _window(text, spot, room)
    token = _TOKEN.match(text, spot)
    until = min(token.end() if token else spot + 1, end)
    left, right = "…" if start else "", "…" if end < len(text) else ""
    blanks = " " * width(left + text[start:spot])
    mark = "^" + "~" * (width(text[spot:until]) - 1)
    return f"{gutter}{left}{text[start:end]}{right}", below + blanks, mark


def flowing(text: str, used: int, columns: int) -> list[str]:
    """A text that goes on below, indented, where it does not fit. used: columns of its first line that are taken;
    columns: 0 for any number.
    """
    if not columns:
        return [text]
    lines = wrap(text, max(20, columns), initial_indent=" " * used, subsequent_indent="    ", break_long_words=False)
    return [lines[0][used:], *lines[1:]] if lines and lines[0].strip() else [text]


def _window(text: str, spot: int, room: int) -> tuple[int, int]:
    """Which part of a text is shown in so many columns, the spot in it."""
    if width(text) <= room:
        return 0, len(text)
    room -= 2  # the signs for what is left out
    start = spot
    while start and width(text[start - 1 : spot]) <= room * _LEFT // 4:
        start -= 1
    if start and width(text[:spot]) <= room * _LEFT // 4:
        start = 0
    end = spot
    while end < len(text) and width(text[start : end + 1]) <= room:
        end += 1
    return start, end


_LONGEST: Final = 160  # columns of a source line that are shown where there is no terminal


def read_text(path: Path) -> str:
    """Return the text of a document. Raises BadRequest, naming the file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadRequest(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadRequest(f"{path} is not UTF-8 text") from None


def read_conf(path: Path) -> dict[str, Any]:
    """Read a configuration file of FATE's client: one JSON object. Raises BadDocument with line and column."""
    from fateflow_tui.core.document import read_json

    text = read_text(path)
    document = read_json(text)
    if document.errors:
        from fateflow_tui.core.document.problems import Problems

        problems = [problem.to_dict() for problem in Problems("conf", document).sorted()]
        raise BadDocument(
            f"{path} is not valid JSON", data=[placed(problem, {"conf": (path, text)}) for problem in problems]
        )
    if not isinstance(document.value, dict):
        raise BadRequest(f"{path} must hold a JSON object")
    return document.value


Sources = Mapping[str, tuple[Path, str]]


@contextmanager
def problems_placed(sources: Sources) -> Iterator[None]:
    """Add file and line to the problems that the scheduler reports. sources: dsl, conf -> file, text."""
    try:
        yield
    except BadDocument as error:
        if isinstance(error.data, list):
            error.data = [placed(problem, sources) for problem in error.data]
        raise


def placed(problem: dict[str, Any], sources: Sources) -> dict[str, Any]:
    """Return a problem with `file` and `source`, the text of its line."""
    path, text = sources.get(problem.get("document", ""), (None, ""))
    line = problem.get("line", 0)
    lines = text.splitlines()
    return {
        **problem,
        "file": str(path) if path else problem.get("document", ""),
        "source": lines[line - 1] if 0 < line <= len(lines) else "",
    }


def shown(problem: dict[str, Any], stream: Any) -> list[str]:
    """`file:line:column: severity: code: message`, the line, a caret below, and what was probably meant."""
    severity = problem.get("severity", "error")
    place = problem.get("file") or problem.get("document", "")
    line, column = problem.get("line", 0), problem.get("column", 0)
    if line:
        place = f"{place}:{line}:{column}"
    color = "1;31" if severity == "error" else "1;33"
    word = painted(severity, color, stream)
    columns = shutil.get_terminal_size().columns if stream.isatty() else 0
    text = f"{problem.get('code', '')}: {clean(str(problem.get('message', '')))}"
    first, *rest = flowing(text, width(f"{place}: {severity}: "), columns)
    lines = [f"{painted(place, '1', stream)}: {word}: {first}", *rest]
    source = problem.get("source", "")
    if source:
        shown_line, blanks, mark = excerpt(source, line, column, columns or _LONGEST)
        lines += [shown_line, blanks + painted(mark, color, stream)]
    elif problem.get("path"):
        lines.append(f"  at {problem['path']}")
    if problem.get("suggestion"):
        lines.append(painted(f"  did you mean {problem['suggestion']!r}?", "36", stream))
    return lines
