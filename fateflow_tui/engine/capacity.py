"""The site's capacity: which jobs hold it and which wait for it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Refusal, Shortage
from fateflow_tui.core.plan import PartyDocument, Resources
from fateflow_tui.core.records import PartyRecord
from fateflow_tui.engine.facts import SiteFacts, Tunables
from fateflow_tui.engine.job import Job

NOTHING = Resources()


class Holder(msgspec.Struct, frozen=True):
    """What a job holds at a party. until: when the reservation expires (ms since the epoch), 0 if it is firm."""

    job_id: str
    party: Party
    held: Resources
    until: int


class Ledger:
    """The site's capacity, with an index of the jobs that hold or wait for some."""

    def __init__(self, facts: SiteFacts, tunables: Tunables) -> None:
        self.total = facts.capacity
        self.freed = False  # capacity was freed, or a job left the queue, since the waiting jobs were last retried
        self._tunables = tunables
        self._holding: dict[str, Job] = {}
        self._wanting: dict[str, Job] = {}

    def index(self, job: Job) -> None:
        """Update the index; call after each change of what a party of the job holds or waits for."""
        records = job.state.parties.values()
        _keep(self._holding, job, any(record.granted is not None for record in records))
        _keep(self._wanting, job, any(record.wanting for record in records))

    def suspend(self, job_id: str) -> None:
        """Take a job out of the queue; it keeps what it holds."""
        self._wanting.pop(job_id, None)

    def drop(self, job_id: str) -> None:
        self._holding.pop(job_id, None)
        self._wanting.pop(job_id, None)

    def holders(self) -> list[Holder]:
        return [
            Holder(job.id, record.party, record.granted, record.granted_until)
            for job in self._holding.values()
            for record in job.state.parties.values()
            if record.granted is not None
        ]

    def used(self) -> Resources:
        used = NOTHING
        for job in self._holding.values():
            for record in job.state.parties.values():
                if record.granted is not None:
                    used = used.plus(record.granted)
        return used

    def shortage(self, job: Job, at: int) -> Shortage | None:
        """Return why the job cannot get what its parties here lack; None if it can."""
        need = _missing(job)
        free = self.total.minus(self.used())
        if not self._fits(need, free):
            return Shortage(need, free, self.total)
        ahead = next((other for other in self.waiting() if self._bars(other, job, at)), None)
        return Shortage(need, free, self.total, behind=ahead.id) if ahead else None

    def refusal(self, job: Job, document: PartyDocument) -> Refusal | None:
        """Return why a job can never run here: it needs more than the site has in total."""
        party = str(document.party)
        others = {key: other.need for key, other in job.state.documents.items() if key != party}
        if not self._fits(document.need, self.total):
            others = {}  # its own need is already too large; leave the others out of the message
        need = document.need
        for other in others.values():
            need = need.plus(other)
        if self._fits(need, self.total):
            return None
        short_of_cores = need.cores > self.total.cores
        unit = "cores" if short_of_cores else "MiB of memory"
        own, all_of_it, total = (
            (amount.cores if short_of_cores else amount.memory) for amount in (document.need, need, self.total)
        )
        beside = "" if own == all_of_it else f" and {all_of_it} together with {', '.join(sorted(others))}"
        message = f"it needs {own} {unit} for this job{beside}, but has {total} in total"
        return Refusal("party_refused", message, party=document.party)

    def waiting(self) -> Iterator[Job]:
        """The waiting jobs by priority, then age: the same order at every site."""
        return iter(sorted(self._wanting.values(), key=rank))

    def has_room_for(self, job: Job) -> bool:
        return self._fits(_missing(job), self.total.minus(self.used()))

    def is_aged(self, job: Job, at: int) -> bool:
        """Whether a job has waited so long that no job behind it may overtake it."""
        return any(
            record.wanting
            and at - record.wanting_since >= self._tunables.ageing
            and (job.drives or at - record.last_contact_at < self._tunables.peer_silence)
            for record in job.state.parties.values()
        )

    def _bars(self, other: Job, job: Job, at: int) -> bool:
        return other is not job and rank(other) < rank(job) and self.is_aged(other, at)

    def _fits(self, need: Resources, free: Resources) -> bool:
        return need.cores <= free.cores and (self.total.memory == 0 or need.memory <= free.memory)


def rank(job: Job) -> tuple[int, int, str]:
    """The position in the queue, lowest first: priority, then age. Equal at all sites, so that jobs cannot deadlock."""
    priority = max((document.options.priority for document in job.state.documents.values()), default=0)
    queued_at = max((record.directive.queued_at for record in job.state.parties.values()), default=0)
    return (-priority, queued_at, job.id)


def lacks(job: Job, record: PartyRecord) -> bool:
    return record.granted is None and str(record.party) in job.state.documents


def _missing(job: Job) -> Resources:
    need = NOTHING
    for key, record in job.state.parties.items():
        if lacks(job, record):
            need = need.plus(job.state.documents[key].need)
    return need


def _keep(index: dict[str, Job], job: Job, belongs: bool) -> None:
    if belongs:
        index[job.id] = job
    else:
        index.pop(job.id, None)
