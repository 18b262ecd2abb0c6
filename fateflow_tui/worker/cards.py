"""Failure cards: the cause of a failed task and the likely next step."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from types import TracebackType

from fateflow_tui.core.errors import ComponentFailed, FateFlowError
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.work import TaskSpec

LOG_LINES = 20
_MAX_CAUSE = 2_000  # characters: cards go into state files and to other sites
_MAX_TRACEBACK = 20_000
_MAX_LINE = 1_000
_HINTS: tuple[tuple[type[BaseException], str], ...] = (
    (MemoryError, "give the task more memory (task_memory in job_parameters) or fewer rows"),
    (ModuleNotFoundError, "install the missing package in the site's environment"),
    (ImportError, "check that the packages of the site's environment are compatible"),
    (FileNotFoundError, "check the path; it must exist on the machine of this party's site"),
    (PermissionError, "let the user that runs the site read and write this path"),
    (OSError, "look at the disk space and the open file limit of the site's machine"),
    (ZeroDivisionError, "look for an empty input or a parameter that is 0"),
    (KeyError, "look for a column or parameter of this name"),
)


def card_of_error(spec: TaskSpec, error: BaseException, log: Sequence[str]) -> FailureCard:
    """Build the card of a task whose module raised. log: the task's last lines."""
    cause = _innermost(error)
    return FailureCard(
        spec.party,
        spec.component,
        spec.version,
        kind=_kind(cause),
        cause=_shortened(_message(cause), _MAX_CAUSE),
        where=_where(cause.__traceback__ or error.__traceback__),
        log=[_shortened(line, _MAX_LINE) for line in log],
        traceback=_shortened("".join(traceback.format_exception(error)), _MAX_TRACEBACK),
        hint=_hint(cause),
    )


def _shortened(text: str, limit: int) -> str:
    """Shorten a text in the middle, since its beginning and end are the most useful."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} [... {len(text) - 2 * half} characters ...] {text[-half:]}"


def _message(cause: BaseException) -> str:
    text, name = str(cause), type(cause).__name__
    if isinstance(cause, ComponentFailed) and text:
        return text
    return f"{name}: {text}" if text else name


def _kind(cause: BaseException) -> str:
    if isinstance(cause, MemoryError):
        return "memory"
    return "component" if isinstance(cause, ComponentFailed) else "exception"


def _innermost(error: BaseException) -> BaseException:
    """The innermost cause, up to the first FateFlowError, whose message is meant to be shown."""
    seen = {id(error)}
    while not isinstance(error, FateFlowError):
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is None or id(cause) in seen:
            break
        seen.add(id(cause))
        error = cause
    return error


def _where(place: TracebackType | None) -> str:
    frames = traceback.extract_tb(place)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def _hint(cause: BaseException) -> str:
    if isinstance(cause, FateFlowError):
        return cause.hint
    return next((hint for kind, hint in _HINTS if isinstance(cause, kind)), "")
