"""A log file by line numbers, as FATE-Board 1.8 and later page through it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from fateflow_tui.artifacts.home import Home, segment
from fateflow_tui.artifacts.logs import SCHEDULE_ERROR_LOG, SCHEDULE_LOG
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.server.body import Body

MOST_LINES: Final = 5_000  # of one answer
MOST_BYTES: Final = 4 << 20
_CHUNK: Final = 1 << 18

# FATE-Board's names of the files.
_OF_JOB: Final = {"jobSchedule": SCHEDULE_LOG, "jobScheduleError": SCHEDULE_ERROR_LOG}
_OF_PARTY: Final = {
    "partyError": "ERROR.log",
    "partyWarning": "WARNING.log",
    "partyInfo": "INFO.log",
    "partyDebug": "DEBUG.log",
}
_OF_COMPONENT: Final = {"componentInfo": "INFO.log"}
TYPES: Final = (*_OF_JOB, *_OF_PARTY, *_OF_COMPONENT)


def log_file(home: Home, job_id: str, body: Body) -> Path:
    """The file that `log_type` means, with `role`, `party_id`, `component_name` where the type needs them. It need
    not exist. Raises BadRequest.
    """
    kind, root = body.text("log_type"), home.job_logs(job_id)
    if kind in _OF_JOB:
        return root / _OF_JOB[kind]
    if kind not in TYPES:
        raise BadRequest(f"there is no log_type {kind!r}", hint=f"one of {', '.join(TYPES)}")
    body.require("role", "party_id")
    party = root / segment(body.text("role"), "role") / segment(body.text("party_id"), "party id")
    if kind in _OF_PARTY:
        return party / _OF_PARTY[kind]
    body.require("component_name")
    return party / segment(body.text("component_name"), "component") / _OF_COMPONENT[kind]


def line_count(path: Path) -> int:
    """Whole lines; 0 when the file does not exist, as long as nothing was written to it."""
    count = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                count += chunk.count(b"\n")
    except FileNotFoundError:
        return 0
    return count


def lines(path: Path, begin: int, end: int) -> list[dict[str, int | str]]:
    """`line_num` and `content` of the lines from `begin` (1 is the first) to `end` (0: the last), both included, as
    many as fit in one answer.
    """
    first = max(1, begin)
    last = min(end, first + MOST_LINES - 1) if end > 0 else first + MOST_LINES - 1
    found: list[dict[str, int | str]] = []
    room = MOST_BYTES
    try:
        with path.open("rb") as file:
            if not _skip(file.readline, first - 1):
                return []
            for number in range(first, last + 1):
                line = file.readline(room + 1)
                if not line.endswith(b"\n") and len(line) <= room:
                    break  # it is being written
                room -= len(line)
                found.append({"line_num": number, "content": line.rstrip(b"\r\n").decode(errors="replace")})
                if room < 0:
                    break
    except FileNotFoundError:
        return []
    return found


def _skip(readline: Callable[[int], bytes], count: int) -> bool:
    """Whether there were so many lines."""
    skipped = 0
    while skipped < count:
        piece = readline(_CHUNK)
        if not piece:
            return False
        skipped += piece.endswith(b"\n")
    return True
