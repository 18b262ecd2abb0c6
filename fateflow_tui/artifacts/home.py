"""The paths of a site's home directory."""

from __future__ import annotations

import re
from pathlib import Path

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party

# One path segment from a client's input: no separators, no hidden files, no parent directory.
_SEGMENT = re.compile(r"[^/\\\x00-\x1f]+")
_LONGEST = 255  # bytes, the limit of the file systems in use


def segment(word: str, what: str) -> str:
    """`word` as one path segment. Raises BadRequest if it could leave its directory."""
    fits = _SEGMENT.fullmatch(word) and len(word.encode(errors="replace")) <= _LONGEST
    if not fits or word.startswith("."):
        raise BadRequest(f"{what} {word!r} cannot be used as a name", hint="use letters, digits, '_', '-', '.', '#'")
    return word


class Home:
    """Paths below one site's home; creates nothing."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def configuration(self) -> Path:
        return self.root / "site.toml"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def run_file(self) -> Path:
        return self.root / "run.json"

    @property
    def lock(self) -> Path:
        return self.root / "scheduler.lock"

    @property
    def run(self) -> Path:
        """Sockets of the running schedulers and their workers (0700)."""
        return self.root / "run"

    @property
    def database(self) -> Path:
        return self.root / "db"

    @property
    def tables(self) -> Path:
        return self.root / "tables"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def migrated(self) -> Path:
        """Archives of model parts that have moved to other sites."""
        return self.root / "migrated"

    @property
    def site_logs(self) -> Path:
        return self.root / "logs" / "fate_flow"

    @property
    def components(self) -> Path:
        """Drop-in modules, one or more in each file."""
        return self.root / "components"

    @property
    def uploads(self) -> Path:
        return self.root / "uploads"

    def job_logs(self, job_id: str) -> Path:
        return self.root / "logs" / segment(job_id, "job id")

    def task_logs(self, job_id: str, party: Party, component: str) -> Path:
        return (
            self.job_logs(job_id)
            / segment(party.role, "role")
            / segment(party.party_id, "party id")
            / segment(component, "component")
        )

    def job_files(self, job_id: str) -> Path:
        return self.root / "jobs" / segment(job_id, "job id")

    def metrics(self, job_id: str, party: Party, component: str, version: int) -> Path:
        """The append-only series of one task run."""
        return (
            self.root
            / "metrics"
            / segment(job_id, "job id")
            / f"{segment(party.role, 'role')}-{segment(party.party_id, 'party id')}"
            / f"{segment(component, 'component')}.{version}.jsonl"
        )

    def table(self, namespace: str, name: str) -> Path:
        return self.tables / segment(namespace, "namespace") / segment(name, "table name")

    def party_model(self, party_model_id: str, version: str) -> Path:
        return self.models / segment(party_model_id, "model id") / segment(version, "model version")
