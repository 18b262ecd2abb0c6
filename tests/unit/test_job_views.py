"""A job in a list: where it failed first, and what it does."""

from __future__ import annotations

from typing import Any

import pytest

from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Directive, FailureCard, Phase
from fateflow_tui.core.plan import JobOptions, PartyDocument, Resources, TaskPlan
from fateflow_tui.core.records import DriverRecord, JobState, PartyRecord, TaskRecord
from fateflow_tui.core.status import Status
from fateflow_tui.server.job_views import first_failed, job_line, summary_of

GUEST, HOST, LOCAL = Party("guest", "9999"), Party("host", "10000"), Party("local", "0")
JOB = "202611240000000000001"


def _task(party: Party, status: Status, ended_at: int, version: int = 0) -> TaskRecord:
    return TaskRecord(JOB, "sleep_0", "Sleep", version, party, status, ended_at=ended_at)


def _state(*tasks: TaskRecord, driver: DriverRecord | None = None, card: FailureCard | None = None) -> JobState:
    parties = {
        str(party): PartyRecord(
            JOB,
            party,
            GUEST,
            Status.FAILED,
            1,
            Directive(JOB, party, GUEST, 1, 1, 1, Phase.RUN, Status.FAILED, failure=card),
        )
        for party in (GUEST, HOST)
    }
    documents = {str(party): _document(party, TaskPlan("sleep_0", "Sleep", [], {})) for party in (GUEST, HOST)}
    return JobState(JOB, 1, None, driver, parties, documents, {task.key: task for task in tasks})


def _document(initiator: Party, *tasks: TaskPlan, **parameters: Any) -> PartyDocument:
    need = Resources(1)
    return PartyDocument(JOB, initiator, initiator, {}, {}, {}, parameters, list(tasks), need, need, JobOptions())


def test_the_party_whose_task_ended_first_is_where_it_failed() -> None:
    state = _state(_task(GUEST, Status.FAILED, 5), _task(HOST, Status.FAILED, 9))
    assert first_failed(state) == job_line(state).failed_at == ["guest:9999"]
    assert first_failed(_state(_task(GUEST, Status.CANCELED, 5), _task(HOST, Status.FAILED, 9))) == ["host:10000"]


def test_nothing_failed_in_the_newest_run() -> None:
    assert first_failed(_state(_task(GUEST, Status.FAILED, 5), _task(GUEST, Status.SUCCESS, 9, version=1))) == []
    assert first_failed(_state(_task(GUEST, Status.CANCELED, 5))) == []


def test_a_failure_elsewhere_comes_from_the_driver() -> None:
    card = FailureCard(Party("arbiter", "1"), "sleep_0", 0, "exit", "exit status 1")
    assert first_failed(_state(_task(GUEST, Status.FAILED, 5), card=card)) == ["arbiter:1"]


def test_a_refusal_counts_as_a_failure_of_its_party() -> None:
    driver = DriverRecord(JOB, Status.FAILED, 1, 1, {}, {}, refused_by="host:10000")
    assert first_failed(_state(driver=driver)) == ["host:10000"]


_READ = {"table": {"namespace": "experiment", "name": "people"}}


@pytest.mark.parametrize(
    ("document", "summary"),
    [
        (_document(GUEST, TaskPlan("a", "Sleep", [], {}), TaskPlan("b", "Sleep", [], {})), "train Sleep"),
        (
            _document(GUEST, *(TaskPlan(one, one, [], {}) for one in "ABCD"), job_type="predict"),
            "predict A, B, C, …",
        ),
        (_document(GUEST, TaskPlan("a", "Reader", [], _READ), TaskPlan("b", "Sleep", [], {})), "train people"),
        (_document(LOCAL, TaskPlan("a", "Upload", [], {"namespace": "n", "name": "t"})), "upload t"),
    ],
)
def test_the_summary_names_the_kind_and_the_tables_or_modules(document: PartyDocument, summary: str) -> None:
    assert summary_of(document) == summary
