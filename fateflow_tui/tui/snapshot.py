"""A snapshot of the site and how events change it; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from fateflow_tui.core.ids import SHORT_ID, short_id_length
from fateflow_tui.core.records import WaitingReason
from fateflow_tui.core.status import Status, fold_parties
from fateflow_tui.sdk.types.jobs import ComponentView, JobLine, JobView
from fateflow_tui.sdk.types.site import Event, SiteStatus


class Link(StrEnum):
    """The state of the connection to the scheduler."""

    STARTING = "starting"  # a scheduler is being started
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


class Connection(msgspec.Struct, frozen=True):
    """text: why it is disconnected. retry_in: seconds from then to the next attempt. tries: failed attempts so far."""

    link: Link = Link.CONNECTING
    text: str = ""
    hint: str = ""
    retry_in: float = 0.0
    tries: int = 0

    @property
    def is_up(self) -> bool:
        return self.link is Link.CONNECTED


class Change(msgspec.Struct, frozen=True):
    """What changed. jobs: ids whose lines changed. views: ids whose full views changed. order: jobs were added or
    removed. metrics: events about grown series, by job id. topics: names of other data that was read (see
    `LiveStore.read`). full_refresh: anything may have changed, as after a reconnect.
    """

    jobs: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    metrics: Mapping[str, tuple[Event, ...]] = {}
    topics: frozenset[str] = frozenset()
    order: bool = False
    site: bool = False
    connection: bool = False
    full_refresh: bool = False

    def __or__(self, other: Change) -> Change:
        return Change(
            self.jobs | other.jobs,
            self.views | other.views,
            {
                job_id: (*self.metrics.get(job_id, ()), *other.metrics.get(job_id, ()))
                for job_id in {**self.metrics, **other.metrics}
            },
            self.topics | other.topics,
            self.order or other.order,
            self.site or other.site,
            self.connection or other.connection,
            self.full_refresh or other.full_refresh,
        )

    def __bool__(self) -> bool:
        return self != NOTHING


NOTHING = Change()


def age(job_id: str) -> tuple[str, int, str]:
    """Sort key of ids, the scheduler's: date and time, then a counter of any length."""
    return job_id[:20], len(job_id), job_id


class Snapshot:
    """lines: jobs read so far, by id. ids: the same, newest first. id_length: how many last digits tell them
    apart. complete: there are no other jobs. views: full views
    of subscribed jobs. topics: other data by name.
    """

    def __init__(self) -> None:
        self.connection = Connection()
        self.site: SiteStatus | None = None
        self.lines: dict[str, JobLine] = {}
        self.ids: list[str] = []
        self.id_length = SHORT_ID
        self.complete = False
        self.views: dict[str, JobView] = {}
        self.topics: dict[str, Any] = {}

    def counts(self) -> Counter[Status]:
        return Counter(line.status for line in self.lines.values())

    def take_connection(self, connection: Connection) -> Change:
        changed = connection != self.connection
        self.connection = connection
        return Change(connection=changed)

    def take_site(self, site: SiteStatus) -> Change:
        changed = site != self.site
        self.site = site
        return Change(site=changed)

    def take_lines(self, lines: Iterable[JobLine]) -> Change:
        changed = [line for line in lines if self.lines.get(line.job_id) != line]
        fresh = any(line.job_id not in self.lines for line in changed)
        self.lines.update((line.job_id, line) for line in changed)
        if fresh:
            self.ids = sorted(self.lines, key=age, reverse=True)
            self.id_length = short_id_length(self.ids)
        return Change(jobs=frozenset(line.job_id for line in changed), order=fresh)

    def take_view(self, view: JobView) -> Change:
        if self.views.get(view.job_id) == view:
            return NOTHING
        self.views[view.job_id] = view
        line = JobLine(**{name: getattr(view, name) for name in JobLine.__struct_fields__})
        return Change(views=frozenset([view.job_id])) | self.take_lines([line])

    def take_topic(self, name: str, value: Any) -> Change:
        changed = self.topics.get(name) != value
        self.topics[name] = value
        return Change(topics=frozenset([name] if changed else []))

    def forget(self, job_id: str) -> Change:
        """Remove a job that no longer exists."""
        if self.lines.pop(job_id, None) is None:
            return NOTHING
        self.views.pop(job_id, None)
        self.ids.remove(job_id)
        return Change(jobs=frozenset([job_id]), order=True)

    def apply(self, event: Event) -> Change:
        """Apply what an event contains, to show it at once; the job is reloaded afterwards."""
        line = self.lines.get(event.job_id)
        if event.kind == "metrics":
            return Change(metrics={event.job_id: (event,)})
        if line is None:
            return NOTHING
        if event.kind == "job":
            return self._apply_job(line, event.data)
        if event.kind == "task":
            return self._apply_task(line, event.data)
        return NOTHING

    def _apply_job(self, line: JobLine, data: dict[str, Any]) -> Change:
        try:
            status = Status(data.get("status", line.status))
        except ValueError:
            return NOTHING
        if data.get("party") != "driver":
            parties = {**line.parties, str(data.get("party")): status}
            return self.take_lines([msgspec.structs.replace(line, parties=parties)])
        waiting = data.get("waiting")
        new = msgspec.structs.replace(
            line,
            status=status,
            progress=data.get("progress", line.progress),
            waiting=msgspec.convert(waiting, WaitingReason) if waiting and not status.ended else None,
            reason=data.get("reason", line.reason),
            running=[] if status.ended else line.running,
        )
        change = self.take_lines([new])
        view = self.views.get(line.job_id)
        if change and view is not None:
            fresh = {name: getattr(new, name) for name in ("status", "progress", "waiting", "reason", "running")}
            self.views[line.job_id] = msgspec.structs.replace(view, **fresh)
            change |= Change(views=frozenset([line.job_id]))
        return change

    def _apply_task(self, line: JobLine, data: dict[str, Any]) -> Change:
        view = self.views.get(line.job_id)
        found = next((c for c in view.components if c.name == data.get("component")), None) if view else None
        if view is None or found is None or data.get("version", 0) < found.version:
            return NOTHING
        new = _with_task(found, data)
        if new == found:
            return NOTHING
        components = [new if component is found else component for component in view.components]
        running = [component.name for component in components if component.status is Status.RUNNING]
        self.views[line.job_id] = msgspec.structs.replace(view, components=components, running=running)
        change = self.take_lines([msgspec.structs.replace(line, running=running)])
        return change | Change(views=frozenset([line.job_id]))


def _with_task(component: ComponentView, data: dict[str, Any]) -> ComponentView:
    """Return a component after a change of one of its tasks."""
    version = data.get("version", component.version)
    before = component.parties
    if version > component.version:
        before = dict.fromkeys(before, Status.WAITING)
    parties = {**before, str(data.get("party", "")): Status(data.get("status", Status.WAITING))}
    same = version == component.version
    started, ended = (component.started_at, component.ended_at) if same else (0, 0)
    status = fold_parties(parties.values())
    return msgspec.structs.replace(
        component,
        version=version,
        parties=parties,
        status=status,
        started_at=started or data.get("started_at", 0),
        ended_at=max(ended, data.get("ended_at", 0)) if status.ended else 0,
    )
