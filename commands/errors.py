"""Exit codes, and the printing of errors: one line for the error, one for the hint."""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from fateflow_tui.commands.documents import shown
from fateflow_tui.commands.output import Output, painted
from fateflow_tui.core.cells import clean
from fateflow_tui.core.errors import BadDocument, FateFlowError
from fateflow_tui.views.problems import problem_counts


class ErrorRecord(msgspec.Struct, frozen=True):
    """An error as JSON, one line on stderr. error: the older name of `code`. data: details, by code."""

    code: str
    error: str
    message: str
    hint: str
    exit_code: int
    data: Any = None


OK: Final = 0
FAILED: Final = 1  # the job or the check failed
USAGE: Final = 2
TIMED_OUT: Final = 4
BUG: Final = 70
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141  # the reader of stdout is gone: 128 + SIGPIPE


def of_status(status: str) -> int:
    """Return the exit code of a command that waited for a job with this final status."""
    if status in ("success", "pass"):
        return OK
    return TIMED_OUT if status == "timeout" else FAILED


def report(error: FateFlowError, output: Output, *, as_json: bool) -> int:
    """Print an error on stderr and return its exit code."""
    if as_json:
        output.warn(_as_json(error.code, error.message, error.hint, error.exit_code, error.data))
        return error.exit_code
    if isinstance(error, BadDocument) and isinstance(error.data, list):
        for problem in error.data:
            for line in shown(problem, sys.stderr):
                output.warn(line)
        output.warn(_count(error.data))
    else:
        output.warn(f"{painted('error', '1;31', sys.stderr)}: {clean(error.message)}")
    if error.hint:
        output.warn(f"{painted('hint', '1', sys.stderr)}: {clean(error.hint)}")
    return error.exit_code


def report_usage(message: str, hint: str, output: Output, *, as_json: bool, code: int) -> int:
    """Print an error of the command line itself on stderr and return `code`."""
    if as_json:
        output.warn(_as_json("usage", message, hint, code, None))
    else:
        output.warn(f"{painted('error', '1;31', sys.stderr)}: {clean(message)}")
        if hint:
            output.warn(f"{painted('hint', '1', sys.stderr)}: {hint}")
    return code


def report_bug(error: BaseException, logs: Path, output: Output, *, as_json: bool) -> int:
    """Print an unexpected error; its traceback is written to a file, which the hint names."""
    text = "".join(traceback.format_exception(error))
    path = _write_log(text, logs)
    message = f"this is a bug in fateflow: {type(error).__name__}: {error}"
    return report_usage(message, f"please report it and attach {path}", output, as_json=as_json, code=BUG)


def _write_log(text: str, logs: Path) -> Path:
    name = f"command-{datetime.now():%Y%m%d-%H%M%S-%f}.log"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        path = logs / name
        path.write_text(text, encoding="utf-8")
    except OSError:
        with tempfile.NamedTemporaryFile(
            "w", prefix="fateflow-", suffix=".log", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        return Path(file.name)
    return path


def _count(problems: list[dict[str, Any]]) -> str:
    errors = sum(problem.get("severity", "error") == "error" for problem in problems)
    return f"{painted('error', '1;31', sys.stderr)}: {problem_counts(errors, len(problems) - errors)}"


def _as_json(code: str, message: str, hint: str, exit_code: int, data: Any) -> str:
    error = msgspec.structs.asdict(ErrorRecord(code, code, message, hint, exit_code, data))
    return json.dumps(error, ensure_ascii=False, default=str)
