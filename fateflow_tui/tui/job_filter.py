"""The filter and the order of the list of jobs, and the part of a job that a tab shows; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from fateflow_tui.core.messages import FailureCard
from fateflow_tui.sdk.types.jobs import ComponentView, JobLine, JobView
from fateflow_tui.tui.snapshot import age
from fateflow_tui.views.jobs import job_name

_AGE: Final = re.compile(r"([<>]?)(\d+)([smhd])")
_UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NAMES: Final = ("status", "party", "role", "age", "name", "tag", "by")

Test = Callable[[JobLine, int], bool]


class JobFilter(msgspec.Struct, frozen=True):
    """A filter on jobs. text: as typed. tests: all must hold. problem: what cannot be parsed, "" if nothing."""

    text: str = ""
    tests: tuple[Test, ...] = ()
    problem: str = ""

    def holds(self, line: JobLine, now: int) -> bool:
        return all(test(line, now) for test in self.tests)


def parsed(text: str) -> JobFilter:
    """Parse words that must all occur, and `status:failed,timeout party:9999 role:host age:<2h name:churn by:anna`."""
    tests: list[Test] = []
    problem = ""
    for word in text.split():
        name, colon, value = word.partition(":")
        if not colon or name not in _NAMES:
            tests.append(_word(word.lower()))
        elif value:
            found = _test(name, value.lower())
            if found is None:
                problem = f"{word}: expected an age such as <2h, >30m or 1d"
            else:
                tests.append(found)
    return JobFilter(text, tuple(tests), problem)


def _test(name: str, value: str) -> Test | None:
    choices = tuple(value.split(","))
    match name:
        case "status":
            return lambda line, now: any(line.status.startswith(choice) for choice in choices)
        case "party":
            return lambda line, now: any(_is_party(line, choice) for choice in choices)
        case "role":
            return lambda line, now: any(party.partition(":")[0] in choices for party in line.parties)
        case "age":
            return _age(value)
        case "name":
            return lambda line, now: value in job_name(line).lower()
        case "tag":
            return lambda line, now: value in line.tag.lower()
        case _:
            return lambda line, now: value in line.submitted_by.lower()


def _is_party(line: JobLine, wanted: str) -> bool:
    return any(party == wanted or party.partition(":")[2] == wanted for party in line.parties)


def _age(value: str) -> Test | None:
    found = _AGE.fullmatch(value)
    if found is None:
        return None
    sign, count, unit = found.groups()
    limit = int(count) * _UNITS[unit]
    if sign == ">":
        return lambda line, now: now - line.created_at > limit
    return lambda line, now: now - line.created_at <= limit


def _word(word: str) -> Test:
    def occurs(line: JobLine, now: int) -> bool:
        texts: Iterable[str] = (
            line.job_id,
            line.name,
            line.description,
            line.summary,
            line.status,
            line.reason,
            line.submitted_by,
            *line.running,
            *line.parties,
            line.waiting.text if line.waiting else "",
        )
        return any(word in text.lower() for text in texts)

    return occurs


class Order(msgspec.Struct, frozen=True):
    """How jobs are sorted. column: its id. Newest, longest and furthest first unless `reverse`."""

    column: str = "job"
    reverse: bool = False


_RANK: Final = {
    "running": 0,
    "waiting": 1,
    "ready": 1,
    "failed": 2,
    "timeout": 2,
    "canceled": 3,
    "success": 4,
    "pass": 4,
}
SORTABLE: Final = ("job", "status", "progress", "took", "name")


def ordered(lines: Iterable[JobLine], order: Order, now: int) -> list[JobLine]:
    """Sort jobs; equal ones newest first."""
    keys: dict[str, Callable[[JobLine], object]] = {
        "status": lambda line: _RANK.get(line.status, 9),
        "progress": lambda line: -line.progress,
        "took": lambda line: -line.elapsed(now),
        "name": lambda line: job_name(line).lower(),
    }
    newest_first = sorted(lines, key=lambda line: age(line.job_id), reverse=True)
    if order.column == "job":
        return newest_first[::-1] if order.reverse else newest_first
    return sorted(newest_first, key=keys[order.column], reverse=order.reverse)  # type: ignore[arg-type]


TABS = ("tasks", "log", "metrics", "output", "conf", "history", "cards", "why")


class Subject(msgspec.Struct, frozen=True):
    """What a tab shows. component: the selected one, "" for the whole job. now: ms since the epoch."""

    view: JobView
    component: str = ""
    now: int = 0

    @property
    def job_id(self) -> str:
        return self.view.job_id

    @property
    def chosen(self) -> ComponentView | None:
        return next((one for one in self.view.components if one.name == self.component), None)

    @property
    def parties(self) -> list[str]:
        """The parties that run the component, as `role:id`; all parties without a component."""
        chosen = self.chosen
        return list(chosen.parties) if chosen is not None else [line.party for line in self.view.party_lines]

    @property
    def here(self) -> list[str]:
        """The parties among these that this site plays."""
        own = {line.party for line in self.view.party_lines if line.here}
        return [party for party in self.parties if party in own]

    @property
    def cards(self) -> list[FailureCard]:
        return [card for card in self.view.cards if self.component in ("", card.component)]


def has_model(view: JobView) -> bool:
    """Whether the job has a model. Jobs of the local role, such as uploads, have only a model's names."""
    return bool(view.model_id and view.model_version) and not view.initiator.startswith("local:")


def failures(view: JobView) -> list[FailureCard]:
    """The cards of tasks that failed themselves; tasks that were only stopped have cards too."""
    return [] if view.status.succeeded else [card for card in view.cards if card.kind != "canceled"]


def first_component(view: JobView) -> str:
    """The component to select when a job is opened: the failed one, otherwise none."""
    failed = failures(view)
    return failed[0].component if failed else ""


def first_tab(view: JobView, remembered: str) -> str:
    """The tab to show when a job is opened, by its status."""
    if failures(view):
        return "cards"
    if view.waiting is not None or (view.status.ended and not view.status.succeeded):
        return "why"
    return remembered if remembered in TABS and remembered not in ("cards", "why") else "tasks"
