"""A job at one party of this site: its directive, its actual state, and reconciling the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from fateflow_tui.core.effects import AnnounceJobEnd
from fateflow_tui.core.formatting import plural
from fateflow_tui.core.messages import Directive, Phase, Refusal, Report
from fateflow_tui.core.records import Adopted, PartyRecord
from fateflow_tui.core.status import JOB_TRANSITIONS, Status
from fateflow_tui.engine.capacity import lacks
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.job import Job, move_party, move_task
from fateflow_tui.engine.reuse import take_over
from fateflow_tui.engine.tasks import adopt_versions, kill_unwanted, start_ready


def receive(
    turn: TurnContext,
    job: Job,
    directive: Directive,
    refusal: Refusal | None,
    adopted: Mapping[str, Adopted] | None = None,
    missing: Sequence[str] = (),
) -> None:
    """Apply a directive. An older or repeated one only shows that the driver is alive.

    refusal: why this site refuses the directive's document. adopted: what it still has of the job to reuse.
    missing: in a rerun, the components whose outputs this site no longer has.
    """
    key = str(directive.party)
    record = job.state.parties.get(key)
    is_new = record is None
    if record is None:
        record = _open(turn, job, directive)
    if directive.driver != record.driver or directive.epoch < record.directive.epoch:
        return
    record.last_contact_at = turn.at
    acknowledge(job, record, directive.acknowledged)
    job.unsent.add(key)
    if not is_new and not _says_more(record, directive):
        return
    if directive.run > record.directive.run:
        _reopen(turn, job, record, directive.run, missing)
    taken = _take_document(turn, job, record, directive, refusal)
    record.directive = msgspec.structs.replace(directive, document=None)
    record.progress = directive.progress
    job.touch_party(record)
    adopt_versions(turn, job, record, lost=is_new and directive.phase is Phase.RUN)
    if taken and adopted:
        take_over(turn, job, record, adopted)
    if directive.phase is not Phase.FINISH:
        _follow(turn, job, record, directive.status)


def reconcile(turn: TurnContext, job: Job, record: PartyRecord) -> None:
    """Advance the party towards its directive."""
    phase = effective_phase(turn, job, record)
    kill_unwanted(turn, job, record, phase)
    # A stop is final even before the driver knows of it: nothing is reserved for the job any more.
    if record.refusal is None and record.stop is None and phase in (Phase.RESERVE, Phase.RUN):
        _reserve(turn, job, record, firm=phase is Phase.RUN)
        if phase is Phase.RUN and record.granted is not None:
            start_ready(turn, job, record)
        return
    if phase is Phase.FINISH:
        for task in job.newest.get(str(record.party), {}).values():
            if task.status is Status.WAITING:
                move_task(job, task, Status.CANCELED, turn.at, "the job ended before it could start")
    if job.running.get(str(record.party)):
        return
    _release(turn, job, record)
    if record.stop is not None:
        _drop_claim(turn, job, record)
    if phase is Phase.FINISH and not record.status.ended:
        _drop_claim(turn, job, record)
        _follow(turn, job, record, record.directive.status)
        turn.emit(AnnounceJobEnd(job.id, record.party, record.status, record.directive.parts))


def effective_phase(turn: TurnContext, job: Job, record: PartyRecord) -> Phase:
    """The directive's phase, or CREATE if the driver has been silent for too long: nothing is held or run then."""
    phase = record.directive.phase
    patience = {
        Phase.RESERVE: turn.tunables.reserve_ttl,
        Phase.RUN: turn.tunables.peer_lost_timeout,
    }.get(phase)
    if patience is None or job.drives or turn.at - record.last_contact_at < patience:
        return phase
    return Phase.CREATE


def report(turn: TurnContext, job: Job, record: PartyRecord) -> Report | None:
    """Return the party's report under a new number if its content has changed, else None."""
    key = str(record.party)
    fresh = Report(
        job.id,
        record.party,
        record.seq,
        record.directive.epoch,
        record.directive.revision,
        record.document_revision,
        refusal=record.refusal,
        granted=record.granted,
        shortage=record.shortage,
        tasks=dict(job.task_reports.get(key, {})),
        stop=record.stop,
        ended=record.status if record.status.ended else None,
        run=record.directive.run,
    )
    if fresh == job.reports.get(key):
        return None
    # From the clock, so that a party that lost its disk does not restart below the numbers its driver has seen.
    record.seq = max(record.seq + 1, turn.at)
    record.attempts = 0
    job.touch_party(record)
    job.unsent.add(key)
    job.reports[key] = msgspec.structs.replace(fresh, seq=record.seq)
    return job.reports[key]


def acknowledge(job: Job, record: PartyRecord, seq: int) -> None:
    """Note that the driver has saved the report with this number; saved for an ended party, which is then settled."""
    if seq > record.acknowledged:
        record.acknowledged = seq
        if record.status.ended:
            job.touch_party(record)


def is_settled(record: PartyRecord) -> bool:
    """Whether the job has ended here and its driver has acknowledged it."""
    return record.status.ended and record.acknowledged >= record.seq > 0


def _says_more(record: PartyRecord, directive: Directive) -> bool:
    """Whether a directive is newer than the one applied last."""
    seen = record.directive
    if (directive.epoch, directive.revision) == (seen.epoch, seen.revision):
        return directive.document is not None and directive.document_revision > record.document_revision
    return directive.epoch > seen.epoch or directive.revision > seen.revision


def _open(turn: TurnContext, job: Job, directive: Directive) -> PartyRecord:
    record = PartyRecord(
        job.id,
        directive.party,
        directive.driver,
        directive.status if not directive.status.ended else Status.READY,
        turn.at,
        msgspec.structs.replace(directive, document=None),
        last_contact_at=turn.at,
        updated_at=turn.at,
        description=_description(directive),
    )
    job.state.parties[str(directive.party)] = record
    job.touch_party(record)
    job.add_story(turn.at, "PartyCreated", party=str(directive.party), text=f"driven by {directive.driver}")
    return record


def _description(directive: Directive) -> str:
    if directive.document is None:
        return ""
    return str(directive.document.job_parameters.get("description", ""))


def _take_document(
    turn: TurnContext, job: Job, record: PartyRecord, directive: Directive, refusal: Refusal | None
) -> bool:
    """Check the directive's document; True if a new one was accepted."""
    document = directive.document
    if document is None or directive.document_revision <= record.document_revision:
        return False
    record.refusal = refusal or turn.ledger.refusal(job, document)
    if record.refusal is not None:
        job.add_story(turn.at, "Refused", party=str(record.party), text=record.refusal.message)
        return False
    record.document_revision = directive.document_revision
    job.put_document(str(record.party), document)
    job.add_story(turn.at, "Accepted", party=str(record.party), text=f"document {record.document_revision}")
    return True


def _reopen(turn: TurnContext, job: Job, record: PartyRecord, run: int, missing: Sequence[str]) -> None:
    """Begin a rerun: discard the stop request and the refusal of the last run."""
    job.add_story(turn.at, "RerunBegan", party=str(record.party), text=f"run {run}")
    record.stop = None
    record.refusal = None
    for name in missing:
        task = job.newest.get(str(record.party), {}).get(name)
        if task is not None and task.status.succeeded and not task.outputs_missing:
            task.outputs_missing = True
            job.put_task(task)
            job.add_story(turn.at, "OutputsGone", party=str(record.party), component=name, text="they were deleted")
    _drop_claim(turn, job, record)
    if record.status is not Status.READY:
        _follow(turn, job, record, Status.WAITING)


def _follow(turn: TurnContext, job: Job, record: PartyRecord, status: Status) -> None:
    """Set the job's status, by way of WAITING if a directive in between was missed."""
    if status is not record.status and status not in JOB_TRANSITIONS[record.status]:
        move_party(job, record, Status.WAITING, turn.at)
    move_party(job, record, status, turn.at, record.directive.reason if status.ended else "")


def _reserve(turn: TurnContext, job: Job, record: PartyRecord, *, firm: bool) -> None:
    if lacks(job, record):
        shortage = turn.ledger.shortage(job, turn.at)
        if shortage is not None:
            _claim(turn, job, record)
            if record.shortage != shortage:
                record.shortage = shortage
                job.touch_party(record)
            return
        record.granted = job.state.documents[str(record.party)].need
        record.granted_at, record.returned_at = turn.at, 0
        record.granted_until = 0
        _drop_claim(turn, job, record)
        job.add_story(turn.at, "Granted", party=str(record.party), text=plural(record.granted.cores, "core"))
        job.touch_party(record)
        turn.ledger.index(job)
    until = 0 if firm else record.last_contact_at + turn.tunables.reserve_ttl
    if record.granted is not None and record.granted_until != until:
        record.granted_until = until
        job.touch_party(record)


def _release(turn: TurnContext, job: Job, record: PartyRecord) -> None:
    if record.granted is None:
        return
    job.add_story(turn.at, "Returned", party=str(record.party), text=plural(record.granted.cores, "core"))
    record.granted = None
    record.granted_until = 0
    record.returned_at = turn.at
    job.touch_party(record)
    turn.ledger.index(job)
    turn.ledger.freed = True


def _claim(turn: TurnContext, job: Job, record: PartyRecord) -> None:
    if not record.wanting:
        record.wanting, record.wanting_since = True, turn.at
        job.touch_party(record)
        turn.ledger.index(job)


def _drop_claim(turn: TurnContext, job: Job, record: PartyRecord) -> None:
    if record.wanting or record.shortage is not None:
        record.wanting, record.wanting_since, record.shortage = False, 0, None
        job.touch_party(record)
        turn.ledger.index(job)
        turn.ledger.freed = True
