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
    """Records of at least this level, of one party or all, of one component or all. Raises BadRequest for a level
    that there is not.
    """

    level: str = "INFO"
    party: Party | None = None
    component: str = ""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise BadRequest(f"there is no log level {self.level!r}", hint=f"one of {', '.join(LEVELS)}")

    def files(self, home: Home, job_id: str) -> list[Path]:
        """The files that together have each record once: the scheduler's, and each party's or component's. What
        libraries print has no level: it comes with DEBUG, and when one component is asked for.
        """
        root = home.job_logs(job_id)
        if self.party is not None:
            parties = [root / segment(self.party.role, "role") / segment(self.party.party_id, "party id")]
        else:
            parties = sorted(path for path in root.glob("*/*") if path.is_dir())
        if self.component:
            tasks = [directory / segment(self.component, "component") for directory in parties]
            of_tasks = [task / name for task in tasks for name in (f"{self.level}.log", STD_LOG)]
            return [root / SCHEDULE_LOG, *of_tasks]
        printed = [path for party in parties for path in sorted(party.glob(f"*/{STD_LOG}"))]
        of_parties = [party / f"{self.level}.log" for party in parties]
        return [root / SCHEDULE_LOG, *of_parties, *(printed if self.level == "DEBUG" else [])]

    def keeps(self, record: LogRecord) -> bool:
        """The scheduler's file has records of all levels, parties and components."""
        if not record.level:
            return True
        if record.level in LEVELS and LEVELS.index(record.level) < LEVELS.index(self.level):
            return False
        of_party = self.party is None or record.party == str(self.party)
        return of_party and (not self.component or record.component == self.component)


def listed(root: Path) -> list[dict[str, object]]:
    """All log files below a directory, with their size in bytes."""
    if not root.is_dir():
        return []
    files = sorted(path for path in root.rglob("*.log") if path.is_file())
    return [{"file": str(path.relative_to(root)), "size": path.stat().st_size} for path in files]
