"""Which files hold a job's or the site's log, and which of their records are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fateflow_tui.artifacts.home import Home, segment
from fateflow_tui.artifacts.log_reader import LogRecord
from fateflow_tui.artifacts.logs import LEVELS, SCHEDULE_LOG, STD_LOG
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party


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
