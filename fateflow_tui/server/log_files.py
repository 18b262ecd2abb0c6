"""Which files hold a job's or the site's log, and which of their records are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fateflow_tui.artifacts.home import Home, segment
from fateflow_tui.artifacts.logs import LEVELS, SCHEDULE_ERROR_LOG, SCHEDULE_LOG, STD_LOG, LogRecord
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.server.requests import Body


@dataclass(frozen=True, slots=True)
class LogWish:
    """Records of at least this level, of these parties or of all, of these components or of all, from this time on (ms
    since the epoch). Raises BadRequest for a level that there is not and for what cannot be a name.
    """

    level: str = "INFO"
    parties: tuple[Party, ...] = ()
    components: tuple[str, ...] = ()
    since: int = 0

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise BadRequest(f"there is no log level {self.level!r}", hint=f"one of {', '.join(LEVELS)}")
        for party in self.parties:
            segment(party.role, "role"), segment(party.party_id, "party id")
        for component in self.components:
            segment(component, "component")

    def files(self, home: Home, job_id: str) -> list[Path]:
        """The files that together have each record once: the scheduler's, and each party's or component's. What
        libraries print has no level: it comes with DEBUG, and when one component is asked for.
        """
        root = home.job_logs(job_id)
        if self.parties:
            parties = [root / segment(one.role, "role") / segment(one.party_id, "party id") for one in self.parties]
        else:
            parties = sorted(path for path in root.glob("*/*") if path.is_dir())
        if self.components:
            names = [segment(component, "component") for component in self.components]
            tasks = [directory / name for directory in parties for name in names]
            of_tasks = [task / name for task in tasks for name in (f"{self.level}.log", STD_LOG)]
            return [root / SCHEDULE_LOG, *of_tasks]
        printed = [path for party in parties for path in sorted(party.glob(f"*/{STD_LOG}"))]
        of_parties = [party / f"{self.level}.log" for party in parties]
        return [root / SCHEDULE_LOG, *of_parties, *(printed if self.level == "DEBUG" else [])]

    def keeps(self, record: LogRecord) -> bool:
        """The scheduler's file has records of all levels, parties and components."""
        if record.at < self.since:
            return False
        if not record.level:
            return True
        if record.level in LEVELS and LEVELS.index(record.level) < LEVELS.index(self.level):
            return False
        of_party = not self.parties or record.party in map(str, self.parties)
        return of_party and (not self.components or record.component in self.components)


def site_files(home: Home) -> list[Path]:
    """The files that together are the site's own log."""
    return sorted(home.site_logs.glob("*.log"))


def listed(root: Path) -> list[dict[str, object]]:
    """All log files below a directory, with their size in bytes."""
    if not root.is_dir():
        return []
    files = sorted(path for path in root.rglob("*.log") if path.is_file())
    return [{"file": str(path.relative_to(root)), "size": path.stat().st_size} for path in files]


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
