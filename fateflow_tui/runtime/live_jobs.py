"""Stored jobs and the engine's state: conversion, new ids, and which jobs are live after a restart."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

import msgspec

from fateflow_tui.artifacts.home import segment
from fateflow_tui.core.files import sync
from fateflow_tui.core.ids import job_id_at
from fateflow_tui.core.plan import JobPlan, PartyDocument
from fateflow_tui.core.ports import JobStore, StoredJob
from fateflow_tui.core.records import DriverRecord, JobState, PartyRecord, StoryEntry, TaskRecord


def load_state(store: JobStore, job_id: str) -> JobState | None:
    """Load a job's last saved state; None if there is none. Raises DamagedFile after setting the file aside."""
    stored = store.load(job_id)
    try:
        return to_state(stored) if stored is not None else None
    except msgspec.ValidationError as error:
        raise store.set_aside(job_id, str(error)) from None


def to_state(stored: StoredJob) -> JobState:
    """Convert stored records. Raises msgspec.ValidationError if one does not fit its type."""
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


class LiveJobs:
    """One empty marker file per job that is not settled, created before the job's first save."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._known = {marker.name for marker in folder.iterdir()}

    def all(self) -> list[str]:
        return sorted(self._known)

    def add(self, job_id: str) -> None:
        """Add a job; on return its marker survives a power loss."""
        if job_id not in self._known:
            (self._folder / segment(job_id, "job id")).touch()
            sync(self._folder)
            self._known.add(job_id)

    def remove(self, job_id: str) -> None:
        """Remove a job. A marker left over by a crash only causes the job to be read again."""
        if job_id in self._known:
            self._known.discard(job_id)
            (self._folder / job_id).unlink(missing_ok=True)


class JobIds:
    """Job ids of one scheduler process: unique and in chronological order."""

    def __init__(self) -> None:
        self._counter = itertools.count(1)

    def new(self) -> str:
        return job_id_at(datetime.now(), next(self._counter))
