"""FATE-Flow's answer: `{retcode, retmsg, data, jobId, meta}` without null members, with HTTP 200 also for failures.

Our own clients accept `application/vnd.fateflow+json`; for them a failure also has `error` (`code`, `hint`, `data`),
from which the SDK rebuilds the exception. 1.x clients receive exactly the members of 1.x.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.server.fate.absent import is_original

DETAILED = "application/vnd.fateflow+json"
FILE_FAILURE = 210

# Clients of 1.11 interpret these words as a dead server, and retry.
_RETRY_WORDS = re.compile(r"connection refused|max retries", re.IGNORECASE)
_REPLACEMENTS = {"connection refused": "connection not accepted", "max retries": "retry limit"}


def wants_detail(request: Request) -> bool:
    return DETAILED in request.headers.get("accept", "") or not is_original(request.url.path)


def answer(
    data: Any = None,
    *,
    retcode: int = 0,
    retmsg: str = "success",
    job_id: str | None = None,
    meta: Any = None,
    error: dict[str, Any] | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return an envelope. Members that are None are left out; nulls inside `data` stay."""
    members = {"retcode": retcode, "retmsg": _without_retry_words(retmsg)}
    optional = {"data": data, "jobId": job_id, "meta": meta, "error": error}
    members.update((name, value) for name, value in optional.items() if value is not None)
    content = msgspec.json.encode(members, enc_hook=str)
    return Response(content, status_code=status, media_type="application/json", headers=headers)


def failure(
    request: Request,
    error: FateFlowError,
    *,
    retcode: int | None = None,
    retmsg: str | None = None,
    data: Any = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return the envelope of an error. retcode, retmsg: in place of those of the error, where 1.x has others."""
    detail = {"code": error.code, "exit_code": error.exit_code, "hint": error.hint, "data": error.data}
    return answer(
        data,
        retcode=error.retcode if retcode is None else retcode,
        retmsg=error.message if retmsg is None else retmsg,
        error=detail if wants_detail(request) else None,
        status=status,
        headers=headers,
    )


def file_failure(request: Request, error: FateFlowError) -> Response:
    """Return the failure of a call that answers with a file; clients distinguish the two by the HTTP status."""
    return failure(request, error, retcode=FILE_FAILURE, status=FILE_FAILURE)


def _without_retry_words(text: str) -> str:
    return _RETRY_WORDS.sub(lambda match: _REPLACEMENTS[match[0].lower()], text)
