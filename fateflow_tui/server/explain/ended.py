"""Explanations of ended jobs and of ended components."""

from __future__ import annotations

from collections.abc import Iterator

from fateflow_tui.core.formatting import plural
from fateflow_tui.core.messages import FailureCard, Refusal
from fateflow_tui.core.records import JobState
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import Why
from fateflow_tui.runtime.jobs.lookup import refusal_hint
from fateflow_tui.sdk.types.jobs import ComponentView, JobView
from fateflow_tui.server.explain.wording import listed, span
from fateflow_tui.server.job_views import remote_failure

_CONSEQUENCES = ("canceled",)  # a task that was stopped because of another one
# The most specific one first.
_LACKS = ("route", "trust", "dataset", "table", "component", "module", "model", "role", "command")
_HINTS = {
    "table": "upload it there, or correct the name of the table in the conf",
    "module": "install it there, or run the job at parties that have it: fateflow component list",
    "model": "bring the party's part there: fateflow model migrate, or import an archive",
    "capacity": "request less: task_cores, task_parallelism or task_memory in job_parameters",
}


def job_failed(state: JobState, view: JobView) -> Why:
    refused = next(iter(refusals(state)), None)
    if refused is not None:
        return refusal_why(*refused, view.initiator)
    cards = cards_in_order(state)
    if any(card.kind not in _CONSEQUENCES for card in cards):
        return _by_cards(cards, view.reason, state)
    party, trouble = _out_of_reach(state)
    if party:
        hint = f"check that its site is running and reachable: fateflow party ping {party}; then run the job again"
        text = view.reason or f"{party} could not be reached: {trouble}"
        return Why(kind="failed", cause="peer", text=text, party=party, hint=hint, since=view.ended_at)
    refused_by = next((record.directive.refused_by for record in state.parties.values()), "")
    if refused_by:  # as the driver reports; only its own site has the complete refusal
        hint = f"{refused_by} must resolve it; then {view.driver} can submit again"
        return Why(kind="refused", cause="other", text=view.reason, party=refused_by, hint=hint, since=view.ended_at)
    if view.reason and not view.drives_here:
        hint = f"see the job at the driver {view.driver}: its site has the answers of all parties"
        return Why(kind="failed", cause="elsewhere", text=view.reason, hint=hint, since=view.ended_at)
    text = view.reason or "the job failed without a recorded reason"
    return Why(kind="failed", text=text, hint=f"fateflow job history {view.job_id}", since=view.ended_at)


def job_canceled(view: JobView) -> Why:
    stop = view.stop
    if stop is None:
        return Why(kind="canceled", cause="job", text=view.reason or "the job was canceled", since=view.ended_at)
    by, reason, party = stop.by or "a user", stop.reason, stop.party or view.driver
    hint = f"run the rest: fateflow job rerun {view.job_id}"
    return Why(
        kind="canceled",
        cause="stop",
        text=f"{by} stopped it at {party}" + (f": {reason}" if reason else ""),
        party=party,
        by=by,
        reason=reason,
        since=stop.at,
        hint=hint if view.drives_here else f"at the site of {view.driver}, {hint}",
    )


def job_timed_out(state: JobState, view: JobView) -> Why:
    late = [one for one in view.components if one.status is Status.TIMEOUT]
    text, since = view.reason or "the job reached a time limit", view.ended_at
    if view.stop is not None and view.stop.status is Status.TIMEOUT:
        return Why(kind="timeout", cause="stop", text=text, by=view.stop.by, reason=view.stop.reason, since=since)
    if late:
        cards = [card for card in cards_in_order(state) if card.component == late[0].name]
        where = cards[0].party if cards else ""
        hint = "allow its task more time: task_timeout in job_parameters"
        return Why(
            kind="timeout",
            cause="task",
            text=text,
            component=late[0].name,
            party=str(where),
            cards=cards,
            since=since,
            hint=hint,
        )
    if view.started_at:
        hint = "allow the job more time: timeout in job_parameters"
        return Why(kind="timeout", cause="running", text=text, since=since, hint=hint)
    hint = "let the job wait longer (waiting_timeout in job_parameters), or request less"
    return Why(kind="timeout", cause="waiting", text=text, since=since, hint=hint)


def job_succeeded(state: JobState, view: JobView) -> Why:
    sources = {name: source for name, source in reused(state).items() if source}
    took = f"the job succeeded in {span(view.ended_at - view.started_at)}" if view.started_at else "the job succeeded"
    if sources and len(sources) == len(view.components):
        text = f"all its components were reused from job {listed(sorted(set(sources.values())))}"
        return Why(kind="reused", text=text, job_id=next(iter(sources.values())), since=view.ended_at)
    if sources:
        took += (
            f"; {plural(len(sources), 'component')} of {len(view.components)} "
            f"came from job {listed(sorted(set(sources.values())))}"
        )
    return Why(kind="success", text=took, since=view.ended_at, job_id=next(iter(sources.values()), ""))


def component_ended(state: JobState, view: ComponentView, job: JobView, of_job: Why) -> Why:
    """Explain an ended component. of_job: the explanation of the whole job."""
    cards = [card for card in cards_in_order(state) if card.component == view.name]
    source = reused(state).get(view.name, "")
    took = f"in {span(view.ended_at - view.started_at)}" if view.started_at and view.ended_at else ""
    match view.status:
        case Status.SUCCESS if source:
            text = f"{view.name} did not run: its result was reused from job {source}"
            return Why(kind="reused", text=text, component=view.name, job_id=source, since=view.ended_at)
        case Status.SUCCESS:
            text = f"{view.name} succeeded {took}".rstrip() + f" at {listed(list(view.parties))}"
            return Why(kind="success", text=text, component=view.name, since=view.ended_at)
        case Status.PASS:
            text = f"{view.name} passed its input on, because need_run is false"
            return Why(kind="passed", text=text, component=view.name, since=view.ended_at)
        case Status.FAILED if any(card.kind not in _CONSEQUENCES for card in cards):
            return _by_cards(cards, "", state)
        case Status.TIMEOUT:
            text = cards[0].cause if cards else f"{view.name} exceeded its time limit"
            hint = "allow its task more time: task_timeout in job_parameters"
            party = str(cards[0].party) if cards else ""
            return Why(
                kind="timeout", cause="task", text=text, component=view.name, party=party, cards=cards, hint=hint
            )
    if view.status is Status.FAILED:
        return Why(kind="failed", text=f"{view.name} failed; {of_job.text}", component=view.name, hint=of_job.hint)
    began = f"was stopped after {span(view.ended_at - view.started_at)}" if view.started_at else "never ran"
    text = f"{view.name} {began}, because the job ended: {of_job.text}"
    return Why(
        kind="canceled",
        cause="job",
        text=text,
        component=view.name,
        party=of_job.party,
        by=of_job.by,
        hint=of_job.hint,
        since=job.ended_at,
    )


def refusals(state: JobState) -> Iterator[tuple[str, Refusal]]:
    """Yield the parties that refused the job, with the refusal. The driver knows all, other sites only their own."""
    views = state.driver.parties if state.driver else {}
    found = {key: view.report.refusal for key, view in views.items() if view.report and view.report.refusal}
    found |= {key: record.refusal for key, record in state.parties.items() if record.refusal}
    yield from found.items()


def refusal_why(party: str, refusal: Refusal, initiator: str) -> Why:
    cause = next((kind for kind in _LACKS if kind in refusal.lacks), "")
    if not cause:
        cause = "capacity" if refusal.code == "party_refused" else "other"
    known = _HINTS.get(cause, f"resolve it at the site of {party}, then submit again")
    hint = refusal_hint(refusal, party, initiator) or known
    text = refusal.message if party in refusal.message else f"{party} refused: {refusal.message}"
    return Why(kind="refused", cause=cause, text=text, party=party, lacks=refusal.lacks, hint=hint)


def cards_in_order(state: JobState) -> list[FailureCard]:
    """Return the failure cards of the newest runs at all parties: the first cause first, consequences last."""
    newest: dict[tuple[str, str], tuple[int, int, FailureCard | None]] = {}
    for task in state.tasks.values():
        key = (str(task.party), task.component)
        if key not in newest or newest[key][0] < task.version:
            newest[key] = (task.version, task.ended_at, task.card)
    for party, view in (state.driver.parties if state.driver else {}).items():
        if party not in state.parties and view.report is not None:
            for component, report in view.report.tasks.items():
                newest[(party, component)] = (report.version, report.ended_at, report.card)
    cards = [(card.kind in _CONSEQUENCES, ended_at, card) for _, ended_at, card in newest.values() if card is not None]
    if (reported := remote_failure(state)) is not None:
        cards.append((False, 0, reported))  # the first failure, as its driver reports
    return [card for _, _, card in sorted(cards, key=lambda one: one[:2])]


def reused(state: JobState) -> dict[str, str]:
    """Return the job whose result was reused, by component."""
    found = {task.component: task.reused_from for task in state.tasks.values() if task.reused_from}
    if state.driver is not None:
        found |= {name: one.reused_from for name, one in state.driver.components.items() if one.reused_from}
    return found


def _by_cards(cards: list[FailureCard], reason: str, state: JobState) -> Why:
    first = cards[0]
    more = [card for card in cards[1:] if card.kind not in _CONSEQUENCES]
    text = f"{first.component} failed at {first.party}: {first.cause}"
    if more:
        text += f"; {plural(len(more), 'other task')} also failed"
    return Why(
        kind="failed",
        cause=first.kind,
        text=text,
        party=str(first.party),
        component=first.component,
        reason=reason,
        hint=_hint(first, state),
        cards=cards,
    )


def _hint(card: FailureCard, state: JobState) -> str:
    """The hint of a card. For a party of another site it includes where to look."""
    if str(card.party) in state.parties:
        return card.hint
    elsewhere = f"ask {card.party}: its site has the log and the complete failure card"
    return f"{card.hint}; {elsewhere}" if card.hint else elsewhere


def _out_of_reach(state: JobState) -> tuple[str, str]:
    views = state.driver.parties if state.driver else {}
    for party, view in views.items():
        if party not in state.parties and (view.lost or view.report is None or view.trouble):
            return party, view.trouble or "no answer"
    return "", ""
