"""What garbage collection asks of a job's state, and what was left by jobs that nobody knows any more."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.records import JobState
from fateflow_tui.runtime.admission import outside_tables
from fateflow_tui.runtime.home_survey import Survey, size_of
from fateflow_tui.runtime.leftovers import JobFacts, Leftover, Table

_ABANDONED: Final = 3_600  # seconds without a change
_UNKNOWN: Final = "its job is not known here any more"


def job_facts(state: JobState, found: Survey, registered: Collection[str], *, live: bool) -> JobFacts:
    """registered: versions of models, which are the ids of the jobs that have trained them."""
    job_id = state.job_id
    stays = "it is live" if live else "its model is registered" if job_id in registered else ""
    outputs = {
        (output.namespace, output.table)
        for task in state.tasks.values()
        for output in task.outputs
        if output.kind == "data"
    }
    named = {
        (namespace, name)
        for document in state.documents.values()
        for plan in document.tasks
        for _, namespace, name in outside_tables(plan)
    }
    return JobFacts(
        job_id=job_id,
        ended_at=0 if live else _ended_at(state),
        stays=stays,
        sizes=found.sizes.get(job_id, {}),
        tables=found.tables.get(job_id, {}),
        reuses=frozenset(task.reused_from for task in state.tasks.values() if task.reused_from),
        uses=frozenset(outputs | named),
    )


def orphans(
    home: Home, found: Survey, known: Collection[str], registered: Collection[str], needed: Collection[Table]
) -> Iterator[Leftover]:
    """What lies here under the id of a job that is not known. needed: tables that something refers to."""
    places = {"logs": home.root / "logs", "metrics": home.root / "metrics", "files": home.root / "jobs"}
    for job_id, sizes in found.sizes.items():
        for kind, root in places.items():
            if kind in sizes and job_id not in known and (old := _old(root / job_id)):
                yield Leftover(kind=kind, name=job_id, size=sizes[kind], at=old, why=_UNKNOWN, paths=(root / job_id,))
    for version, places_of in found.models.items():
        for path in places_of if version not in known and version not in registered else ():
            if old := _old(path):
                name = f"{path.parent.name} {version}"
                why = "it was never registered, and its job is not known here any more"
                yield Leftover(kind="model", name=name, size=size_of(path), at=old, why=why, paths=(path,))
    for job_id, tables in found.tables.items():
        for table, size in tables.items() if job_id not in known else ():
            if table not in needed and (old := _old(home.table(*table))):
                yield Leftover(kind="table", name=".".join(table), size=size, at=old, why=_UNKNOWN, tables=(table,))


def _ended_at(state: JobState) -> int:
    """0 for a job that has not ended at all parties of this site, and at its driver where that is here."""
    if not all(record.status.ended for record in state.parties.values()):
        return 0
    if state.driver is not None:
        return state.driver.ended_at if state.driver.status.ended else 0
    return max((record.ended_at or record.updated_at for record in state.parties.values()), default=0)


def _old(path: Path) -> int:
    """When it was changed last, ms; 0 when that is too recent to be sure that nobody works on it."""
    try:
        changed = path.stat().st_mtime
    except FileNotFoundError:
        return 0
    return round(changed * 1000) if time.time() - changed > _ABANDONED else 0
