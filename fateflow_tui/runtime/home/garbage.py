"""Garbage collection: finds what can be deleted, and deletes it only on request or as configured."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.plan import outside_tables
from fateflow_tui.core.ports import JobStore, ModuleCatalog, loadable_facts
from fateflow_tui.core.records import JobState
from fateflow_tui.registry import Registry
from fateflow_tui.runtime.home.survey import GarbageItem, Survey, Table, size_of, survey
from fateflow_tui.runtime.live_jobs import load_state
from fateflow_tui.runtime.site_config import Retention

_DAY: Final = 86_400_000  # ms
_MIB: Final = 1 << 20


class JobFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A job and its data here. ended_at: ms, 0 if it has not ended. stays: why it must be kept, or ''.

    sizes: bytes by kind: record, logs, metrics, files, model. tables: its output tables. reuses: jobs whose results it
    reuses. uses: tables that it reads or writes.
    """

    job_id: str
    ended_at: int
    stays: str = ""
    sizes: Mapping[str, int] = {}
    tables: Mapping[Table, int] = {}
    reuses: frozenset[str] = frozenset()
    uses: frozenset[Table] = frozenset()

    @property
    def size(self) -> int:
        return sum(self.sizes.values()) + sum(self.tables.values())


class Chosen(msgspec.Struct, frozen=True):
    """What is deleted, and what is kept although it exceeds a limit, with the reasons."""

    items: list[GarbageItem]
    kept: dict[str, str]


def choose(jobs: Iterable[JobFacts], limits: Retention, bound: Iterable[Table], now: int) -> Chosen:
    """Choose what to delete. jobs: newest first, because what refers to a job is newer. bound: tables in other use."""
    newest = list(jobs)
    beyond = dict(_beyond(newest, limits.jobs_days, limits.jobs_mib, now, "jobs", lambda job: job.size))
    settled = _Kept(bound)
    going: list[JobFacts] = []
    for job in newest:
        reason = job.stays or settled.reason(job)
        if job.job_id in beyond and not reason:
            going.append(job)
            continue
        settled.stay(job)
        if job.job_id in beyond:
            settled.kept[job.job_id] = reason
    items = [settled.whole(job, beyond[job.job_id]) for job in going]
    gone = {job.job_id for job in going}
    staying = {job.job_id: job for job in newest if job.job_id not in gone}
    for job_id, why in _beyond(staying.values(), limits.logs_days, limits.logs_mib, now, "logs", _logs):
        items.append(_item("logs", staying[job_id], job_id, _logs(staying[job_id]), why))
    for job_id, why in _beyond(staying.values(), limits.tables_days, limits.tables_mib, now, "tables", _tables):
        items.extend(settled.of_tables(staying[job_id], why))
    return Chosen(items, settled.kept)


class _Kept:
    """The jobs that are kept, and what they need. kept: reasons for keeping what exceeds a limit."""

    def __init__(self, bound: Iterable[Table]) -> None:
        self.kept: dict[str, str] = {}
        self._reused: dict[str, str] = {}
        self._users = dict.fromkeys(bound, "online inference uses its features")

    def stay(self, job: JobFacts) -> None:
        self._reused.update((source, f"job {job.job_id} reuses it") for source in job.reuses)
        for table in job.uses:
            if table not in job.tables:
                self._users.setdefault(table, f"job {job.job_id} uses it")

    def reason(self, job: JobFacts) -> str:
        used = next((self._users[table] for table in job.tables if table in self._users), "")
        return self._reused.get(job.job_id, "") or (f"one of its tables is needed: {used}" if used else "")

    def whole(self, job: JobFacts, why: str) -> GarbageItem:
        return _item("job", job, job.job_id, job.size, why, tuple(job.tables))

    def of_tables(self, job: JobFacts, why: str) -> Iterator[GarbageItem]:
        for table, size in job.tables.items():
            name = ".".join(table)
            if table in self._users or job.job_id in self._reused:
                self.kept[name] = self._users.get(table) or self._reused[job.job_id]
            else:
                yield _item("table", job, name, size, why, (table,))


def _item(kind: str, job: JobFacts, name: str, size: int, why: str, tables: tuple[Table, ...] = ()) -> GarbageItem:
    return GarbageItem(kind=kind, name=name, size=size, at=job.ended_at, why=why, job_id=job.job_id, tables=tables)


def _beyond(
    newest: Iterable[JobFacts], days: float, mib: int, now: int, what: str, size: Callable[[JobFacts], int]
) -> Iterator[tuple[str, str]]:
    """Ended jobs that exceed the age limit, or the size limit together with all newer ones. 0: no limit."""
    quota = mib * _MIB
    for job in newest:
        quota -= size(job)
        if not job.ended_at or not size(job):
            continue
        if days and now - job.ended_at > days * _DAY:
            yield job.job_id, f"{what} are kept for {_span(days)}"
        elif mib and quota < 0:
            yield job.job_id, f"{what} may take {mib} MiB in total"


def _span(days: float) -> str:
    return f"{days:g} days" if days >= 1 else f"{days * 24:.2g} hours"


def _logs(job: JobFacts) -> int:
    return job.sizes.get("logs", 0)


def _tables(job: JobFacts) -> int:
    return sum(job.tables.values())


_ABANDONED: Final = 3_600  # seconds without a change
_UNKNOWN: Final = "its job no longer exists here"


def job_facts(
    state: JobState, found: Survey, registered: Collection[str], catalog: ModuleCatalog, *, live: bool
) -> JobFacts:
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
        (table.namespace, table.name)
        for document in state.documents.values()
        for plan in document.tasks
        for table in outside_tables(plan, loadable_facts(catalog, plan.module))
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
) -> Iterator[GarbageItem]:
    """Data of jobs that are unknown here. needed: tables that something refers to."""
    places = {"logs": home.root / "logs", "metrics": home.root / "metrics", "files": home.root / "jobs"}
    for job_id, sizes in found.sizes.items():
        for kind, root in places.items():
            if kind in sizes and job_id not in known and (old := _old(root / job_id)):
                yield GarbageItem(
                    kind=kind, name=job_id, size=sizes[kind], at=old, why=_UNKNOWN, paths=(root / job_id,)
                )
    for version, places_of in found.models.items():
        for path in places_of if version not in known and version not in registered else ():
            if old := _old(path):
                name = f"{path.parent.name} {version}"
                why = "it was never registered, and its job no longer exists here"
                yield GarbageItem(kind="model", name=name, size=size_of(path), at=old, why=why, paths=(path,))
    for job_id, tables in found.tables.items():
        for table, size in tables.items() if job_id not in known else ():
            if table not in needed and (old := _old(home.table(*table))):
                yield GarbageItem(kind="table", name=".".join(table), size=size, at=old, why=_UNKNOWN, tables=(table,))


def _ended_at(state: JobState) -> int:
    """When a job ended at all parties of this site, and at its driver if that is here; 0 if it has not."""
    if not all(record.status.ended for record in state.parties.values()):
        return 0
    if state.driver is not None:
        return state.driver.ended_at if state.driver.status.ended else 0
    return max((record.ended_at or record.updated_at for record in state.parties.values()), default=0)


def _old(path: Path) -> int:
    """When it was last changed, ms; 0 if that is so recent that it may still be in use."""
    try:
        changed = path.stat().st_mtime
    except FileNotFoundError:
        return 0
    return round(changed * 1000) if time.time() - changed > _ABANDONED else 0


logger = logging.getLogger(__name__)

_TURN: Final = 16  # job files read before the event loop gets a turn
_FIRST, _EVERY = 60.0, 3600.0  # seconds


class GarbageReport(msgspec.Struct, frozen=True):
    """What can be deleted, or was. kept: reasons for keeping what exceeds a limit. size: bytes."""

    items: list[GarbageItem]
    kept: dict[str, str]

    @property
    def size(self) -> int:
        return sum(item.size for item in self.items)


class GarbageCollector:
    """The garbage of one site. live: a job as the scheduler has it in memory. bound: tables that serving looks into."""

    def __init__(
        self,
        home: Home,
        store: JobStore,
        tables: Tables,
        registry: Registry,
        catalog: ModuleCatalog,
        live: Callable[[str], JobState | None],
        bound: Callable[[], Iterable[Table]],
        limits: Retention,
    ) -> None:
        self._home = home
        self._store = store
        self._tables = tables
        self._registry = registry
        self._catalog = catalog
        self._live = live
        self._bound = bound
        self.limits = limits
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Keep the site within its configured limits, for as long as it runs."""
        await asyncio.sleep(_FIRST)
        while self.limits.is_limited:
            try:
                gone = await self.collect(self.limits, loose=False)
                if gone.items:
                    logger.info("retention: deleted %d items of %d bytes", len(gone.items), gone.size)
            except (FateFlowError, OSError):
                logger.exception("retention failed; retrying in %g s", _EVERY)
            await asyncio.sleep(_EVERY)

    async def plan(self, limits: Retention, *, loose: bool = True) -> GarbageReport:
        """Find what these limits would delete. loose: also what belongs to no job."""
        found = await asyncio.to_thread(survey, self._home, self._tables)
        registered = await asyncio.to_thread(lambda: {part.model_version for part in self._registry.find()})
        jobs = [facts async for facts in self._jobs(found, registered)]
        now = now_ms()
        chosen = choose(jobs, limits, self._bound(), now)
        known = set(self._store.job_ids())
        needed = {table for job in jobs for table in job.uses if table not in job.tables} | set(self._bound())
        items = [self._complete(item, found) for item in chosen.items]
        items += [item for item in found.loose if self._is_selected(item, limits, now, loose)]
        if loose:
            known = set(self._store.job_ids())
            needed = {table for job in jobs for table in job.uses} | set(self._bound())
            items += await asyncio.to_thread(lambda: list(orphans(self._home, found, known, registered, needed)))
        return GarbageReport(items, chosen.kept)

    async def collect(self, limits: Retention, *, loose: bool = True) -> GarbageReport:
        """Delete what `plan` finds, and report it. Jobs that became live meanwhile are skipped."""
        async with self._turn:
            plan = await self.plan(limits, loose=loose)
            gone: list[GarbageItem] = []
            for item in plan.items:
                if item.job_id and self._live(item.job_id) is not None:
                    continue
                if item.kind == "job":
                    self._store.delete(item.job_id)
                await asyncio.to_thread(self._remove, item)
                gone.append(item)
            return GarbageReport(gone, plan.kept)

    def _complete(self, item: GarbageItem, found: Survey) -> GarbageItem:
        """Add the files that belong to the item."""
        home, job_id = self._home, item.job_id
        if item.kind == "logs":
            return msgspec.structs.replace(item, paths=(home.job_logs(job_id),))
        if item.kind != "job":
            return item
        places = (home.job_logs(job_id), home.job_files(job_id), home.root / "metrics" / job_id)
        return msgspec.structs.replace(item, paths=(*places, *found.models.get(job_id, ())))

    def _is_selected(self, item: GarbageItem, limits: Retention, now: int, loose: bool) -> bool:
        if item.kind != "archive":
            return loose
        return bool(limits.archives_days) and now - item.at > limits.archives_days * _DAY

    def _remove(self, item: GarbageItem) -> None:
        for namespace, name in item.tables:
            self._tables.delete(namespace, name)
            with contextlib.suppress(OSError):  # other tables may be in it
                (self._home.tables / namespace).rmdir()
        for path in item.paths:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    async def _jobs(self, found: Survey, registered: set[str]) -> AsyncIterator[JobFacts]:
        """The facts of all jobs, newest first."""
        for number, job_id in enumerate(self._store.job_ids()):
            if number % _TURN == _TURN - 1:
                await asyncio.sleep(0)
            state = self._live(job_id)
            if state is not None:
                yield job_facts(state, found, registered, self._catalog, live=True)
                continue
            try:
                state = load_state(self._store, job_id)
            except FateFlowError:
                continue  # a damaged file is set aside for inspection
            if state is not None:
                yield job_facts(state, found, registered, self._catalog, live=False)
