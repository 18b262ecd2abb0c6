"""Job documents from files, and their problems."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.commands.output import styled
from fateflow_tui.core.errors import BadDocument, BadRequest
from fateflow_tui.views.problems import problem_lines, source_line


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
    file = str(path) if path else problem.get("document", "")
    return {**problem, "file": file, "source": source_line(text, problem.get("line", 0))}


def shown(problem: dict[str, Any], stream: Any) -> Iterator[str]:
    """Yield the lines of a problem, which was `placed` if its file is known; wrapped on a terminal."""
    from fateflow_tui.core.document.problems import Problem

    found = msgspec.convert(problem, Problem)
    max_width = shutil.get_terminal_size().columns if stream.isatty() else 0
    lines = problem_lines(found, problem.get("file") or found.document, problem.get("source", ""), max_width=max_width)
    return styled(lines, stream)
