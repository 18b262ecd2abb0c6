"""The scheduler's loop outlives what its disk and its listeners do."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.document import check_job, plan_job
from fateflow_tui.core.effects import Effect, KillTask, StartTask
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.core.events import JobSubmitted, NotesWritten
from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.ports import JobCommit, StoredJob
from fateflow_tui.engine import Engine, SiteFacts
from fateflow_tui.runtime import scheduler as scheduler_module
from fateflow_tui.runtime.scheduler import Scheduler
from fateflow_tui.store.jobs import TinyJobStore

_GUEST = Party("guest", "9999")
_JOB = "202611241200000000001"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler_module, "_AFTER_FAILURE", 0.05)


class _Disk(TinyJobStore):
    """A store whose disk fails as often as it is told to. unreadable: jobs that cannot be read."""

    commits = loads = 0
    unreadable: frozenset[str] = frozenset()

    def commit(self, changes: Iterable[JobCommit]) -> dict[str, int]:
        if self.commits:
            self.commits -= 1
            raise OSError(errno.EIO, "Input/output error")
        return super().commit(changes)

    def load(self, job_id: str) -> StoredJob | None:
        if self.loads or job_id in self.unreadable:
            self.loads = max(0, self.loads - 1)
            raise OSError(errno.EMFILE, "Too many open files")
        return super().load(job_id)


def _submitted(store: TinyJobStore, job_id: str = _JOB) -> JobSubmitted:
    dsl = {"components": {"sleep_0": {"module": "Sleep"}}}
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999]},
        "job_parameters": {"common": {}},
        "component_parameters": {},
    }
    plan = plan_job(check_job(dsl, conf, load_catalog()), job_id, driver=_GUEST)
    return JobSubmitted(now_ms(), plan, {}, {})


def _scheduler(store: TinyJobStore) -> Scheduler:
    engine = Engine(SiteFacts("site", Resources(4, 0), None))
    return Scheduler(engine, store, lambda _: None, lambda _: None, lambda *_: None)


def _notes(text: str, job_id: str = _JOB) -> NotesWritten:
    return NotesWritten(now_ms(), job_id, _GUEST, text)


def _saved_notes(store: TinyJobStore) -> str:
    stored = store.load(_JOB)
    assert stored is not None
    return str(stored.tables["job"][str(_GUEST)]["description"])


def test_turns_go_on_after_a_job_could_neither_be_saved_nor_read(tmp_path: Path) -> None:
    async def main() -> None:
        store = _Disk(tmp_path)
        scheduler = _scheduler(store)
        running = asyncio.create_task(scheduler.run())
        await scheduler.turn(_submitted(store))
        store.commits = store.loads = 1
        with pytest.raises(FateFlowError, match="cannot be saved"):
            await scheduler.turn(_notes("lost"))
        async with asyncio.timeout(10):
            await scheduler.turn(_notes("kept"))
        assert _saved_notes(store) == "kept"
        scheduler.stop()
        await running

    asyncio.run(main())


def test_other_jobs_take_turns_while_one_cannot_be_read(tmp_path: Path) -> None:
    async def main() -> None:
        store = _Disk(tmp_path)
        other = f"{_JOB[:-1]}2"
        scheduler = _scheduler(store)
        running = asyncio.create_task(scheduler.run())
        await scheduler.turn(_submitted(store))
        await scheduler.turn(_submitted(store, other))
        store.commits, store.unreadable = 1, frozenset({_JOB})
        with pytest.raises(FateFlowError, match="cannot be saved"):
            await scheduler.turn(_notes("lost"))
        held = asyncio.create_task(scheduler.turn(_notes("kept")))
        async with asyncio.timeout(10):
            await scheduler.turn(_notes("elsewhere", other))
        assert not held.done()
        assert scheduler.engine.job(_JOB) is not None
        assert [holder.job_id for holder in scheduler.engine.holders()] == [_JOB], "it keeps what it holds"
        store.unreadable = frozenset()
        async with asyncio.timeout(10):
            await held
        assert _saved_notes(store) == "kept"
        scheduler.stop()
        await running

    asyncio.run(main())


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text('{"job"')], ids=["lost", "truncated"])
def test_a_job_whose_file_is_lost_or_damaged_is_written_again(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    async def main() -> None:
        store = TinyJobStore(tmp_path)
        scheduler = _scheduler(store)
        running = asyncio.create_task(scheduler.run())
        await scheduler.turn(_submitted(store))
        await scheduler.turn(_notes("first"))
        before = store.load(_JOB)
        assert before is not None
        damage(_file(tmp_path))
        await scheduler.turn(_notes("second"))
        after = store.load(_JOB)
        assert after is not None
        before.tables["job"][str(_GUEST)]["description"] = "second"
        assert after.tables == before.tables
        await scheduler.turn(_notes("third"))
        assert _saved_notes(store) == "third"
        scheduler.stop()
        await running

    asyncio.run(main())


def test_the_workers_of_a_job_that_is_given_up_are_killed(tmp_path: Path) -> None:
    """Its file is damaged, and what is in memory could not be saved either."""

    async def main() -> None:
        store, performed = _Disk(tmp_path), list[Effect]()
        engine = Engine(SiteFacts("site", Resources(4, 0), None))
        scheduler = Scheduler(engine, store, performed.append, lambda _: None, lambda *_: None)
        running = asyncio.create_task(scheduler.run())
        await scheduler.turn(_submitted(store))
        assert any(isinstance(effect, StartTask) for effect in performed)
        _file(tmp_path).write_text('{"job"')
        store.commits = 1
        with pytest.raises(FateFlowError, match="cannot be saved"):
            await scheduler.turn(_notes("lost"))
        await scheduler.turn(_submitted(store, f"{_JOB[:-1]}2"))
        assert any(isinstance(effect, KillTask) and effect.job_id == _JOB for effect in performed)
        assert scheduler.engine.job(_JOB) is None
        scheduler.stop()
        await running

    asyncio.run(main())


def _file(home: Path) -> Path:
    (path,) = (home / "db" / "jobs").glob(f"*/{_JOB}.json")
    return path


def test_nothing_is_acknowledged_that_a_job_read_in_between_kept_from_being_saved(tmp_path: Path) -> None:
    async def main() -> None:
        store = _Disk(tmp_path)
        other = f"{_JOB[:-1]}2"
        before = _scheduler(store)
        running = asyncio.create_task(before.run())
        await before.turn(_submitted(store, other))
        before.stop()
        await running
        scheduler = _scheduler(store)  # which does not have the other job in memory
        running = asyncio.create_task(scheduler.run())
        await scheduler.turn(_submitted(store))
        store.commits = 1
        turns = (scheduler.turn(_notes("saved")), scheduler.turn(_notes("saved", other)))
        outcomes = await asyncio.gather(*turns, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [FateFlowError, FateFlowError]
        assert _saved_notes(store) == ""
        scheduler.stop()
        await running

    asyncio.run(main())


def test_a_listener_that_fails_keeps_no_effect_from_being_performed(tmp_path: Path) -> None:
    async def main() -> None:
        store, performed = TinyJobStore(tmp_path), list[Effect]()

        def observe(_: list[JobCommit]) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def perform(effect: Effect) -> None:
            performed.append(effect)
            raise RuntimeError("a bug")

        engine = Engine(SiteFacts("site", Resources(4, 0), None))
        scheduler = Scheduler(engine, store, perform, observe, lambda *_: None)
        running = asyncio.create_task(scheduler.run())
        await scheduler.turn(_submitted(store))
        async with asyncio.timeout(10):
            await scheduler.turn(_notes("kept"))
        assert any(isinstance(effect, StartTask) for effect in performed)
        assert not running.done()
        scheduler.stop()
        await running

    asyncio.run(main())
