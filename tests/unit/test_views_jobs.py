"""A job as a row: what it is called, what happens now, and where it failed."""

from __future__ import annotations

from fateflow_tui.core.records import WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import JobLine
from fateflow_tui.views.jobs import JOB_TITLES, happening, job_name, job_row, party_statuses

PARTIES = {"guest:9999": Status.FAILED, "host:10000": Status.FAILED, "arbiter:1": Status.SUCCESS}
FAILED = JobLine(job_id="202601010000001234", status=Status.FAILED, parties=PARTIES, reason="no column", name="churn")


def test_the_row_begins_with_the_name_and_a_short_id() -> None:
    row = dict(zip(JOB_TITLES, job_row(FAILED, 0, 4), strict=True))
    assert (row["NAME"], row["JOB"], row["NOW"]) == ("churn", "1234", "no column")
    assert job_row(FAILED, 0)[1] == FAILED.job_id


def test_a_whole_row_shortens_nothing() -> None:
    line = JobLine(job_id="1", status=Status.FAILED, name="n" * 300, reason="r" * 300)
    row, whole = (dict(zip(JOB_TITLES, job_row(line, 0, whole=one), strict=True)) for one in (False, True))
    assert len(row["NAME"]) < 300 > len(row["NOW"])
    assert (whole["NAME"], whole["NOW"]) == (line.name, line.reason)


def test_notes_come_before_the_name_and_both_before_the_summary() -> None:
    line = JobLine(job_id="1", status=Status.SUCCESS, description="notes\nmore", name="churn", summary="train Sleep")
    assert job_name(line).startswith("notes")
    assert job_name(JobLine(job_id="1", status=Status.SUCCESS, name="churn", summary="train Sleep")) == "churn"
    assert job_name(JobLine(job_id="1", status=Status.SUCCESS, summary="train Sleep")) == "train Sleep"


def test_now_is_blank_unless_something_happens_or_went_wrong() -> None:
    assert happening(JobLine(job_id="1", status=Status.SUCCESS, reason="all succeeded", name="churn")) == ""
    assert happening(JobLine(job_id="1", status=Status.RUNNING, running=["a", "b"])) == "a, b"
    waiting = WaitingReason("cores", "needs 4 cores")
    assert happening(JobLine(job_id="1", status=Status.WAITING, waiting=waiting)) == "needs 4 cores"


def test_only_the_party_that_failed_first_is_shown_as_failed() -> None:
    from msgspec.structs import replace

    shown = party_statuses(replace(FAILED, failed_at=["guest:9999"]))
    assert list(shown.values()) == [Status.FAILED, Status.CANCELED, Status.SUCCESS]
    assert party_statuses(replace(FAILED, failed_at=["host:7"]))["guest:9999"] is Status.CANCELED
    assert party_statuses(FAILED) == PARTIES, "unknown where it failed"
