"""The queue at a job's driver: reserving at all parties or none, and why the job waits."""

from __future__ import annotations

from zlib import crc32

from fateflow_tui.core.messages import Phase, Report, Shortage
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.records import WaitingReason
from fateflow_tui.engine.context import TurnContext
from fateflow_tui.engine.job import Job
from fateflow_tui.engine.outbox import is_answered


def reserve(turn: TurnContext, job: Job) -> bool:
    """Advance the reservation; True when every party has granted it."""
    driver = job.driver
    if not driver.reserve_until:
        if turn.at < driver.retry_at:
            return False
        driver.reserve_until = turn.at + turn.tunables.reserve_ttl
        job.touch_driver()
        return False
    silent = []
    for key, view in driver.parties.items():
        if view.report is None or not is_answered(driver, view, Phase.RESERVE):
            silent.append(key)
        elif view.report.granted is None:
            if view.report.shortage is not None:
                retreat(turn, job, shortage_reason(key, view.report.shortage))
                return False
            silent.append(key)
    if not silent:
        return True
    if turn.at >= driver.reserve_until:
        retreat(turn, job, silence_reason(job, silent))
    elif driver.waiting is None or driver.waiting.kind == "confirmation":
        explain(job, WaitingReason("confirmation", f"waiting for {_names(silent)} to reserve", party=silent[0]))
    return False


def retreat(turn: TurnContext, job: Job, reason: WaitingReason) -> None:
    """Release the reservation at all parties and retry later."""
    driver = job.driver
    last = driver.waiting
    if last is None or (last.kind, last.party, last.job_id) != (reason.kind, reason.party, reason.job_id):
        job.add_story(turn.at, "Waits", party=reason.party, text=reason.text)
    driver.tries += 1
    driver.reserve_until = 0
    wait = min(turn.tunables.retry_max, turn.tunables.retry_first << min(driver.tries - 1, 20))
    driver.retry_at = turn.at + wait + _jitter(job, wait // 2)
    job.touch_driver()
    explain(job, reason)


def retry_soon(turn: TurnContext, job: Job, *, near: bool) -> None:
    """Retry the reservation early, since a party has capacity again. near: the party is at this site.

    The news of a party elsewhere may reach several drivers at once. Each waits for a different time, longer after each
    try, so that they do not keep blocking one another.
    """
    driver = job.driver
    retry_at = turn.at if near else turn.at + _jitter(job, min(2_000, 10 << min(driver.tries, 8)))
    if retry_at < driver.retry_at:
        driver.retry_at = retry_at
        job.touch_driver()


def has_room_again(old: Report | None, new: Report) -> bool:
    return old is not None and old.shortage is not None and new.shortage is None


def explain(job: Job, reason: WaitingReason | None) -> None:
    if job.driver.waiting != reason:
        job.driver.waiting = reason
        job.touch_driver()


def shortage_reason(party: str, shortage: Shortage) -> WaitingReason:
    cores = shortage.behind or shortage.need.cores > shortage.free.cores
    need, free, total = (_amount(amount, bool(cores)) for amount in (shortage.need, shortage.free, shortage.total))
    unit = "cores" if cores else "MiB of memory"
    numbers = f"needs {need} {unit} at {party}, {free} of {total} are free"
    if shortage.behind:
        return WaitingReason(
            "behind",
            f"{numbers}, but {shortage.behind} has waited longer",
            party,
            shortage.need,
            shortage.free,
            shortage.total,
            shortage.behind,
        )
    kind = "cores" if cores else "memory"
    return WaitingReason(kind, numbers, party, shortage.need, shortage.free, shortage.total)


def silence_reason(job: Job, parties: list[str]) -> WaitingReason:
    views = job.driver.parties
    troubles = "; ".join(dict.fromkeys(views[key].trouble for key in parties if views[key].trouble))
    text = f"no answer from {_names(parties)}" + (f": {troubles}" if troubles else "")
    return WaitingReason("peer", text, party=parties[0])


def _amount(resources: Resources, cores: bool) -> int:
    return resources.cores if cores else resources.memory


def _names(parties: list[str]) -> str:
    return ", ".join(parties)


def _jitter(job: Job, spread: int) -> int:
    return crc32(f"{job.id}/{job.driver.tries}".encode()) % max(spread, 1)
