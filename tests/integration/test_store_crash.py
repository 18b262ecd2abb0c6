"""Writers that are killed at random moments, and writers that race: nothing acknowledged is ever lost."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from tinydb import TinyDB

from fateflow_tui.core.ports import JobCommit
from fateflow_tui.store.collections import open_collection
from fateflow_tui.store.jobs import TinyJobStore
from fateflow_tui.store.storage import damaged_files

JOBS = ("202611240151070000001", "202611250000000000002")
KILLS = 30
ROOT = Path(__file__).parents[2]

# Commits to both jobs in one group and prints the version of each once it is acknowledged.
WRITER = """
import sys
from pathlib import Path
from fateflow_tui.core.ports import JobCommit
from fateflow_tui.store.collections import open_collection
from fateflow_tui.store.jobs import TinyJobStore

home, jobs = Path(sys.argv[1]), sys.argv[2:]
store, parties = TinyJobStore(home), open_collection(home, "parties")
versions = {job: (store.load(job).version if store.load(job) else 0) for job in jobs}
while True:
    changes = []
    for job, version in versions.items():
        entry = {"version": version + 1, "text": "x" * 200}
        changes.append(JobCommit(job, version, {"story": {f"{version:06}": entry}, "tasks": {"a": entry}}))
    versions = store.commit(changes)
    print("commit", *versions.values(), flush=True)
    print("put", parties.put("guest:9999", {"n": versions[jobs[0]]}), flush=True)
"""

# Adds 1 to a number so many times, each time on top of what the other has saved.
COUNTER = """
import sys
from pathlib import Path
from fateflow_tui.core.errors import StaleVersion
from fateflow_tui.core.ports import JobCommit
from fateflow_tui.store.collections import open_collection
from fateflow_tui.store.jobs import TinyJobStore

home, job, left = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store, tags = TinyJobStore(home), open_collection(home, "tags")
print("ready", flush=True)
sys.stdin.readline()
lost = 0
while left:
    seen, tag = store.load(job), tags.get("count")
    count = {"count": {"n": seen.tables["job"]["count"]["n"] + 1}}
    try:
        store.commit([JobCommit(job, seen.version, {"job": count})])
    except StaleVersion:
        lost += 1
        continue
    left -= 1
    while True:
        try:
            tags.put("count", {"n": tag.record["n"] + 1 if tag else 1}, tag.version if tag else 0)
            break
        except StaleVersion:
            tag = tags.get("count")
print(lost)
"""


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def acknowledged_until_killed(home: Path, delay: float) -> list[list[str]]:
    """Lets a writer work for `delay` seconds after its first word, kills it, returns the words that arrived whole."""
    with python(WRITER, home, *JOBS) as writer:
        assert writer.stdout is not None
        first = writer.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            writer.wait(delay)
        writer.kill()
        text = first + writer.stdout.read()
    return [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]


def test_every_acknowledged_commit_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random(20261124)
    saves = 0
    for _ in range(KILLS):
        words = acknowledged_until_killed(tmp_path, chance.uniform(0.0, 0.08))
        commits = [list(map(int, numbers)) for word, *numbers in words if word == "commit"]
        puts = [int(numbers[0]) for word, *numbers in words if word == "put"]
        assert commits
        saves += len(commits)
        assert sum(1 for _ in tmp_path.rglob("*.tmp")) <= len(JOBS) + 1

        for job_id, version in zip(JOBS, commits[-1], strict=True):
            with TinyDB(tmp_path / "db" / "jobs" / job_id[:8] / f"{job_id}.json") as database:
                story = database.table("story").all()
                task = database.table("tasks").all()[0]
            assert [entry["version"] for entry in story] == list(range(1, len(story) + 1))
            assert len(story) >= version
            assert task["version"] == len(story)
            job = TinyJobStore(tmp_path).load(job_id)
            assert job is not None
            assert job.version == len(story)
        party = open_collection(tmp_path, "parties").get("guest:9999")
        if puts:
            assert party is not None
            assert party.version >= puts[-1]
        assert not list(tmp_path.rglob("*.tmp"))
    assert damaged_files(tmp_path) == []
    assert sorted(TinyJobStore(tmp_path).job_ids()) == sorted(JOBS)
    assert saves > KILLS


def test_two_processes_lose_no_update(tmp_path: Path) -> None:
    store = TinyJobStore(tmp_path)
    store.commit([JobCommit(JOBS[0], 0, {"job": {"count": {"n": 0}}})])
    counters = [python(COUNTER, tmp_path, JOBS[0], 150) for _ in range(2)]
    for counter in counters:
        assert counter.stdout is not None
        assert counter.stdout.readline() == "ready\n"
    lost = 0
    for counter in counters:
        assert counter.stdin is not None
        counter.stdin.write("\n")
        counter.stdin.flush()
    for counter in counters:
        output, _ = counter.communicate(timeout=30)
        assert counter.returncode == 0
        lost += int(output)
    job = store.load(JOBS[0])
    assert job is not None
    assert job.tables["job"]["count"]["n"] == 300
    assert job.version == 301
    assert lost > 0, "the two never met, so nothing was tested"
    tag = open_collection(tmp_path, "tags").get("count")
    assert tag is not None
    assert tag.record == {"n": 300}
