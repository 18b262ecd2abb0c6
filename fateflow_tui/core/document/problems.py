"""The problems of a job document, each with its place, code and suggestion."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Any, Final

import msgspec

from fateflow_tui.core.document.json_text import JsonDocument, Path, path_text
from fateflow_tui.core.errors import BadDocument
from fateflow_tui.core.formatting import plural

_SHOWN: Final = 60  # characters


def kind_of(value: Any) -> str:
    """The JSON type of a value, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "an object"


def shown(value: Any) -> str:
    """The value if it is short, else its beginning or its type."""
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if isinstance(value, int | float) else kind_of(value)


MAX_PROBLEMS: Final = 1_000  # of each severity and document
_MAX_SUGGESTIONS: Final = 50  # searching for similar names is slow
_MAX_CANDIDATES: Final = 1_000
_MAX_MESSAGE: Final = 2_000  # characters


class Problem(msgspec.Struct, frozen=True):
    """An error or a warning.

    code: FATE's name of the error where it has one. severity: error or warning. document: dsl or conf.
    path: as in `$.components.hetero_lr_0.input.data.train_data[0]`. line, column: from 1, or 0 if the
    document was not text. suggestion: what was probably meant, or ''.
    """

    code: str
    message: str
    document: str
    path: str
    severity: str = "error"
    line: int = 0
    column: int = 0
    suggestion: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity == "error"

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__struct_fields__}

    def __str__(self) -> str:
        where = f"{self.document}:{self.line}:{self.column}" if self.line else self.document
        hint = f" (did you mean {self.suggestion}?)" if self.suggestion else ""
        return f"{where} {self.path}: {self.message}{hint}"


class Problems:
    """Collects the problems of one document, each once."""

    def __init__(self, document: str, source: JsonDocument) -> None:
        self._document = document
        self._source = source
        self._found: dict[tuple[str, str, Path, str], str] = {}  # severity, code, path, message -> suggestion
        self._counts = {"error": 0, "warning": 0}
        for error in source.errors:
            self.error(error.code, error.path, error.message)

    @property
    def has_errors(self) -> bool:
        return self._counts["error"] > 0

    def error(
        self,
        code: str,
        path: Path,
        message: str,
        *,
        near: tuple[str, Iterable[str]] | None = None,
        suggestion: str = "",
    ) -> None:
        """near: the name that was written, and the valid names; the most similar one is suggested."""
        self._add("error", code, path, message, near, suggestion)

    def warn(
        self,
        code: str,
        path: Path,
        message: str,
        *,
        near: tuple[str, Iterable[str]] | None = None,
        suggestion: str = "",
    ) -> None:
        self._add("warning", code, path, message, near, suggestion)

    def _add(
        self,
        severity: str,
        code: str,
        path: Path,
        message: str,
        near: tuple[str, Iterable[str]] | None,
        suggestion: str,
    ) -> None:
        if len(message) > _MAX_MESSAGE:
            message = f"{message[:_MAX_MESSAGE]}..."
        key = (severity, code, path, message)
        if key in self._found:
            return
        self._counts[severity] += 1
        if self._counts[severity] > MAX_PROBLEMS:
            return
        if near is not None and len(self._found) < _MAX_SUGGESTIONS:
            suggestion = nearest(*near)
        self._found[key] = suggestion

    def sorted(self) -> list[Problem]:
        """All problems in document order."""
        paths = {path for _, _, path, _ in self._found}
        places = self._source.positions(path[:end] for path in paths for end in range(len(path) + 1))
        places |= {error.path: (error.line, error.column) for error in reversed(self._source.errors) if error.line}
        rows: list[tuple[tuple[int, ...], Problem]] = []
        for (severity, code, path, message), suggestion in self._found.items():
            ends = range(len(path), -1, -1)  # a missing member is shown at the object that lacks it
            line, column = next((places[path[:end]] for end in ends if path[:end] in places), (0, 0))
            problem = Problem(code, message, self._document, path_text(path), severity, line, column, suggestion)
            rows.append(((line, column, *_order(self._source.value, path)), problem))
        rows.sort(key=lambda row: row[0])
        left_out = {severity: count - MAX_PROBLEMS for severity, count in self._counts.items()}
        return [problem for _, problem in rows] + [
            Problem("TooManyProblems", f"{count} more {severity}s are not listed", self._document, "$", severity)
            for severity, count in left_out.items()
            if count > 0
        ]


def nearest(wrong: str, candidates: Iterable[str]) -> str:
    """The candidate that was probably meant, or ''. Case is ignored."""
    by_lower = {name.lower(): name for name in islice(candidates, _MAX_CANDIDATES) if len(name) <= 128}
    found = get_close_matches(wrong.lower()[:100], by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


def _order(value: Any, path: Path) -> list[int]:
    """The position of a path among all paths of a parsed document, which keeps the order of its text."""
    order: list[int] = []
    for step in path:
        if isinstance(value, dict) and step in value:
            order.append(next(index for index, key in enumerate(value) if key == step))
            value = value[step]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            order.append(step)
            value = value[step]
        else:
            break
    return order


def bad_document(problems: list[Problem]) -> BadDocument:
    errors = [problem for problem in problems if problem.is_error]
    message = f"the job documents have {plural(len(errors), 'error')}; the first: {errors[0]}"
    return BadDocument(message, hint="fix the documents and submit again", data=[p.to_dict() for p in problems])
