"""Job documents from files, and their problems shown the way a compiler shows them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from commands.carets import excerpt, flowing
from commands.output import painted
from fateflow_tui.core.errors import BadDocument, BadRequest
from fateflow_tui.text.places import clean, width

_LONGEST: Final = 160  # columns of a source line that are shown where there is no terminal


def read_text(path: Path) -> str:
    """A document's text. Raises BadRequest, naming the file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadRequest(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadRequest(f"{path} is no UTF-8 text") from None


def read_conf(path: Path) -> dict[str, Any]:
    """A configuration file of FATE's client: one JSON object. Raises BadDocument with line and column."""
    from fateflow_tui.core.document import read_json

    text = read_text(path)
    document = read_json(text)
    if document.flaws:
        from fateflow_tui.core.document.problems import Problems

        problems = [problem.to_dict() for problem in Problems("conf", document).sorted()]
        raise BadDocument(f"{path} is no JSON", data=[placed(problem, {"conf": (path, text)}) for problem in problems])
    if not isinstance(document.value, dict):
        raise BadRequest(f"{path} must hold a JSON object")
    return document.value


Sources = Mapping[str, tuple[Path, str]]


@contextmanager
def problems_placed(sources: Sources) -> Iterator[None]:
    """Problems that the scheduler reports get the file they are in and its line. sources: dsl, conf -> file, text."""
    try:
        yield
    except BadDocument as error:
        if isinstance(error.data, list):
            error.data = [placed(problem, sources) for problem in error.data]
        raise


def placed(problem: dict[str, Any], sources: Sources) -> dict[str, Any]:
    """A problem with `file` and `source`, the text of its line."""
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
