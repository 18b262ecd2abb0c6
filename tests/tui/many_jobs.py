"""A home with many finished jobs: copies of one that really ran."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path


def copies(source: Path, job_id: str, target: Path, count: int) -> list[str]:
    """Writes `count` jobs like `job_id` of the home `source` into the home `target`, where nothing runs; their ids,
    the newest first, one a minute back from the first of the year.
    """
    file = next((source / "db" / "jobs").rglob(f"{job_id}.json"))
    text = file.read_text()
    newest = datetime(2026, 1, 1, tzinfo=UTC)
    ids = []
    for number in range(count):
        moment = newest - timedelta(minutes=number)
        new = f"{moment:%Y%m%d%H%M%S}{moment.microsecond:06}{number}"
        folder = target / "db" / "jobs" / new[:8]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{new}.json").write_text(text.replace(job_id, new))
        ids.append(new)
    return ids
