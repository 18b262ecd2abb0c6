"""Garbage collection: what can go is shown, and goes only when somebody, or the site's configuration, wants it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

import msgspec

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.ports import JobStore
from fateflow_tui.core.records import JobState
from fateflow_tui.registry import Registry
from fateflow_tui.runtime.clock import now_ms
from fateflow_tui.runtime.home_survey import Survey, survey
from fateflow_tui.runtime.job_facts import job_facts, orphans
from fateflow_tui.runtime.leftovers import JobFacts, Leftover, Table, choose
from fateflow_tui.runtime.site_config import Retention
from fateflow_tui.runtime.states import load_state

logger = logging.getLogger(__name__)

_TURN: Final = 16  # job files between two chances for others to use the event loop
_DAY: Final = 86_400_000  # ms
_FIRST, _EVERY = 60.0, 3600.0  # seconds


class Collection(msgspec.Struct, frozen=True):
    """What can go, or has gone; kept: what is old or large enough but stays, and why. size: bytes."""

    items: list[Leftover]
    kept: dict[str, str]

    @property
    def size(self) -> int:
        return sum(item.size for item in self.items)


class Collector:
    """The garbage of one site. live: a job as the scheduler has it in memory. bound: tables that serving looks into."""

    def __init__(
        self,
        home: Home,
        store: JobStore,
        tables: Tables,
        registry: Registry,
        live: Callable[[str], JobState | None],
        bound: Callable[[], Iterable[Table]],
        limits: Retention,
    ) -> None:
        self._home = home
        self._store = store
        self._tables = tables
        self._registry = registry
        self._live = live
        self._bound = bound
        self.limits = limits
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Keeps the site within its limits; does nothing where there are none."""
        await asyncio.sleep(_FIRST)
        while self.limits.is_limited:
            try:
                gone = await self.collect(self.limits, loose=False)
                if gone.items:
                    logger.info("retention: %d things of %d bytes are gone", len(gone.items), gone.size)
            except (FateFlowError, OSError):
                logger.exception("retention failed; it is tried again later")
            await asyncio.sleep(_EVERY)

    async def plan(self, limits: Retention, *, loose: bool = True) -> Collection:
        """What would go with these limits. loose: also what belongs to no job any more."""
        found = await asyncio.to_thread(survey, self._home, self._tables)
        registered = await asyncio.to_thread(lambda: {part.model_version for part in self._registry.find()})
        jobs = [facts async for facts in self._jobs(found, registered)]
        now = now_ms()
        chosen = choose(jobs, limits, self._bound(), now)
        known = set(self._store.job_ids())
        needed = {table for job in jobs for table in job.uses if table not in job.tables} | set(self._bound())
        items = [self._complete(item, found) for item in chosen.items]
        items += [item for item in found.loose if self._is_wanted(item, limits, now, loose)]
        if loose:
            known = set(self._store.job_ids())
            needed = {table for job in jobs for table in job.uses} | set(self._bound())
            items += await asyncio.to_thread(lambda: list(orphans(self._home, found, known, registered, needed)))
        return Collection(items, chosen.kept)

    async def collect(self, limits: Retention, *, loose: bool = True) -> Collection:
        """Does what `plan` says. Gives what is gone; a job that began to live meanwhile is left alone."""
        async with self._turn:
            plan = await self.plan(limits, loose=loose)
            gone: list[Leftover] = []
            for item in plan.items:
                if item.job_id and self._live(item.job_id) is not None:
                    continue
                if item.kind == "job":
                    self._store.delete(item.job_id)
                await asyncio.to_thread(self._remove, item)
                gone.append(item)
            return Collection(gone, plan.kept)

    def _complete(self, item: Leftover, found: Survey) -> Leftover:
        """With the files that belong to it."""
        home, job_id = self._home, item.job_id
        if item.kind == "logs":
            return msgspec.structs.replace(item, paths=(home.job_logs(job_id),))
        if item.kind != "job":
            return item
        places = (home.job_logs(job_id), home.job_files(job_id), home.root / "metrics" / job_id)
        return msgspec.structs.replace(item, paths=(*places, *found.models.get(job_id, ())))

    def _is_wanted(self, item: Leftover, limits: Retention, now: int, loose: bool) -> bool:
        if item.kind != "archive":
            return loose
        return bool(limits.archives_days) and now - item.at > limits.archives_days * _DAY

    def _remove(self, item: Leftover) -> None:
        for namespace, name in item.tables:
            self._tables.delete(namespace, name)
            with contextlib.suppress(OSError):  # others may be in it
                (self._home.tables / namespace).rmdir()
        for path in item.paths:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    async def _jobs(self, found: Survey, registered: set[str]) -> AsyncIterator[JobFacts]:
        """Of all jobs, newest first."""
        for number, job_id in enumerate(self._store.job_ids()):
            if number % _TURN == _TURN - 1:
                await asyncio.sleep(0)
            state = self._live(job_id)
            if state is not None:
                yield job_facts(state, found, registered, live=True)
                continue
            try:
                state = load_state(self._store, job_id)
            except FateFlowError:
                continue  # a damaged file is set aside, for a person to look at
            if state is not None:
                yield job_facts(state, found, registered, live=False)
