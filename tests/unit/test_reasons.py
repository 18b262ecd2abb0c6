"""Explanations of a job's status, from its state and its site, and their text on the command line."""

from __future__ import annotations

import msgspec
import pytest

from fateflow_tui.core.cells import width
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import ComponentDirective, Directive, FailureCard, Phase, Refusal, StopRequest, Want
from fateflow_tui.core.plan import JobOptions, PartyDocument, Resources, TaskPlan
from fateflow_tui.core.records import JobState, PartyRecord, TaskRecord, WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import AwaitedValue, DurationStats, Heartbeat, Holding, SiteContext, Why, WorkerHealth
from fateflow_tui.sdk.types.jobs import JobWhy
from fateflow_tui.server.explain import explain
from fateflow_tui.server.explain.wording import free_at, listed, span
from fateflow_tui.server.job_views import job_view
from fateflow_tui.server.jobs import with_hints
from fateflow_tui.views.jobs import job_lines
from fateflow_tui.views.text import plain
from fateflow_tui.views.why import why_lines

HOST, GUEST = Party("host", "10000"), Party("guest", "9999")
NOW = 1_800_000_000_000
JOB = "202611240000000000001"


def state_of(status: Status, reason: str = "", *tasks: TaskRecord) -> JobState:
    """A job as the host's site has it, which does not drive it."""
    plans = [TaskPlan("sleep_0", "Sleep", [], {}), TaskPlan("sleep_1", "Sleep", ["sleep_0"], {})]
    need = Resources(2)
    document = PartyDocument(
        JOB, HOST, GUEST, {"guest": [9999], "host": [10000]}, {}, {}, {}, plans, need, need, JobOptions()
    )
    directive = Directive(JOB, HOST, GUEST, 1, 1, 1, Phase.RUN, status, reason=reason)
    record = PartyRecord(JOB, HOST, GUEST, status, NOW - 60_000, directive)
    return JobState(JOB, 1, None, None, {str(HOST): record}, {str(HOST): document}, {task.key: task for task in tasks})


def _from_driver(state: JobState, **facts: object) -> None:
    record = state.parties[str(HOST)]
    record.directive = msgspec.structs.replace(record.directive, **facts)


def task(status: Status, component: str = "sleep_0", **facts: object) -> TaskRecord:
    record = TaskRecord(JOB, component, "Sleep", 0, HOST, status, 77, started_at=NOW - 30_000)
    return msgspec.structs.replace(record, **facts)


def why(state: JobState, component: str = "", **facts: object) -> Why:
    around = msgspec.structs.replace(SiteContext(now=NOW, silent_after=10_000), **facts)
    found = explain(state, around, component).why
    assert found is not None
    return found


def vital(age: int, what: str = "progress", awaits: AwaitedValue | None = None) -> dict[str, WorkerHealth]:
    return {task(Status.RUNNING).key: WorkerHealth(Heartbeat(NOW - age, what, "3 of 9"), awaits, "File ...")}


def test_a_partner_tells_what_its_scheduler_knows() -> None:
    holders = [Holding("other", str(HOST), Resources(3), NOW + 5_000, here=True)]
    reason = WaitingReason("cores", "needs 2 cores", str(HOST), Resources(2), Resources(1), Resources(4))
    found = why(state_of(Status.WAITING), waiting=reason, holders=holders)
    assert (found.kind, found.cause, found.holders, found.estimate) == ("waiting", "cores", holders, NOW + 5_000)
    away = WaitingReason("peer", "no word from guest:9999", str(GUEST))
    found = why(state_of(Status.RUNNING, "", task(Status.RUNNING)), waiting=away, vitals=vital(0))
    assert (found.kind, found.cause, found.party) == ("waiting", "peer", str(GUEST))
    assert why(state_of(Status.WAITING)).cause == "turn"


def test_a_worker_is_silent_only_after_the_threshold() -> None:
    running = state_of(Status.RUNNING, "", task(Status.RUNNING))
    usual = {"Sleep/host": DurationStats(40_000, 3)}
    lively = why(running, vitals=vital(9_999), usual=usual)
    assert (lively.kind, lively.usual, lively.estimate) == ("running", 40_000, NOW + 10_000)
    assert "progress (3 of 9)" in lively.text
    silent = why(running, vitals=vital(10_000), usual=usual)
    assert (silent.kind, silent.party, silent.stack) == ("silent", str(HOST), "File ...")
    assert "no heartbeat for 10 s" in silent.text


def test_who_waits_for_another_party_is_not_silent() -> None:
    awaits = AwaitedValue("gradient", str(GUEST), NOW - 20_000)
    found = why(state_of(Status.RUNNING, "", task(Status.RUNNING)), vitals=vital(20_000, "value", awaits))
    assert (found.kind, found.awaits) == ("running", awaits)
    assert "has been waiting for gradient from guest:9999 for 20 s" in found.text


def test_the_first_cause_comes_first_and_consequences_last() -> None:
    def card(component: str, kind: str, cause: str) -> FailureCard:
        return FailureCard(HOST, component, 0, kind, cause, hint="mend it")

    first = task(Status.FAILED, "sleep_1", ended_at=NOW - 10, card=card("sleep_1", "memory", "too large"))
    later = task(Status.FAILED, "sleep_0", ended_at=NOW - 5, card=card("sleep_0", "exception", "KeyError"))
    found = why(state_of(Status.FAILED, "it failed", later, first))
    assert [one.component for one in found.cards] == ["sleep_1", "sleep_0"]
    assert (found.cause, found.hint) == ("memory", "mend it")
    assert "1 other task also failed" in found.text
    ended = task(Status.CANCELED, ended_at=NOW - 20, card=card("sleep_0", "canceled", "its job ended"))
    assert why(state_of(Status.FAILED, "", ended, first)).cause == "memory"
    alone = why(state_of(Status.FAILED, "lr_0 failed at guest:9999", ended))
    assert (alone.cause, alone.text) == ("elsewhere", "lr_0 failed at guest:9999")


def test_a_stop_is_explained_with_its_origin_also_where_only_the_driver_s_directive_came() -> None:
    state = state_of(Status.CANCELED, "stopped by ann@desk at guest:9999: wrong: data")
    _from_driver(state, stop=StopRequest(Status.CANCELED, "ann@desk", NOW - 5, "wrong: data", str(GUEST)))
    found = why(state)
    assert (found.cause, found.by, found.party, found.reason) == ("stop", "ann@desk", str(GUEST), "wrong: data")
    state = state_of(Status.CANCELED, "stopped by bob at host:10000")
    state.parties[str(HOST)].stop = StopRequest(Status.CANCELED, "bob", NOW - 5, party=str(HOST))
    found = why(state)
    assert (found.by, found.party, found.since) == ("bob", str(HOST), NOW - 5)
    assert why(state_of(Status.CANCELED, "no idea")).cause == "job"


@pytest.mark.parametrize(
    ("code", "lacks", "cause"),
    [
        ("not_granted", {"component": ["HeteroLR"], "dataset": ["a.b"]}, "dataset"),
        ("not_granted", {"role": ["host"], "command": ["run"]}, "role"),
        ("not_found", {"module": ["Rare"]}, "module"),
        ("party_refused", {}, "capacity"),
        ("damaged_file", {}, "other"),
    ],
)
def test_what_a_refusal_lacks(code: str, lacks: dict[str, list[str]], cause: str) -> None:
    state = state_of(Status.FAILED)
    state.parties[str(HOST)].refusal = Refusal(code, "it will not", 103, lacks)
    found = why(state)
    assert (found.kind, found.cause, found.party, found.lacks) == ("refused", cause, str(HOST), lacks)
    assert found.hint
    assert ("fateflow party grant guest:9999" in found.hint) == (code == "not_granted")


def test_reuse_names_its_source() -> None:
    taken = task(Status.SUCCESS, reused_from="older", ended_at=NOW)
    assert why(state_of(Status.SUCCESS, "", taken), "sleep_0").job_id == "older"


def test_room_comes_when_enough_holders_have_ended() -> None:
    holders = [Holding("b", "x", Resources(2), 200), Holding("a", "x", Resources(1), 100)]
    assert free_at(Resources(2), Resources(1), holders, memory_counts=False) == 100
    assert free_at(Resources(4), Resources(1), holders, memory_counts=False) == 200
    assert free_at(Resources(9), Resources(1), holders, memory_counts=False) == 0
    assert free_at(Resources(1, 50), Resources(1, 10), holders, memory_counts=True) == 0
    assert free_at(Resources(4), Resources(1), [*holders, Holding("c", "x", Resources(9))], memory_counts=False) == 200


def test_words() -> None:
    assert [span(ms) for ms in (0, 400, 9_960, 61_000, 250_000, 7_500_000, 90_000_000)] == [
        "0.0 s",
        "0.4 s",
        "10 s",
        "1 min 1 s",
        "4 min 10 s",
        "2 h 5 min",
        "1 d 1 h",
    ]
    assert [listed(list(names)) for names in ("", "a", "ab", "abcd", "abcde")] == [
        "",
        "a",
        "a and b",
        "a, b, c and d",
        "a, b, c and 2 more",
    ]


def test_everything_fits_into_eighty_columns() -> None:
    holders = [Holding("202611240000000000002", "host:10000", Resources(16, 2048), NOW + 500_000)]
    text = "needs 16 cores at host:10000, 3 of 16 are free; held by 202611240000000000002 (16 cores) and nobody else"
    reason = Why(
        kind="waiting",
        cause="cores",
        text=text,
        since=NOW - 5_000,
        estimate=NOW + 500_000,
        basis="how long the same modules took here before",
        holders=holders,
        hint="it goes on when they end; stop one: fateflow job stop 202611240000000000002",
    )
    found = JobWhy(job_id=JOB, status=Status.WAITING, why=reason, further=[reason])
    lines = list(map(plain, why_lines(found, NOW, width=80)))
    assert max(map(width, lines)) <= 80
    assert any("held by" in line for line in lines)
    assert not any(line.endswith((" 3", " 16", " 2048")) for line in lines), "a figure was cut off from its unit"
    [*_, last] = map(plain, why_lines(JobWhy(job_id=JOB, status=Status.WAITING, why=reason), NOW))
    assert last.endswith("fateflow job stop 202611240000000000002")


def test_a_party_reports_failures_elsewhere_from_its_driver() -> None:
    card = FailureCard(GUEST, "sleep_0", 0, "memory", "it needs 90 MiB more", hint="raise task_memory")
    late = FailureCard(HOST, "sleep_0", 0, "exception", "OSError: the guest is gone", log=["said"])
    own = task(Status.FAILED, card=late, ended_at=NOW - 5)
    for tasks, cards in (((task(Status.SUCCESS),), [card]), ((own,), [card, late])):
        state = state_of(Status.FAILED, "sleep_0 failed at guest:9999: it needs 90 MiB more", *tasks)
        record = state.parties[str(HOST)]
        record.directive = msgspec.structs.replace(record.directive, phase=Phase.FINISH, failure=card)
        found = why(state)
        assert (found.kind, found.cause, found.component, found.party) == ("failed", "memory", "sleep_0", str(GUEST))
        assert found.cards == cards
        assert found.hint == "raise task_memory; ask guest:9999: its site has the log and the complete failure card"
        assert explain(state, SiteContext(now=NOW)).cards == cards
        lines = list(map(plain, why_lines(explain(state, SiteContext(now=NOW)), NOW)))
        assert f"hint      {found.hint}" in lines
        assert "✗ sleep_0 failed at guest:9999" in lines


def test_a_partner_says_who_refused() -> None:
    state = state_of(Status.FAILED, "arbiter:10001 refused: it may not run Sleep")
    _from_driver(state, refused_by="arbiter:10001")
    found = why(state)
    assert (found.kind, found.party, found.text) == (
        "refused",
        "arbiter:10001",
        "arbiter:10001 refused: it may not run Sleep",
    )
    assert found.hint == "arbiter:10001 must resolve it; then guest:9999 can submit again"


def test_a_task_that_was_ended_for_another_is_not_called_failed() -> None:
    ended = FailureCard(HOST, "sleep_0", 0, "canceled", "stopped by alice at guest:9999")
    state = state_of(Status.CANCELED, "stopped by alice at guest:9999", task(Status.CANCELED, card=ended))
    lines = list(map(plain, job_lines(job_view(state), NOW)))
    assert "■ sleep_0 was canceled at host:10000" in lines


def test_a_partner_whose_own_part_is_over_does_not_claim_that_nothing_runs() -> None:
    state = state_of(Status.RUNNING, "", task(Status.SUCCESS))
    record = state.parties[str(HOST)]
    order = ComponentDirective(0, Want.RUN, Status.RUNNING)
    record.directive = msgspec.structs.replace(record.directive, components={"sleep_0": order})
    found = why(state)
    assert (found.kind, found.component) == ("running", "sleep_0")
    assert found.text == (
        "sleep_0 has ended here (success); its driver has not confirmed that it has ended at all parties"
    )
    state = state_of(Status.CANCELED, "stopped by ann at guest:9999")
    _from_driver(state, stop=StopRequest(Status.CANCELED, "ann", NOW - 5, party=str(GUEST)))
    canceled = why(state)
    assert canceled.hint == f"at the site of guest:9999, run the rest: fateflow job rerun {JOB}"


def test_the_api_has_hints_beside_their_earlier_names() -> None:
    card = FailureCard(HOST, "lr_0", 0, "memory", "killed", hint="raise task_memory")
    found = Why(kind="failed", text="lr_0 failed", hint="raise task_memory", cards=[card])
    members = with_hints([found])[0]
    assert members["hint"] == members["mend"] == members["cards"][0]["hint"] == members["cards"][0]["fix"]
    assert msgspec.convert(members, Why) == found
