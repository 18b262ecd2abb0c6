"""What the store leaves on disk, and how it takes what it finds there."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from tinydb import TinyDB, where

from fateflow_tui.core.errors import DamagedFile, NewerSchema, TimedOut
from fateflow_tui.core.ports import JobCommit, StoredJob
from fateflow_tui.store.collections import open_collection
from fateflow_tui.store.document import JOBS
from fateflow_tui.store.jobs import TinyJobStore
from fateflow_tui.store.locks import FileLock, LockStripes
from fateflow_tui.store.storage import (
    AtomicStorage,
    Plain,
    Schema,
    damaged_files,
    read_file,
    temporary_path,
    write_temporary,
)

JOB = "202611240151070000001"
OTHER = "202611240151080000002"
RECORDS: dict[str, dict[str, dict[str, Any]]] = {
    "job": {"driver": {"status": "running"}, "guest:9999": {"status": "running"}},
    "tasks": {"guest:9999/a_0/0": {"pid": 7, "status": "success"}},
    "story": {"000000": {"what": "JobSubmitted"}, "000001": {"what": "TaskStarted"}},
}


def path_of(home: Path, job_id: str = JOB) -> Path:
    return home / "db" / "jobs" / job_id[:8] / f"{job_id}.json"


def saved(home: Path, job_id: str = JOB) -> TinyJobStore:
    store = TinyJobStore(home)
    store.commit([JobCommit(job_id, 0, RECORDS)])
    return store


def files_in(home: Path) -> set[str]:
    return {path.name for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_stock_tinydb_opens_a_job(tmp_path: Path) -> None:
    store = saved(tmp_path)
    store.advance_epoch(JOB)
    with TinyDB(path_of(tmp_path)) as database:
        assert database.tables() == {"schema", "meta", "job", "tasks", "story"}
        assert database.table("tasks").all() == [
            {"_key": "guest:9999/a_0/0", "pid": 7, "status": "success"},
        ]
        assert [entry.doc_id for entry in database.table("story")] == [1, 2]
        assert len(database.table("job").search(where("status") == "running")) == 2
        lease = database.table("meta").get(where("_key") == "lease")
        assert lease == {"_key": "lease", "owner": "", "epoch": 1, "expires_at": 0}


def test_what_stock_tinydb_changed_is_taken(tmp_path: Path) -> None:
    store = saved(tmp_path)
    with TinyDB(path_of(tmp_path)) as database:
        database.table("story").remove(doc_ids=[1])
        database.table("tasks").update({"pid": 8})
    job = store.load(JOB)
    assert job is not None
    assert job.tables["tasks"] == {"guest:9999/a_0/0": {"pid": 8, "status": "success"}}
    assert job.tables["story"] == {"000001": {"what": "TaskStarted"}}
    store.commit([JobCommit(JOB, 1, {"story": {"000002": {}}})])
    job = TinyJobStore(tmp_path).load(JOB)
    assert job is not None
    assert list(job.tables["story"]) == ["000001", "000002"]


def test_stock_tinydb_opens_a_collection(tmp_path: Path) -> None:
    collection = open_collection(tmp_path, "parties")
    version = collection.put("host:10000", {"url": "http://b:9380"})
    with TinyDB(tmp_path / "db" / "parties.json") as database:
        found = database.table("parties").all()
    assert found == [{"_key": "host:10000", "_version": version, "url": "http://b:9380"}]


def test_state_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    saved(tmp_path)
    for path in (tmp_path / "db").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_another_process_save_is_seen_at_once(tmp_path: Path) -> None:
    mine, theirs = saved(tmp_path), TinyJobStore(tmp_path)
    version = 1
    for n in range(200):
        writer, reader = (mine, theirs) if n % 2 else (theirs, mine)
        version = writer.commit([JobCommit(JOB, version, {"tasks": {"a": {"n": n % 10}}})])[JOB]
        job = reader.load(JOB)
        assert job is not None
        assert (job.version, job.tables["tasks"]["a"]) == (version, {"n": n % 10})


def test_a_newer_file_is_never_taken_for_the_known_one(tmp_path: Path) -> None:
    """Same size, same time, and on many file systems the inode number of a removed file is given out again."""
    path = tmp_path / "a.json"
    path.write_bytes(b"1")
    os.utime(path, ns=(0, 0))
    _, stamp = read_file(path)
    for body in (b"2", b"3"):
        write_temporary(path, body)
        os.utime(temporary_path(path), ns=(0, 0))
        os.replace(temporary_path(path), path)
        _, other = read_file(path)
        assert other.is_current(path)
        del other
        assert not stamp.is_current(path)
    assert path.read_bytes() == b"3"
    path.unlink()
    assert not stamp.is_current(path)


def test_a_job_that_another_process_deleted_is_gone(tmp_path: Path) -> None:
    mine = saved(tmp_path)
    TinyJobStore(tmp_path).delete(JOB)
    assert mine.load(JOB) is None
    assert mine.job_ids() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"job": {"1": {"_ke',
        b"\0" * 4096,
        b"[]",
        b"{}",
        b'{"schema": {"1": {"number": 1}}}',
        b'{"schema": {"1": {"number": 1}}, "meta": {"1": {"_key": "file", "version": "x"}}}',
        b'{"schema": {"1": {"number": 1}}, "meta": {"1": {"_key": "file", "version": 1}}, "t": {"1": {"a": 1}}}',
        b'{"schema": {"1": {"number": 1}}, "meta": {"1": {"_key": "file", "version": 1}},'
        b' "t": {"1": {"_key": "k"}, "2": {"_key": "k"}}}',
        b'{"schema": {"1": {"number": 1}}, "meta": {"1": {"_key": "file", "version": 1}},'
        b' "t": {"1": {"_key": "k", "x": "\xff\xfe"}}}',
    ],
)
def test_a_damaged_job_is_set_aside_and_harms_no_other(tmp_path: Path, body: bytes) -> None:
    store = saved(tmp_path)
    saved(tmp_path, OTHER)
    path_of(tmp_path).write_bytes(body)
    with pytest.raises(DamagedFile, match=JOB) as caught:
        store.load(JOB)
    (aside,) = damaged_files(tmp_path)
    assert aside.name in caught.value.message
    assert aside.read_bytes() == body
    assert store.load(JOB) is None
    assert store.job_ids() == [OTHER]
    other = store.load(OTHER)
    assert other is not None
    assert other.tables == RECORDS
    assert store.commit([JobCommit(JOB, 0, {"tasks": {}})]) == {JOB: 1}


def test_a_commit_to_a_damaged_job_is_refused(tmp_path: Path) -> None:
    store = saved(tmp_path)
    path_of(tmp_path).write_bytes(b"{")
    with pytest.raises(DamagedFile):
        store.commit([JobCommit(OTHER, 0, RECORDS), JobCommit(JOB, 1, RECORDS)])
    assert store.job_ids() == []
    assert len(damaged_files(tmp_path)) == 1


def test_a_damaged_collection_is_set_aside(tmp_path: Path) -> None:
    parties, tags = open_collection(tmp_path, "parties"), open_collection(tmp_path, "tags")
    parties.put("a", {})
    tags.put("a", {})
    for body in (b"{", b'{"schema": {"1": {"number": 1}}, "parties": {"1": {"url": "no key"}}}'):
        (tmp_path / "db" / "parties.json").write_bytes(body)
        with pytest.raises(DamagedFile, match="parties"):
            parties.all()
        assert parties.all() == {}
    assert list(tags.all()) == ["a"]
    assert len(damaged_files(tmp_path)) == 2


def test_nothing_is_damaged_in_a_new_home(tmp_path: Path) -> None:
    assert damaged_files(tmp_path) == []


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    store = saved(tmp_path)
    body = path_of(tmp_path).read_bytes().replace(b'"number":1', b'"number":9')
    path_of(tmp_path).write_bytes(body)
    with pytest.raises(NewerSchema, match=JOB):
        store.load(JOB)
    with pytest.raises(NewerSchema):
        store.commit([JobCommit(JOB, 1, RECORDS)])
    assert path_of(tmp_path).read_bytes() == body
    assert damaged_files(tmp_path) == []


def test_an_older_file_is_brought_to_todays_form(tmp_path: Path) -> None:
    def rename_field(document: Plain) -> Plain:
        for record in document["tasks"].values():
            record["process"] = record.pop("pid")
        return document

    def drop_table(document: Plain) -> Plain:
        del document["job"]
        return document

    path = tmp_path / "a.json"
    AtomicStorage(path, JOBS).write({"tasks": {"1": {"pid": 5}}, "job": {"1": {}}})
    storage = AtomicStorage(path, Schema(3, {1: rename_field, 2: drop_table}))
    assert storage.read() == {"tasks": {"1": {"process": 5}}}
    storage.write(storage.read() or {})
    with TinyDB(path) as database:
        assert database.table("schema").all() == [{"number": 3}]
        assert database.table("tasks").all() == [{"process": 5}]


def test_the_storage_serves_tinydb(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with TinyDB(path, JOBS, storage=AtomicStorage) as database:
        assert database.tables() == set()
        database.table("tags").insert_multiple([{"name": "x"}, {"name": "y"}])
        database.table("tags").update({"name": "z"}, where("name") == "y")
    with TinyDB(path) as stock:
        assert stock.table("tags").all() == [{"name": "x"}, {"name": "z"}]


def test_a_full_disk_refuses_the_whole_group(tmp_path: Path) -> None:
    store = saved(tmp_path)
    day = path_of(tmp_path, "2026112500000000000001").parent
    day.parent.joinpath(day.name).write_text("a file where a folder must be")
    with pytest.raises(OSError, match=day.name):
        store.commit([JobCommit(JOB, 1, {"tasks": {}}), JobCommit("2026112500000000000001", 0, RECORDS)])
    job = store.load(JOB)
    assert job == StoredJob(JOB, 1, RECORDS)
    assert not any(name.endswith(".tmp") for name in files_in(tmp_path))


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    saved(tmp_path)
    collection = tmp_path / "db" / "parties.json"
    for path in (path_of(tmp_path), path_of(tmp_path, OTHER), collection):
        write_temporary(path, b'{"half": ')
    foreign = path_of(tmp_path).parent / "notes.tmp"
    foreign.write_text("mine")
    store = TinyJobStore(tmp_path)
    open_collection(tmp_path, "parties")
    assert files_in(tmp_path) == {f"{JOB}.json", "notes.tmp"}
    assert store.job_ids() == [JOB]


def test_files_that_are_no_jobs_are_not_listed(tmp_path: Path) -> None:
    store = saved(tmp_path)
    day = path_of(tmp_path).parent
    for name in ("x.json", f"{OTHER}.json.damaged-20260101T000000.000000Z", f"{OTHER}.json.tmp", "readme"):
        (day / name).write_text("")
    (day.parent / "notaday").mkdir()
    (day.parent / "readme").write_text("")
    assert store.job_ids() == [JOB]


def test_a_settled_day_is_listed_from_memory_until_it_changes(tmp_path: Path) -> None:
    store = saved(tmp_path)
    day = path_of(tmp_path).parent
    os.utime(day, ns=(0, 0))
    assert store.job_ids() == [JOB]
    (day / f"{OTHER}.json").write_text("")
    os.utime(day, ns=(0, 0))
    assert store.job_ids() == [JOB]
    os.utime(day)
    assert store.job_ids() == [OTHER, JOB]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files in /proc")
def test_ended_jobs_do_not_fill_memory(tmp_path: Path) -> None:
    store = TinyJobStore(tmp_path, cached_jobs=3)
    before = len(os.listdir("/proc/self/fd"))
    ids = [f"20261124{number:012}" for number in range(10)]
    for job_id in ids:
        store.commit([JobCommit(job_id, 0, RECORDS)])
    assert all(store.load(job_id) for job_id in ids)
    assert len(os.listdir("/proc/self/fd")) <= before + 3
    assert store.commit([JobCommit(ids[0], 1, {"tasks": {}})]) == {ids[0]: 2}


def test_a_lock_that_is_not_free_in_time_names_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "a.lock"
    lock = FileLock(path, timeout=0.05)
    assert lock.holder() == ""
    with lock.held():
        assert lock.holder() == f"pid {os.getpid()} on {os.uname().nodename}"
        with pytest.raises(TimedOut, match=f"pid {os.getpid()} on"), lock.held():
            pytest.fail("held twice")
    with lock.held(), open(path) as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_removed_lock_file_locks_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    lock = FileLock(path, timeout=0.05)
    with lock.held():
        path.unlink()
        with lock.held():
            assert path.exists()


def test_locks_of_many_names_are_few_files(tmp_path: Path) -> None:
    stripes = LockStripes(tmp_path)
    names = [f"job{number}" for number in range(500)]
    with stripes.held(names), stripes.held([]):
        assert len(list(tmp_path.iterdir())) == 64


def test_a_save_is_on_the_disk_before_it_is_shown_and_shown_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power loss cannot be had in a test, so the order of the system calls is looked at."""
    store = saved(tmp_path)
    calls: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        calls.append("sync folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        fsync(descriptor)

    def noted_replace(source: Path, target: Path) -> None:
        calls.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)
    store.commit([JobCommit(JOB, 1, RECORDS)])
    assert calls == ["sync file", "rename", "sync folder"]
    calls.clear()
    store.commit([JobCommit(JOB, 2, RECORDS), JobCommit(OTHER, 0, RECORDS)])
    assert calls == ["sync file", "sync file", "rename", "rename", "sync folder"]
    calls.clear()
    store.commit([JobCommit("2026112600000000000001", 0, RECORDS)])
    assert calls == ["sync folder", "sync file", "rename", "sync folder"]
