"""Reading a job back from the plain records of a simulated disk."""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.core.plan import JobPlan, PartyDocument
from fateflow_tui.core.records import DriverRecord, JobState, PartyRecord, StoryEntry, TaskRecord
from tests.simulation.invariants import Tables


def load(job_id: str, version: int, tables: Tables) -> JobState:
    """A job state from its plain records."""
    jobs = tables.get("job", {})
    documents = tables.get("documents", {})

    def rest(table: dict[str, dict[str, Any]], key: str, kind: Any) -> dict[str, Any]:
        return {name: msgspec.convert(record, kind) for name, record in table.items() if name != key}

    return JobState(
        job_id,
        version,
        msgspec.convert(documents["plan"], JobPlan) if "plan" in documents else None,
        msgspec.convert(jobs["driver"], DriverRecord) if "driver" in jobs else None,
        rest(jobs, "driver", PartyRecord),
        rest(documents, "plan", PartyDocument),
        {key: msgspec.convert(record, TaskRecord) for key, record in tables.get("tasks", {}).items()},
        [msgspec.convert(record, StoryEntry) for _, record in sorted(tables.get("story", {}).items())],
    )
