"""What a user is told of a job that was submitted or stopped, party by party."""

from __future__ import annotations

from typing import Any

from fateflow_tui.core.errors import FateFlowError, PartyRefused, PartyUnreachable
from fateflow_tui.core.ids import Party
from fateflow_tui.core.records import JobState
from fateflow_tui.core.status import Status


def is_settled(state: JobState) -> bool:
    ended = all(party.ended_at and party.status.ended for party in state.parties.values())
    return ended and (state.driver is None or all(answer == "success" for answer in stop_answers(state).values()))


def status_of(state: JobState) -> Status:
    if state.driver is not None:
        return state.driver.status
    return next(iter(state.parties.values())).status


def stop_answers(state: JobState) -> dict[str, str]:
    if state.driver is None:
        return {
            key: "success" if party.status.ended else "pending: the driver has not answered yet"
            for key, party in state.parties.items()
        }
    return {
        key: "success"
        if view.report is not None and view.report.ended is not None
        else f"pending: {view.trouble or 'not acknowledged yet'}; it is told again until it answers"
        for key, view in state.driver.parties.items()
    }


def submit_failed(state: JobState) -> FateFlowError:
    """Every party's answer in FATE-Flow's form: role -> party id -> {retcode, retmsg}."""
    answers: dict[str, dict[str, dict[str, Any]]] = {}
    refusals: list[str] = []
    silent: list[str] = []
    if state.driver is not None:
        for key, view in state.driver.parties.items():
            party = Party.parse(key)
            refusal = view.report.refusal if view.report else None
            if refusal is not None:
                answer = {"retcode": refusal.retcode, "retmsg": refusal.message}
                refusals.append(refusal.message)
            elif view.report is not None:
                answer = {"retcode": 0, "retmsg": "success"}
            elif not view.sent_at:
                # A party of this very site: another one's refusal has ended the job before.
                answer = {"retcode": 103, "retmsg": f"{key} was not asked any more"}
            else:
                trouble = f"{key} did not take it: {view.trouble}" if view.trouble else f"{key} did not answer in time"
                answer = {"retcode": PartyUnreachable.retcode, "retmsg": trouble}
                silent.append(trouble)
            answers.setdefault(party.role, {})[party.party_id] = answer
    kind = PartyRefused if refusals else PartyUnreachable
    return kind(
        f"create job failed: {'; '.join(refusals + silent)}",
        hint="nothing was left behind at the other parties; mend the cause and submit again",
        data={"job_id": state.job_id, "parties": answers},
    )
