"""The error hierarchy. Each error carries its wire code, HTTP status, exit code and hint."""

from __future__ import annotations

from typing import Any, ClassVar


class FateFlowError(Exception):
    """An error that the user can understand and act on.

    message: what happened, where and at which party, in one line. hint: what to do next, or ''.
    data: machine-readable details, JSON-able.
    Class attributes: `code` identifies the error for scripts, `retcode` is FATE-Flow's number, `http_status` is the
    status of HTTP responses, `exit_code` that of the command line (1 failed, 2 usage, 3 unreachable, 4 timed out,
    5 not found, 6 conflict, 7 party refused or unreachable, 70 bug).
    """

    code: ClassVar[str] = "error"
    retcode: ClassVar[int] = 100
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", data: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.data = data


class BadRequest(FateFlowError):
    """The request lacks a field or has an invalid value."""

    code, retcode, http_status, exit_code = "bad_request", 100, 400, 2


class BadDocument(BadRequest):
    """A job document has problems; `data` is the list of all of them (see `core.document.problems`)."""

    code = "bad_document"


class NotFound(FateFlowError):
    """The named job, task, table or party does not exist here."""

    code, retcode, http_status, exit_code = "not_found", 101, 404, 5


class JobNotFound(NotFound):
    """The job does not exist. FATE-Flow has a separate code for this when stopping or rerunning."""

    code, retcode = "job_not_found", 102


class Conflict(FateFlowError):
    """The object's state does not allow the operation; the message names the state."""

    code, retcode, http_status, exit_code = "conflict", 103, 409, 6


class StaleVersion(Conflict):
    """A compare-and-set failed: the record was saved by someone else first. Reload it and try again."""

    code = "stale_version"


class StaleEpoch(Conflict):
    """Another scheduler drives this job now, under a higher epoch; this commit was rejected."""

    code = "lease_lost"


class PartyRefused(FateFlowError):
    """A party refused the job; the message names the party and its reason."""

    code, retcode, http_status, exit_code = "party_refused", 103, 403, 7


class PartyUnreachable(FateFlowError):
    """A party's site did not answer; the message names its party and address."""

    code, retcode, http_status, exit_code = "party_unreachable", 104, 502, 7


class NotAuthentic(FateFlowError):
    """A site-to-site or API call with an invalid signature, token, time or destination."""

    code, retcode, http_status, exit_code = "not_authentic", 109, 401, 7


class SchedulerUnreachable(FateFlowError):
    """No scheduler responds at the address."""

    code, retcode, http_status, exit_code = "scheduler_unreachable", 105, 503, 3


class TimedOut(FateFlowError):
    """The operation did not finish in time."""

    code, retcode, http_status, exit_code = "timed_out", 100, 504, 4


class NotBuilt(FateFlowError):
    """A feature of FATE that this version does not support."""

    code, retcode, http_status, exit_code = "not_built", 100, 501, 1


class DamagedFile(FateFlowError):
    """A state file cannot be read. It was moved aside; the message names it."""

    code = "damaged_file"


class NewerSchema(FateFlowError):
    """A state file was written by a newer version and was left unchanged."""

    code = "newer_schema"


class ComponentFailed(FateFlowError):
    """Raised by a component for errors that the user can fix, such as bad input or bad parameters."""

    code = "component_failed"
