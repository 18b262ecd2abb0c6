"""The one error tree. A front end renders it at one boundary: wire code, HTTP status, exit code, hint."""

from __future__ import annotations

from typing import Any, ClassVar


class FateFlowError(Exception):
    """Something the user can understand and act on.

    message: what happened, where and at which party, in one line. hint: what to do next, or ''.
    data: machine-readable details, JSON-able.
    Class facts: `code` names the error for scripts, `retcode` is FATE-Flow's number, `http_status`
    that of problem answers, `exit_code` that of the command line (plan: 1 failed, 2 usage, 3 unreachable,
    4 timed out, 5 not found, 6 conflict, 7 party refused or unreachable, 70 bug).
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
    """The request lacks something or carries a value of the wrong kind."""

    code, retcode, http_status, exit_code = "bad_request", 100, 400, 2


class BadDocument(BadRequest):
    """A job document has problems; `data` is the list of all of them (see `core.document.problems`)."""

    code = "bad_document"


class NotFound(FateFlowError):
    """The named job, task, table or party does not exist here."""

    code, retcode, http_status, exit_code = "not_found", 101, 404, 5


class JobNotFound(NotFound):
    """No such job; FATE-Flow has a code of its own for it when stopping or rerunning."""

    code, retcode = "job_not_found", 102


class Conflict(FateFlowError):
    """The object's state forbids it; the message says which state."""

    code, retcode, http_status, exit_code = "conflict", 103, 409, 6


class StaleVersion(Conflict):
    """A compare-and-set lost: somebody else saved this record first. Reload and decide again."""

    code = "stale_version"


class LeaseLost(Conflict):
    """Another scheduler drives this job now; what this one wanted to save was refused."""

    code = "lease_lost"


class PartyRefused(FateFlowError):
    """A party does not want to run this; the message names the party and its reason."""

    code, retcode, http_status, exit_code = "party_refused", 103, 403, 7


class PartyUnreachable(FateFlowError):
    """A party's site did not answer; the message names its party and address."""

    code, retcode, http_status, exit_code = "party_unreachable", 104, 502, 7


class NotAuthentic(FateFlowError):
    """A site-to-site or API call whose signature, token, time or destination does not hold."""

    code, retcode, http_status, exit_code = "not_authentic", 109, 401, 7


class SchedulerUnreachable(FateFlowError):
    """No scheduler answers at the address that was tried."""

    code, retcode, http_status, exit_code = "scheduler_unreachable", 105, 503, 3


class TimedOut(FateFlowError):
    """What was waited for did not happen in time."""

    code, retcode, http_status, exit_code = "timed_out", 100, 504, 4


class NotBuilt(FateFlowError):
    """A part of FATE that this version does not have."""

    code, retcode, http_status, exit_code = "not_built", 100, 501, 1


class DamagedFile(FateFlowError):
    """A state file cannot be read; it was set aside and is named in the message."""

    code = "damaged_file"


class NewerSchema(FateFlowError):
    """A state file was written by a newer version; it was left as it is."""

    code = "newer_schema"


class ComponentFailed(FateFlowError):
    """Raised by a component for a cause that its user can fix: bad input, bad parameter, unmet need."""

    code = "component_failed"
