"""What the engine wants done, in the imperative. All are idempotent; a restart derives them again from the state."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Report
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.status import Status


class SendDirective(msgspec.Struct, frozen=True):
    """To the site of `directive.party`, never one that this site plays itself."""

    directive: Directive


class SendReport(msgspec.Struct, frozen=True):
    """To the site of the driver party."""

    driver: Party
    report: Report


class SendAcknowledgement(msgspec.Struct, frozen=True):
    """To the site of `acknowledgement.party`; the answer to its report."""

    acknowledgement: Acknowledgement


class StartTask(msgspec.Struct, frozen=True):
    """Launch a worker. Answered by TaskStarted, then TaskEnded, or by TaskEnded alone."""

    job_id: str
    component: str
    version: int
    party: Party
    need: Resources


class KillTask(msgspec.Struct, frozen=True):
    """End a worker and all its processes. Answered by TaskEnded with `status` unless it had ended before."""

    job_id: str
    component: str
    version: int
    party: Party
    status: Status
    reason: str


class ForgetRuns(msgspec.Struct, frozen=True):
    """Values between parties of older versions of this component are of no use any more."""

    job_id: str
    component: str
    version: int  # the version that is current now


class AnnounceJobEnd(msgspec.Struct, frozen=True):
    """The job has ended at this party: register its part of the model, close its logs. parts: see `Directive`."""

    job_id: str
    party: Party
    status: Status
    parts: dict[str, str] = {}


Effect = SendDirective | SendReport | SendAcknowledgement | StartTask | KillTask | ForgetRuns | AnnounceJobEnd
