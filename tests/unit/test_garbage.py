"""Which jobs, logs and tables are deleted, and which are kept although they are old or large."""

from __future__ import annotations

import msgspec
import pytest

from fateflow_tui.runtime.home.garbage import Chosen, JobFacts, choose
from fateflow_tui.runtime.home.survey import Table
from fateflow_tui.runtime.site_config import Retention

DAY = 86_400_000
NOW = 100 * DAY
MIB = 1 << 20


def table(job: str) -> Table:
    return (f"output_data_{job}_reader_0_0", "data")


def job(name: str, age: float, **facts: object) -> JobFacts:
    known = JobFacts(
        job_id=name,
        ended_at=round(NOW - age * DAY),
        sizes={"record": 1000, "logs": 2 * MIB},
        tables={table(name): 10 * MIB},
        uses=frozenset({table(name)}),
    )
    return msgspec.structs.replace(known, **facts)


def going(chosen: Chosen) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in chosen.items:
        found.setdefault(item.kind, []).append(item.job_id)
    return found


def pick(jobs: list[JobFacts], bound: list[Table] | None = None, **limits: float) -> Chosen:
    return choose(jobs, msgspec.convert(limits, Retention), bound or [], NOW)


JOBS = [job("5", 1), job("4", 10), job("3", 20), job("2", 40), job("1", 50)]


def test_without_limits_everything_stays() -> None:
    assert pick(JOBS) == Chosen([], {})


def test_jobs_go_by_age_with_all_that_is_theirs() -> None:
    chosen = pick(JOBS, jobs_days=30)
    assert going(chosen) == {"job": ["2", "1"]}
    assert chosen.items[0].size == 12 * MIB + 1000
    assert chosen.items[0].tables == (table("2"),)
    assert chosen.items[0].why == "jobs are kept for 30 days"


def test_jobs_go_by_size_the_oldest_first() -> None:
    assert going(pick(JOBS, jobs_mib=30)) == {"job": ["3", "2", "1"]}
    assert going(pick(JOBS, jobs_mib=1000)) == {}


@pytest.mark.parametrize("stays", ["it is live", "its model is registered"])
def test_protected_items_are_kept_and_reported(stays: str) -> None:
    jobs = [*JOBS[:4], job("1", 50, stays=stays)]
    chosen = pick(jobs, jobs_days=30)
    assert going(chosen) == {"job": ["2"]}
    assert chosen.kept == {"1": stays}


def test_a_job_that_runs_is_not_old() -> None:
    assert going(pick([job("1", 50, ended_at=0)], jobs_days=1, logs_days=1, tables_days=1, logs_mib=1)) == {}


def test_what_a_later_job_has_reused_stays_as_long_as_that_job() -> None:
    reuser = job("5", 1, reuses=frozenset({"2"}), uses=frozenset({table("2")}))
    chosen = pick([reuser, *JOBS[1:]], jobs_days=30)
    assert going(chosen) == {"job": ["1"]}
    assert chosen.kept == {"2": "job 5 reuses it"}
    chosen = pick([msgspec.structs.replace(reuser, ended_at=NOW - 45 * DAY), *JOBS[1:]], jobs_days=30)
    assert going(chosen) == {"job": ["5", "2", "1"]}


def test_a_chain_of_reuse_stays_whole() -> None:
    jobs = [job("3", 1, reuses=frozenset({"2"})), job("2", 40, reuses=frozenset({"1"})), job("1", 50)]
    assert pick(jobs, jobs_days=30) == Chosen([], {"2": "job 3 reuses it", "1": "job 2 reuses it"})


def test_a_job_whose_table_a_later_one_reads_stays() -> None:
    reader = job("5", 1, uses=frozenset({table("1")}))
    chosen = pick([reader, *JOBS[1:]], jobs_days=30)
    assert going(chosen) == {"job": ["2"]}
    assert "job 5 uses it" in chosen.kept["1"]


def test_a_table_that_serving_needs_stays() -> None:
    chosen = pick(JOBS, [table("1")], jobs_days=30, tables_days=15)
    assert going(chosen) == {"job": ["2"], "table": ["3"]}
    assert set(chosen.kept) == {"1", ".".join(table("1"))}


def test_logs_and_tables_have_limits_of_their_own() -> None:
    assert going(pick(JOBS, logs_days=15)) == {"logs": ["3", "2", "1"]}
    assert going(pick(JOBS, tables_mib=25)) == {"table": ["3", "2", "1"]}
    chosen = pick(JOBS, jobs_days=45, logs_days=15)
    assert going(chosen) == {"job": ["1"], "logs": ["3", "2"]}, "what goes with its job is not told twice"
    assert {item.size for item in chosen.items if item.kind == "logs"} == {2 * MIB}


def test_logs_of_a_job_that_must_stay_may_go() -> None:
    chosen = pick([job("1", 50, stays="its model is registered")], jobs_days=30, logs_days=30)
    assert going(chosen) == {"logs": ["1"]}
