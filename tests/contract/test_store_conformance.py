"""One suite for both stores: what holds on disk holds in the simulator's memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.core.errors import DamagedFile, JobNotFound, StaleEpoch, StaleVersion
from fateflow_tui.core.ports import JobCommit, JobStore, RecordCollection, StoredJob, Versioned
from fateflow_tui.store.collections import open_collection
from fateflow_tui.store.jobs import TinyJobStore
from fateflow_tui.store.memory import MemoryCollection, MemoryJobStore

JOB = "202611240151070000001"
OTHER = "202611240151080000002"
ODD_IDS = [
    "",
    ".",
    "..",
    "../../etc/passwd",
    "20261124/../../x",
    "20261124\0",
    "20261124 x",
    "20261124\n",
    "2026112",
    "x" * 20,
    "٢٠٢٦١١٢٤",
    "20261124" + "0" * 300,
]


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> JobStore:
    return TinyJobStore(tmp_path) if request.param == "disk" else MemoryJobStore()


@pytest.fixture(params=["disk", "memory"])
def collection(request: pytest.FixtureRequest, tmp_path: Path) -> RecordCollection:
    return open_collection(tmp_path, "parties") if request.param == "disk" else MemoryCollection("parties")


def change(version: int = 0, job_id: str = JOB, epoch: int = 0, **tables: dict[str, dict[str, Any]]) -> JobCommit:
    return JobCommit(job_id, version, tables, epoch)


def loaded(store: JobStore, job_id: str = JOB) -> StoredJob:
    job = store.load(job_id)
    assert job is not None
    return job


def test_a_new_job_is_loaded_as_it_was_saved(store: JobStore) -> None:
    records: dict[str, dict[str, dict[str, Any]]] = {
        "job": {"driver": {"status": "waiting"}},
        "tasks": {"guest:9999/a_0/0": {"pid": 0}},
    }
    assert store.commit([JobCommit(JOB, 0, records)]) == {JOB: 1}
    assert loaded(store) == StoredJob(JOB, 1, records)


def test_a_job_that_makes_no_sense_is_set_aside(store: JobStore) -> None:
    store.commit([change(job={"driver": {"status": 17}}), change(job_id=OTHER, job={"driver": {}})])
    damage = store.set_aside(JOB, "expected `str`")
    assert isinstance(damage, DamagedFile)
    assert JOB in damage.message
    assert "expected `str`" in damage.message
    assert store.load(JOB) is None
    assert store.job_ids() == [OTHER]


def test_a_commit_replaces_the_records_it_names_and_keeps_the_others(store: JobStore) -> None:
    store.commit([change(tasks={"a": {"status": "waiting", "pid": 1}, "b": {"status": "waiting"}})])
    store.commit([change(1, tasks={"a": {"status": "running"}}, story={"000000": {"what": "TaskStarted"}})])
    assert loaded(store).tables == {
        "tasks": {"a": {"status": "running"}, "b": {"status": "waiting"}},
        "story": {"000000": {"what": "TaskStarted"}},
    }


def test_records_keep_the_order_in_which_they_came(store: JobStore) -> None:
    keys = [f"{number:06}" for number in range(30)]
    for version, key in enumerate(keys):
        store.commit([change(version, story={key: {"at": version}})])
    assert list(loaded(store).tables["story"]) == keys


def test_a_change_of_an_older_version_is_refused_and_changes_nothing(store: JobStore) -> None:
    store.commit([change(tasks={"a": {"n": 1}})])
    store.commit([change(1, tasks={"a": {"n": 2}})])
    for version in (0, 1, 3):
        with pytest.raises(StaleVersion, match=JOB) as caught:
            store.commit([change(version, tasks={"a": {"n": 9}})])
        assert caught.value.data == {"job_id": JOB, "version": 2}
    assert loaded(store) == StoredJob(JOB, 2, {"tasks": {"a": {"n": 2}}})


def test_one_stale_change_keeps_the_whole_group_from_being_saved(store: JobStore) -> None:
    store.commit([change(job_id=OTHER, tasks={"a": {"n": 1}})])
    with pytest.raises(StaleVersion, match=OTHER):
        store.commit([change(tasks={"a": {"n": 1}}), change(0, OTHER, tasks={"a": {"n": 2}})])
    assert store.load(JOB) is None
    assert loaded(store, OTHER).tables == {"tasks": {"a": {"n": 1}}}


def test_a_group_is_saved_with_a_version_for_each_job(store: JobStore) -> None:
    store.commit([change(tasks={"a": {}})])
    versions = store.commit([change(1, tasks={"a": {"n": 1}}), change(job_id=OTHER, tasks={"b": {}})])
    assert versions == {JOB: 2, OTHER: 1}
    assert loaded(store).tables["tasks"] == {"a": {"n": 1}}
    assert loaded(store, OTHER).tables["tasks"] == {"b": {}}
    assert store.commit([]) == {}


def test_two_changes_of_one_job_are_made_one_upon_the_other(store: JobStore) -> None:
    assert store.commit([change(0, tasks={"a": {"n": 1}}), change(1, tasks={"b": {"n": 2}})]) == {JOB: 2}
    assert loaded(store).tables["tasks"] == {"a": {"n": 1}, "b": {"n": 2}}


def test_what_was_given_or_got_is_not_shared_with_the_store(store: JobStore) -> None:
    given = {"nested": {"list": [1, 2]}}
    store.commit([change(tasks={"a": given})])
    given["nested"]["list"].append(3)
    got = loaded(store)
    got.tables["tasks"]["a"]["nested"]["list"].clear()
    got.tables["tasks"]["b"] = {}
    assert loaded(store).tables == {"tasks": {"a": {"nested": {"list": [1, 2]}}}}


def test_any_text_is_kept(store: JobStore) -> None:
    record = {"描述": '逻辑回归 🚀 \u0000 " \\ \n é', "n": -1.5e-300, "big": 2**63 - 1, "none": None, "yes": True}
    key = 'guest:9999/组件 "0"/0'
    store.commit([change(任务={key: record})])
    assert loaded(store).tables == {"任务": {key: record}}


def test_a_large_job_is_kept(store: JobStore) -> None:
    tasks = {f"host:{party}/c_{n}/0": {"log": ["x" * 100] * 5, "n": n} for party in range(5) for n in range(300)}
    store.commit([JobCommit(JOB, 0, {"tasks": tasks})])
    store.commit([change(1, tasks={"host:0/c_7/0": {"n": -7}})])
    expected = tasks | {"host:0/c_7/0": {"n": -7}}
    assert loaded(store).tables["tasks"] == expected


@pytest.mark.parametrize("records", [{"meta": {}}, {"schema": {}}, {"tasks": {"a": {"_key": "b"}}}])
def test_names_of_the_stores_own_are_refused(store: JobStore, records: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="reserved"):
        store.commit([JobCommit(JOB, 0, records)])
    assert store.load(JOB) is None


def test_a_record_that_is_no_json_is_refused_and_changes_nothing(store: JobStore) -> None:
    store.commit([change(tasks={"a": {"n": 1}})])
    with pytest.raises(TypeError):
        store.commit([change(job_id=OTHER, tasks={"a": {}}), change(1, tasks={"a": {"n": object()}})])
    assert loaded(store) == StoredJob(JOB, 1, {"tasks": {"a": {"n": 1}}})
    assert store.load(OTHER) is None


def test_jobs_are_listed_newest_first(store: JobStore) -> None:
    old, first, ninth, tenth, new = (
        "202512312359599999991",
        "202601010000000000001",
        "202601010000000000009",
        "2026010100000000000010",
        "202601020000000000003",
    )
    for job_id in (ninth, new, old, tenth, first):
        store.commit([change(job_id=job_id)])
    assert store.job_ids() == [new, tenth, ninth, first, old]
    store.delete(tenth)
    assert store.job_ids() == [new, ninth, first, old]


def test_a_deleted_job_is_gone_and_may_be_made_anew(store: JobStore) -> None:
    store.commit([change(tasks={"a": {}})])
    store.delete(JOB)
    assert store.load(JOB) is None
    assert store.job_ids() == []
    with pytest.raises(StaleVersion):
        store.commit([change(1, tasks={"a": {}})])
    store.delete(JOB)
    assert store.commit([change(tasks={"b": {}})]) == {JOB: 1}
    assert loaded(store).tables == {"tasks": {"b": {}}}


def test_an_unknown_job_is_none(store: JobStore) -> None:
    assert store.load(JOB) is None
    assert store.job_ids() == []
    store.delete(JOB)


@pytest.mark.parametrize("job_id", ODD_IDS)
def test_what_cannot_be_a_job_id_reaches_nothing(store: JobStore, job_id: str) -> None:
    assert store.load(job_id) is None
    calls: list[Callable[[], object]] = [
        lambda: store.commit([change(job_id=job_id, tasks={"a": {}})]),
        lambda: store.advance_epoch(job_id),
        lambda: store.delete(job_id),
    ]
    for call in calls:
        with pytest.raises(JobNotFound):
            call()
    assert store.job_ids() == []


def test_the_first_commit_brings_the_epoch_along(store: JobStore) -> None:
    assert store.commit([change(epoch=3, tasks={"t": {}})]) == {JOB: 1}
    with pytest.raises(StaleEpoch):
        store.commit([change(1, epoch=2)])
    assert store.commit([change(1, epoch=3)]) == {JOB: 2}
    assert store.advance_epoch(JOB) == 4


def test_a_former_driver_is_fenced_off(store: JobStore) -> None:
    store.commit([change()])
    assert store.advance_epoch(JOB) == 1
    assert store.commit([change(1, epoch=1, tasks={"t": {"by": "a"}})]) == {JOB: 2}
    assert store.advance_epoch(JOB) == 2
    with pytest.raises(StaleEpoch, match=JOB) as caught:
        store.commit([change(2, epoch=1, tasks={"t": {"by": "a again"}})])
    assert caught.value.data == {"job_id": JOB, "epoch": 2}
    assert store.commit([change(2, epoch=2, tasks={"t": {"by": "b"}})]) == {JOB: 3}
    with pytest.raises(StaleEpoch):
        store.commit([change(3, epoch=7)])
    assert loaded(store).tables["tasks"] == {"t": {"by": "b"}}


def test_a_change_without_epoch_is_only_compared_by_version(store: JobStore) -> None:
    store.commit([change()])
    store.advance_epoch(JOB)
    assert store.commit([change(1, tasks={"t": {}})]) == {JOB: 2}
    with pytest.raises(StaleEpoch):
        store.commit([change(2, epoch=2)])


def test_a_new_epoch_changes_no_version(store: JobStore) -> None:
    store.commit([change(tasks={"t": {"n": 1}})])
    assert (store.advance_epoch(JOB), store.advance_epoch(JOB)) == (1, 2)
    assert loaded(store) == StoredJob(JOB, 1, {"tasks": {"t": {"n": 1}}})


def test_an_epoch_can_begin_before_the_first_commit(store: JobStore) -> None:
    assert store.advance_epoch(JOB) == 1
    assert store.load(JOB) is None
    with pytest.raises(StaleEpoch):
        store.commit([change(epoch=2)])
    assert store.commit([change(epoch=1, tasks={"t": {}})]) == {JOB: 1}


def test_threads_that_race_on_disk_lose_no_update(tmp_path: Path) -> None:
    store = TinyJobStore(tmp_path)
    store.commit([change(tasks={"count": {"n": 0}})])

    def count(times: int) -> None:
        while times:
            job = loaded(store)
            n = job.tables["tasks"]["count"]["n"] + 1
            try:
                store.commit([change(job.version, tasks={"count": {"n": n}})])
            except StaleVersion:
                continue
            times -= 1

    threads = [threading.Thread(target=count, args=(40,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loaded(store) == StoredJob(JOB, 121, {"tasks": {"count": {"n": 120}}})


def test_a_snapshot_of_the_memory_keeps_what_was_saved_before_it() -> None:
    store = MemoryJobStore()
    store.commit([change(tasks={"t": {"n": 1}})])
    store.advance_epoch(JOB)
    copy = store.snapshot()
    store.commit([change(1, tasks={"t": {"n": 2}}), change(job_id=OTHER)])
    assert copy.job_ids() == [JOB]
    assert loaded(copy) == StoredJob(JOB, 1, {"tasks": {"t": {"n": 1}}})
    assert copy.advance_epoch(JOB) == 2
    copy.delete(JOB)
    assert loaded(store).version == 2


def test_a_collection_keeps_records_by_key(collection: RecordCollection) -> None:
    assert collection.get("guest:9999") is None
    assert collection.all() == {}
    first = collection.put("guest:9999", {"url": "http://a", "key": "k", "version": 7})
    second = collection.put("host:*", {"url": "http://b"})
    assert collection.all() == {
        "guest:9999": Versioned(first, {"url": "http://a", "key": "k", "version": 7}),
        "host:*": Versioned(second, {"url": "http://b"}),
    }
    third = collection.put("guest:9999", {"公钥": "é"})
    assert collection.get("guest:9999") == Versioned(third, {"公钥": "é"})
    assert list(collection.all()) == ["guest:9999", "host:*"]


def test_a_collection_compares_versions(collection: RecordCollection) -> None:
    first = collection.put("a", {"n": 1}, expected_version=0)
    with pytest.raises(StaleVersion, match="'a'"):
        collection.put("a", {"n": 2}, expected_version=0)
    second = collection.put("a", {"n": 2}, expected_version=first)
    assert second > first
    with pytest.raises(StaleVersion):
        collection.put("a", {"n": 3}, expected_version=first)
    with pytest.raises(StaleVersion):
        collection.delete("a", expected_version=first)
    with pytest.raises(StaleVersion):
        collection.delete("b", expected_version=1)
    assert collection.all() == {"a": Versioned(second, {"n": 2})}


def test_a_record_made_anew_never_repeats_a_version(collection: RecordCollection) -> None:
    first = collection.put("a", {})
    collection.delete("a", expected_version=first)
    collection.delete("a")
    assert collection.get("a") is None
    again = collection.put("a", {}, expected_version=0)
    assert again > first


def test_a_collection_shares_nothing_with_its_callers(collection: RecordCollection) -> None:
    given: dict[str, Any] = {"list": [1]}
    collection.put("a", given)
    given["list"].append(2)
    got = collection.get("a")
    assert got is not None
    got.record["list"].append(3)
    assert collection.all()["a"].record == {"list": [1]}


def test_a_collection_refuses_fields_of_its_own(collection: RecordCollection) -> None:
    for field in ("_key", "_version"):
        with pytest.raises(ValueError, match=field):
            collection.put("a", {field: 1})
    assert collection.all() == {}


def test_a_snapshot_of_a_collection_stands_still() -> None:
    collection = MemoryCollection("tags")
    collection.put("a", {})
    copy = collection.snapshot()
    collection.put("b", {})
    assert list(copy.all()) == ["a"]


@pytest.mark.parametrize("name", ["../x", "meta", "schema", "", "A", "a.b"])
def test_a_collection_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="invalid collection name"):
        open_collection(tmp_path, name)
