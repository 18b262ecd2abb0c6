"""Between a stored job's plain records and the typed state that the engine works on."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.plan import JobPlan, PartyDocument
from fateflow_tui.core.ports import JobStore, StoredJob
from fateflow_tui.core.records import DriverRecord, JobState, PartyRecord, StoryEntry, TaskRecord


def load_state(store: JobStore, job_id: str) -> JobState | None:
    """A job as it was saved last; None if there is none. Raises DamagedFile, after its file was set aside."""
    stored = store.load(job_id)
    try:
        return to_state(stored) if stored is not None else None
    except msgspec.ValidationError as error:
        raise store.set_aside(job_id, str(error)) from None


def to_state(stored: StoredJob) -> JobState:
    """Raises msgspec.ValidationError when a record does not fit its type."""
    jobs = stored.tables.get("job", {})
    documents = stored.tables.get("documents", {})
    tasks = stored.tables.get("tasks", {})
    story = stored.tables.get("story", {})
    return JobState(
        job_id=stored.job_id,
        version=stored.version,
        plan=msgspec.convert(documents["plan"], JobPlan) if "plan" in documents else None,
        driver=msgspec.convert(jobs["driver"], DriverRecord) if "driver" in jobs else None,
        parties={key: msgspec.convert(record, PartyRecord) for key, record in jobs.items() if key != "driver"},
        documents={key: msgspec.convert(record, PartyDocument) for key, record in documents.items() if key != "plan"},
        tasks={key: msgspec.convert(record, TaskRecord) for key, record in tasks.items()},
        story=[msgspec.convert(story[key], StoryEntry) for key in sorted(story)],
    )
