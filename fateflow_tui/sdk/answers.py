"""Answers: from bytes to an envelope, and to the error that the scheduler raised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from fateflow_tui.core.errors import (
    BadRequest,
    Conflict,
    FateFlowError,
    JobNotFound,
    NotAuthentic,
    NotFound,
    PartyRefused,
    PartyUnreachable,
    SchedulerUnreachable,
    TimedOut,
)


class ErrorDetail(msgspec.Struct, frozen=True):
    """Details of a failure; sent by fateflow, not by FATE-Flow."""

    code: str = ""
    exit_code: int = 1
    hint: str = ""
    data: Any = None


class Envelope(msgspec.Struct, frozen=True):
    """An answer in FATE-Flow's form; None for missing members."""

    retcode: int
    retmsg: str = ""
    data: Any = None
    job_id: str | None = msgspec.field(default=None, name="jobId")
    meta: Any = None
    batch: Any = msgspec.field(default=None, name="batchDataList")  # of FATE-Serving
    error: ErrorDetail | None = None

    def raise_failure(self) -> None:
        """Raise the error that the scheduler raised, as the same class if it is known. Does nothing on success."""
        if self.retcode == 0:
            return
        detail = self.error or ErrorDetail()
        if detail.code:
            by_code = {kind.code: kind for kind in _kinds(FateFlowError)}
            kind = by_code.get(detail.code) or _BY_EXIT_CODE.get(detail.exit_code, FateFlowError)
        else:
            kind = _BY_RETCODE.get(self.retcode, FateFlowError)
        raise kind(self.retmsg or f"the scheduler answered retcode {self.retcode}", hint=detail.hint, data=detail.data)


def read_envelope(content: bytes, status: int, address: str) -> Envelope:
    """Parse an answer. Raises SchedulerUnreachable when the server at this address is not FATE-Flow."""
    try:
        return msgspec.json.decode(content, type=Envelope)
    except msgspec.MsgspecError:
        raise SchedulerUnreachable(
            f"the server at {address} is not FATE-Flow: HTTP status {status}",
            hint="correct the address; `fateflow server status` prints the one of the local scheduler",
        ) from None


def _kinds(kind: type[FateFlowError]) -> Iterator[type[FateFlowError]]:
    """The errors of `core.errors`; other subclasses are not created from a message."""
    for sub in kind.__subclasses__():
        yield from _kinds(sub)
        if sub.__module__ == FateFlowError.__module__:
            yield sub


_BY_EXIT_CODE: dict[int, type[FateFlowError]] = {
    kind.exit_code: kind for kind in (BadRequest, SchedulerUnreachable, TimedOut, NotFound, Conflict, PartyRefused)
}


_BY_RETCODE: dict[int, type[FateFlowError]] = {
    101: NotFound,
    102: JobNotFound,
    103: Conflict,
    104: PartyUnreachable,
    109: NotAuthentic,
    400: BadRequest,
    404: NotFound,
    405: BadRequest,
}
