"""The engine's effects. All are idempotent; after a restart they are derived again from the state."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Report
from fateflow_tui.core.plan import Resources
from fateflow_tui.core.status import Status


class SendDirective(msgspec.Struct, frozen=True):
    """Send a directive to the site of `directive.party`, which is another site."""

    directive: Directive


class SendReport(msgspec.Struct, frozen=True):
    """Send a report to the site of the driver party."""

    driver: Party
    report: Report


class SendAcknowledgement(msgspec.Struct, frozen=True):
    """Answer a report, to the site of `acknowledgement.party`."""

    acknowledgement: Acknowledgement


class StartTask(msgspec.Struct, frozen=True):
    """Launch a worker. Answered by TaskStarted, then TaskEnded, or by TaskEnded alone."""

    job_id: str
    component: str
    version: int
    party: Party
    need: Resources


class KillTask(msgspec.Struct, frozen=True):
    """Kill a worker and all its processes. Answered by TaskEnded, with `status` unless it had ended before."""

    job_id: str
    component: str
    version: int
    party: Party
    status: Status
    reason: str


class ForgetRuns(msgspec.Struct, frozen=True):
    """Discard the messages between parties of older versions of this component."""

    job_id: str
    component: str
    version: int  # the current version


class AnnounceJobEnd(msgspec.Struct, frozen=True):
    """The job has ended at this party: register its part of the model, close its logs. parts: see `Directive`."""

    job_id: str
    party: Party
    status: Status
    parts: dict[str, str] = {}


Effect = SendDirective | SendReport | SendAcknowledgement | StartTask | KillTask | ForgetRuns | AnnounceJobEnd
