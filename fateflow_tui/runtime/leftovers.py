"""What a site could do without: which jobs, logs, tables and files of nobody go, and which must stay; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from fateflow_tui.runtime.site_config import Retention

Table = tuple[str, str]  # namespace, name

_DAY: Final = 86_400_000  # ms
_MIB: Final = 1 << 20


class JobFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A job and what it has left here. ended_at: ms, 0 for one that has not ended. stays: why it must stay, or ''.

    sizes: bytes by kind: record, logs, metrics, files, model. tables: its output tables. reuses: the jobs whose outcome
    it took over. uses: tables that it has read or has for its outputs.
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


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can go. kind: job, logs, metrics, table, model, staged, upload or archive. at: when its job ended,
    or the file was written; ms. size: bytes.
    """

    kind: str
    name: str
    size: int
    at: int
    why: str
    job_id: str = ""
    paths: tuple[Path, ...] = ()
    tables: tuple[Table, ...] = ()


class Chosen(msgspec.Struct, frozen=True):
    """What goes, and of what would be old enough, what stays and why."""

    items: list[Leftover]
    kept: dict[str, str]


def choose(jobs: Iterable[JobFacts], limits: Retention, bound: Iterable[Table], now: int) -> Chosen:
    """jobs: newest first, since what refers to a job is newer than it. bound: tables that something else needs."""
    newest = list(jobs)
    beyond = dict(_beyond(newest, limits.jobs_days, limits.jobs_mib, now, "jobs", lambda job: job.size))
    settled = _Settled(bound)
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


class _Settled:
    """What is known to stay, and what it needs of others. kept: what is beyond a limit and stays nevertheless: why."""

    def __init__(self, bound: Iterable[Table]) -> None:
        self.kept: dict[str, str] = {}
        self._reused: dict[str, str] = {}
        self._users = dict.fromkeys(bound, "online inference looks features up in it")

    def stay(self, job: JobFacts) -> None:
        self._reused.update((source, f"job {job.job_id} has reused it") for source in job.reuses)
        for table in job.uses:
            if table not in job.tables:
                self._users.setdefault(table, f"job {job.job_id} uses it")

    def reason(self, job: JobFacts) -> str:
        used = next((self._users[table] for table in job.tables if table in self._users), "")
        return self._reused.get(job.job_id, "") or (f"a table of it is needed: {used}" if used else "")

    def whole(self, job: JobFacts, why: str) -> Leftover:
        return _item("job", job, job.job_id, job.size, why, tuple(job.tables))

    def of_tables(self, job: JobFacts, why: str) -> Iterator[Leftover]:
        for table, size in job.tables.items():
            name = ".".join(table)
            if table in self._users or job.job_id in self._reused:
                self.kept[name] = self._users.get(table) or self._reused[job.job_id]
            else:
                yield _item("table", job, name, size, why, (table,))


def _item(kind: str, job: JobFacts, name: str, size: int, why: str, tables: tuple[Table, ...] = ()) -> Leftover:
    return Leftover(kind=kind, name=name, size=size, at=job.ended_at, why=why, job_id=job.job_id, tables=tables)


def _beyond(
    newest: Iterable[JobFacts], days: float, mib: int, now: int, what: str, size: Callable[[JobFacts], int]
) -> Iterator[tuple[str, str]]:
    """Ended jobs that are beyond the age, or beyond the size that all the newer ones leave. 0: no limit."""
    room = mib * _MIB
    for job in newest:
        room -= size(job)
        if not job.ended_at or not size(job):
            continue
        if days and now - job.ended_at > days * _DAY:
            yield job.job_id, f"{what} are kept for {_span(days)}"
        elif mib and room < 0:
            yield job.job_id, f"{what} may take {mib} MiB in all"


def _span(days: float) -> str:
    return f"{days:g} days" if days >= 1 else f"{days * 24:.2g} hours"


def _logs(job: JobFacts) -> int:
    return job.sizes.get("logs", 0)


def _tables(job: JobFacts) -> int:
    return sum(job.tables.values())
