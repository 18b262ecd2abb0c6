"""Exit codes of the command line. Errors bring their own (`FateFlowError.exit_code`); these are the others."""

from __future__ import annotations

from typing import Final

OK: Final = 0
FAILED: Final = 1  # it ran and failed
USAGE: Final = 2
TIMED_OUT: Final = 4
BUG: Final = 70
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141  # the reader of stdout has gone, as for any program that SIGPIPE ends


def of_status(status: str) -> int:
    """The code of a command that waited for a job: the job's own outcome."""
    if status in ("success", "pass"):
        return OK
    return TIMED_OUT if status == "timeout" else FAILED
