"""After a restart: what was saved is taken up again. The workers of this site died with it."""

from __future__ import annotations

from fateflow_tui.core.effects import AnnounceJobEnd
from fateflow_tui.core.messages import Phase
from fateflow_tui.core.records import JobState
from fateflow_tui.core.status import Status
from fateflow_tui.engine.job import Job
from fateflow_tui.engine.site import Site
from fateflow_tui.engine.story import move_task
from fateflow_tui.engine.tasks import fail_as_lost


def recover(site: Site, state: JobState) -> Job:
    """The job as saved, with tasks that ran reported as lost, and silence counted from now on."""
    job = Job(state)
    job.tell(site.at, "SiteRestarted")
    take_up(site, job)
    for record in state.parties.values():
        for task in list(job.running.get(str(record.party), {}).values()):
            if record.directive.phase is Phase.FINISH:
                move_task(job, task, Status.CANCELED, site.at, "the site was restarted while the job ended")
            else:
                fail_as_lost(site, job, task, "the site was restarted")
        if record.status.ended:
            site.ask(AnnounceJobEnd(job.id, record.party, record.status, record.directive.parts))
    return job


def take_up(site: Site, job: Job) -> None:
    """Counts silence from now on: this process has not listened before."""
    if job.drives:
        for view in job.driver.parties.values():
            view.heard_at, view.sent_at, view.attempts, view.lost = site.at, 0, 0, False
    for record in job.state.parties.values():
        record.heard_at, record.reported_at, record.attempts = site.at, 0, 0
    site.ledger.index(job)
