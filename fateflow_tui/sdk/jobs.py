"""Jobs as front ends see them."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.messages import FailureCard, StopWish
from fateflow_tui.core.records import StoryEntry, WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.core.why import Why

__all__ = ["ComponentView", "JobGraph", "JobLine", "JobView", "JobWhy", "PartyLine", "StoryEntry", "Submission"]


class JobLine(msgspec.Struct, frozen=True, kw_only=True):
    """A job in short. Times in ms since the epoch, 0 where not yet. status: over all parties where this site drives
    the job, else as its party was told. running: components that run now. parties: status by `role:id`.
    """

    job_id: str
    status: Status
    progress: int = 0
    name: str = ""
    description: str = ""
    initiator: str = ""
    roles: dict[str, list[str]] = {}
    running: list[str] = []
    created_at: int = 0
    started_at: int = 0
    ended_at: int = 0
    waiting: WaitingReason | None = None
    reason: str = ""
    tag: str = ""
    submitted_by: str = ""
    parties: dict[str, Status] = {}

    def elapsed(self, now: int) -> int:
        """Milliseconds that it has run, so far or in all."""
        return max(0, (self.ended_at or now) - self.started_at) if self.started_at else 0


class PartyLine(msgspec.Struct, frozen=True):
    """A party of a job. here: the asked site plays it. lost: silent for too long. trouble: why it cannot be reached."""

    party: str
    status: Status
    here: bool
    lost: bool = False
    trouble: str = ""


class ComponentView(msgspec.Struct, frozen=True, kw_only=True):
    """A component over all parties; parties: its status at each that runs it, as far as known. reused_from: the job
    whose outcome it took over, ''.
    """

    name: str
    module: str
    status: Status
    needs: list[str] = []
    version: int = 0
    started_at: int = 0
    ended_at: int = 0
    parties: dict[str, Status] = {}
    reused_from: str = ""


class JobView(JobLine, frozen=True, kw_only=True):
    """A job whole. cards: why tasks failed, whole for parties of the asked site, redacted for others."""

    driver: str = ""
    drives_here: bool = True
    schedule_mode: str = "coordinated"
    priority: int = 0
    reruns: int = 0
    model_id: str = ""
    model_version: str = ""
    stop: StopWish | None = None
    party_lines: list[PartyLine] = []
    components: list[ComponentView] = []
    cards: list[FailureCard] = []


class JobWhy(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job, or a component of it, is as it is. status: of what was asked about.

    why: the chief reason, None from an older scheduler; further: others beside it. The rest is of the job as a whole.
    """

    job_id: str
    status: Status
    component: str = ""
    why: Why | None = None
    further: list[Why] = []
    waiting: WaitingReason | None = None
    reason: str = ""
    stop: StopWish | None = None
    cards: list[FailureCard] = []


class JobGraph(msgspec.Struct, frozen=True, kw_only=True):
    """The DAG: components in topological order."""

    job_id: str
    status: Status
    components: list[ComponentView]


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A job was accepted. model_info: {model_id, model_version}."""

    job_id: str
    board_url: str = ""
    model_info: dict[str, str | None] = {}
    logs_directory: str = ""
    table_name: str = ""
    namespace: str = ""
