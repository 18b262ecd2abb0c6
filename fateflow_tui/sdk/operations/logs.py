"""Logs of jobs and of the site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fateflow_tui.core.ids import Party
from fateflow_tui.sdk.operations.call import Call, PartyLike, as_, given, list_of, member, party_members
from fateflow_tui.sdk.types import LogFileInfo, LogPage, NumberedLine

Parties = PartyLike | Sequence[PartyLike] | None


def files(job_id: str = "") -> Call[list[LogFileInfo]]:
    """The log files of a job; of the site without one."""
    return Call("/v1/log/list", given({"job_id": job_id}), list_of(LogFileInfo))


def page(
    job_id: str = "",
    *,
    level: str = "INFO",
    party: Parties = None,
    component: str | Sequence[str] = "",
    since: int = 0,
    tail: int = 0,
    cursors: Mapping[str, Any] | None = None,
    piece: int = 0,
) -> Call[LogPage]:
    """Log records that are new since the cursors; of the site without a job. party, component: one or several. since:
    ms since the epoch. tail: so many lines of each file. piece: at most so many bytes of each file at once, 0 for as
    many as the site gives.
    """
    body = {"job_id": job_id, "since": since, "tail": tail, "cursors": dict(cursors or {}), "bytes": piece}
    chosen = {"component_name": _words(component), "party": _words(party)}
    return Call("/v1/log/read", {**given({**body, **chosen}), "level": level}, as_(LogPage))


def line_count(log_type: str, job_id: str, party: PartyLike | None = None, component: str = "") -> Call[int]:
    """How many lines a log has. log_type: jobSchedule, jobScheduleError, partyError, partyWarning, partyInfo,
    partyDebug, componentInfo.
    """
    return Call("/v1/log/size", _which(log_type, job_id, party, component), member("size", int))


def lines(
    log_type: str, job_id: str, begin: int, end: int, party: PartyLike | None = None, component: str = ""
) -> Call[list[NumberedLine]]:
    """Lines `begin` to `end` of a log, counted from 1; fewer than asked for when they are long or many."""
    body = {**_which(log_type, job_id, party, component), "begin": begin, "end": end}
    return Call("/v1/log/cat", body, list_of(NumberedLine))


def stream_path(job_id: str) -> str:
    """Where the log of a job, or without one of the site, is followed."""
    return "/v1/log/stream" if job_id else "/v1/log/site/stream"


def stream_query(
    job_id: str,
    level: str = "INFO",
    party: Parties = None,
    component: str | Sequence[str] = "",
    tail: int = 0,
    since: int = 0,
) -> dict[str, Any]:
    """The query of `stream_path`."""
    chosen = {"component_name": _words(component), "party": _words(party)}
    return given({"job_id": job_id, "level": level, "tail": tail, "since": since, **chosen})


def _words(given_: Parties) -> str:
    """One or several names as a comma list."""
    if given_ is None or isinstance(given_, str):
        return given_ or ""
    return str(given_) if isinstance(given_, Party) else ",".join(map(str, given_))


def _which(log_type: str, job_id: str, party: PartyLike | None, component: str) -> dict[str, Any]:
    return {"log_type": log_type, "job_id": job_id, **given({"component_name": component}), **party_members(party)}
