"""What one site makes of another's messages: late, repeated, foreign, or about a job that it does not know."""

from __future__ import annotations

import msgspec
import pytest

from fateflow_tui.core.effects import Effect, SendAcknowledgement, SendDirective, SendReport, StartTask
from fateflow_tui.core.errors import BadRequest, Conflict
from fateflow_tui.core.events import (
    DirectiveReceived,
    JobSubmitted,
    PeerFailed,
    ReportAcknowledged,
    ReportReceived,
    TaskEnded,
    TaskStarted,
    TimePassed,
)
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, FailureCard, Phase, Refusal, Report
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.records import TaskOutput
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import ProcessExit, TaskOutcome
from fateflow_tui.engine import Engine, SiteFacts
from tests.simulation.engine_world import GUEST, HOST, chain
from tests.simulation.scenario import plan_job
from tests.simulation.world import BEGIN

JOB = "202601010001"
PAIR = [GUEST, HOST]


class Pair:
    """The engines of guest:9999, which drives, and host:10000; the test is the network between them."""

    def __init__(self) -> None:
        self.guest = Engine(SiteFacts("guest", Resources(20), frozenset({"9999"})))
        self.host = Engine(SiteFacts("host", Resources(20), frozenset({"10000"})))
        self.at = BEGIN
        self.directives: list[Directive] = []
        self.reports: list[Report] = []
        self.starts: list[StartTask] = []
        self.acknowledged: list[Acknowledgement] = []

    def collect(self, effects: list[Effect]) -> None:
        self.directives += [e.directive for e in effects if isinstance(e, SendDirective)]
        self.reports += [e.report for e in effects if isinstance(e, SendReport)]
        self.starts += [e for e in effects if isinstance(e, StartTask)]
        self.acknowledged += [e.acknowledgement for e in effects if isinstance(e, SendAcknowledgement)]
        for engine in (self.guest, self.host):
            engine.committed({change.job_id: change.version + 1 for change in engine.take_commits()})

    def submit(self) -> None:
        self.collect(self.guest.handle(JobSubmitted(self.at, chain(length=2, parties=PAIR))))

    def direct(self, directive: Directive, refusal: Refusal | None = None) -> None:
        self.at += 1
        self.collect(self.host.handle(DirectiveReceived(self.at, directive, refusal)))

    def report(self, report: Report) -> None:
        self.at += 1
        self.collect(self.guest.handle(ReportReceived(self.at, report)))

    def exchange(self) -> None:
        """Delivers the newest of each until the host runs its first task."""
        while not any(start.party == HOST for start in self.starts):
            self.direct(self.directives[-1])
            self.report(self.reports[-1])


@pytest.fixture
def pair() -> Pair:
    pair = Pair()
    pair.submit()
    return pair


def test_the_document_goes_along_until_the_party_holds_it(pair: Pair) -> None:
    assert pair.directives[-1].document is not None
    pair.exchange()
    assert pair.directives[-1].phase is Phase.RUN
    assert pair.directives[-1].document is None
    assert set(pair.directives[-1].components) == {"step_0", "step_1"}


def test_older_and_repeated_directives_change_nothing_but_are_answered(pair: Pair) -> None:
    pair.exchange()
    state = pair.host.job(JOB)
    before = msgspec.json.encode(state)
    seen = pair.reports[-1]
    for directive in pair.directives:
        pair.direct(directive)
        assert pair.reports[-1] == seen
    after = msgspec.json.decode(msgspec.json.encode(state))
    expected = msgspec.json.decode(before)
    for record in (*after["parties"].values(), *expected["parties"].values()):
        for moment in ("heard_at", "reported_at", "attempts"):
            record.pop(moment)
    assert after == expected
    assert len(pair.starts) == 2


def test_older_and_repeated_reports_change_nothing_but_are_acknowledged(pair: Pair) -> None:
    pair.exchange()
    pair.report(pair.reports[-1])
    state = pair.guest.job(JOB)
    assert state is not None
    assert state.driver is not None
    newest = state.driver.parties[str(HOST)].report
    version = state.version
    for report in pair.reports:
        pair.report(report)
        assert pair.acknowledged[-1] == Acknowledgement(JOB, HOST, report.seq)
    assert state.driver.parties[str(HOST)].report == newest
    assert state.version == version


def test_a_former_drivers_directives_are_ignored(pair: Pair) -> None:
    pair.exchange()
    newer = msgspec.structs.replace(pair.directives[-1], epoch=2, revision=pair.directives[-1].revision + 1)
    pair.direct(newer)
    pair.direct(msgspec.structs.replace(newer, epoch=1, revision=newer.revision + 5, phase=Phase.FINISH))
    state = pair.host.job(JOB)
    assert state is not None
    assert state.parties[str(HOST)].status is Status.RUNNING
    assert state.parties[str(HOST)].directive.epoch == 2


def test_another_party_cannot_take_over_a_job(pair: Pair) -> None:
    pair.exchange()
    intruder = msgspec.structs.replace(
        pair.directives[-1], driver=Party("guest", "666"), epoch=9, revision=99, phase=Phase.FINISH
    )
    pair.direct(intruder)
    state = pair.host.job(JOB)
    assert state is not None
    assert state.parties[str(HOST)].driver == GUEST
    assert state.parties[str(HOST)].status is Status.RUNNING
    stranger = msgspec.structs.replace(pair.reports[-1], party=Party("host", "666"), seq=10**15)
    pair.report(stranger)
    driver = pair.guest.job(JOB)
    assert driver is not None
    assert driver.driver is not None
    assert "host:666" not in driver.driver.parties


def test_messages_that_went_to_the_wrong_site_are_refused(pair: Pair) -> None:
    with pytest.raises(BadRequest, match="guest:9999 is not played by host"):
        pair.host.handle(DirectiveReceived(BEGIN, msgspec.structs.replace(pair.directives[-1], party=GUEST)))
    with pytest.raises(Conflict, match="is driven by this site"):
        pair.guest.handle(DirectiveReceived(BEGIN, msgspec.structs.replace(pair.directives[-1], party=GUEST)))


def test_a_party_that_does_not_know_the_job_asks_for_the_document(pair: Pair) -> None:
    pair.exchange()
    blank = Engine(SiteFacts("host", Resources(20), frozenset({"10000"})))
    effects = blank.handle(DirectiveReceived(pair.at + 1, pair.directives[-1]))
    report = next(effect.report for effect in effects if isinstance(effect, SendReport))
    assert (report.document_revision, report.ended) == (0, None)
    assert blank.job(JOB) is None
    pair.report(report)
    pair.collect(pair.guest.handle(TimePassed(pair.at + 1_000)))
    assert pair.directives[-1].document is not None


def test_a_party_that_does_not_know_the_job_agrees_to_its_end(pair: Pair) -> None:
    blank = Engine(SiteFacts("host", Resources(20), frozenset({"10000"})))
    finish = msgspec.structs.replace(pair.directives[-1], phase=Phase.FINISH, status=Status.CANCELED, document=None)
    effects = blank.handle(DirectiveReceived(BEGIN, finish))
    assert [effect.report.ended for effect in effects if isinstance(effect, SendReport)] == [Status.CANCELED]
    assert blank.take_commits() == []


def test_a_report_on_an_unknown_job_is_acknowledged_so_that_it_is_not_sent_for_ever(pair: Pair) -> None:
    effects = pair.host.handle(ReportReceived(BEGIN, Report("7", GUEST, 3, 1, 1, 1)))
    assert effects == [SendAcknowledgement(Acknowledgement("7", GUEST, 3))]


def test_what_is_not_acknowledged_is_sent_again_with_growing_pauses(pair: Pair) -> None:
    first = len(pair.directives)
    moments = []
    while len(moments) < 4:
        deadline = pair.guest.deadline()
        assert deadline is not None
        pair.collect(pair.guest.handle(TimePassed(deadline)))
        if len(pair.directives) > first + len(moments):
            moments.append(deadline - BEGIN)
    assert moments == [300, 900, 2_100, 4_500]
    assert len({directive.revision for directive in pair.directives}) == 1


def test_reports_are_sent_again_until_they_are_acknowledged(pair: Pair) -> None:
    pair.exchange()
    newest = pair.reports[-1]
    count = len(pair.reports)
    pair.collect(pair.host.handle(TimePassed(pair.at + 400)))
    assert pair.reports[count:] == [newest]
    pair.host.handle(ReportAcknowledged(pair.at + 401, Acknowledgement(JOB, HOST, newest.seq)))
    pair.collect(pair.host.handle(TimePassed(pair.at + 4_000)))
    assert len(pair.reports) == count + 1


def test_a_refusal_of_the_partys_site_fails_the_submit_with_its_words(pair: Pair) -> None:
    refusal = Refusal("party_refused", "guest:9999 has no grant for the table t")
    pair.direct(pair.directives[-1], refusal)
    pair.report(pair.reports[-1])
    state = pair.guest.job(JOB)
    assert state is not None
    assert state.driver is not None
    assert state.driver.reason == "host:10000 refused: guest:9999 has no grant for the table t"
    view = state.driver.parties[str(HOST)].report
    assert view is not None
    assert view.refusal == refusal


def test_the_trouble_with_a_peer_is_kept_until_it_answers(pair: Pair) -> None:
    pair.collect(pair.guest.handle(PeerFailed(pair.at, JOB, HOST, "connection refused")))
    state = pair.guest.job(JOB)
    assert state is not None
    assert state.driver is not None
    assert state.driver.parties[str(HOST)].trouble == "connection refused"
    pair.exchange()
    assert state.driver.parties[str(HOST)].trouble == ""


def test_words_of_workers_that_are_over_change_nothing(pair: Pair) -> None:
    pair.exchange()

    def end(version: int = 0, component: str = "step_0", status: Status = Status.SUCCESS) -> TaskEnded:
        return TaskEnded(pair.at, JOB, component, version, HOST, TaskOutcome(status))

    pair.collect(pair.host.handle(TaskStarted(pair.at, JOB, "step_0", 0, HOST, 4711)))
    pair.collect(pair.host.handle(end()))
    state = pair.host.job(JOB)
    assert state is not None
    task = state.tasks["host:10000/step_0/0"]
    assert (task.status, task.pid) == (Status.SUCCESS, 4711)
    for event in (end(status=Status.FAILED), end(version=7), end(component="step_1"), end(component="none")):
        pair.collect(pair.host.handle(event))
    pair.collect(pair.host.handle(TaskStarted(pair.at, JOB, "step_0", 0, HOST, 12)))
    assert (task.status, task.pid) == (Status.SUCCESS, 4711)
    assert state.tasks["host:10000/step_1/0"].status is Status.WAITING


def test_what_a_worker_leaves_is_kept_and_its_card_crosses_redacted(pair: Pair) -> None:
    pair.exchange()
    card = FailureCard(HOST, "step_0", 0, "exception", "ValueError: row 17 of /data/x", traceback="secret", log=["s"])
    output = TaskOutput("data", "train", "n", "t", 5)
    pair.collect(
        pair.host.handle(
            TaskEnded(
                pair.at,
                JOB,
                "step_0",
                0,
                HOST,
                TaskOutcome(Status.FAILED, [output], {"auc": 1}, card, ProcessExit(3, peak_memory=33)),
            )
        )
    )
    state = pair.host.job(JOB)
    assert state is not None
    task = state.tasks["host:10000/step_0/0"]
    assert (task.card, task.outputs[0].table, task.summary) == (card, "t", {"auc": 1})
    assert (task.peak_memory, task.exit_code) == (33, 3)
    pair.report(pair.reports[-1])
    driver = pair.guest.job(JOB)
    assert driver is not None
    assert driver.driver is not None
    assert driver.driver.reason == "step_0 failed at host:10000: ValueError"
    assert b"secret" not in msgspec.json.encode(driver)


def test_every_decision_is_in_the_story(pair: Pair) -> None:
    pair.exchange()
    told = {name: pair_engine.job(JOB) for name, pair_engine in (("guest", pair.guest), ("host", pair.host))}
    assert told["guest"] is not None
    assert told["host"] is not None
    guest = [entry.what for entry in told["guest"].story if not entry.party and not entry.component]
    host = [entry.what for entry in told["host"].story if entry.party == str(HOST) and not entry.component]
    assert guest == ["JobSubmitted", "ready -> waiting", "waiting -> running"]
    assert host == ["PartyCreated", "Accepted", "ready -> waiting", "Granted", "waiting -> running"]


def test_a_saved_job_is_taken_up_by_reload_without_losing_its_workers(pair: Pair) -> None:
    pair.exchange()
    state = pair.host.job(JOB)
    assert state is not None
    copy = msgspec.json.decode(msgspec.json.encode(state), type=type(state))
    pair.collect(pair.host.reload(copy, JOB, pair.at + 1))
    assert pair.host.job(JOB) is copy
    assert copy.tasks["host:10000/step_0/0"].status is Status.RUNNING
    pair.host.reload(None, JOB, pair.at + 2)
    assert pair.host.job(JOB) is None
    assert pair.host.used() == Resources()
    assert not pair.host.jobs()


def test_a_party_is_told_of_its_own_components_only() -> None:
    pair = Pair()
    plan = plan_job(JOB, PAIR, {"own": ([], [GUEST]), "both": (["own"], []), "other": (["both"], [HOST])})
    pair.collect(pair.guest.handle(JobSubmitted(pair.at, plan)))
    directive = pair.directives[-1]
    assert (directive.party, set(directive.components)) == (HOST, {"both", "other"})
    assert directive.document == plan.documents[1]
