"""What a person can do: one record says its key, its words, its command line, and when it does not apply; pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fateflow_tui.sdk.types.jobs import JobLine, JobView


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What an action would be about. jobs: those that are marked, else the one under the cursor. view: that one whole,
    if it is known. component, party: where the cursor is inside of a job. things: rows of other screens, by kind, as
    in `{"model": (line, ...)}`. connected: the scheduler answers.
    """

    jobs: tuple[JobLine, ...] = ()
    view: JobView | None = None
    component: str = ""
    party: str = ""
    things: dict[str, tuple[Any, ...]] = {}
    connected: bool = True

    @property
    def job_ids(self) -> str:
        return " ".join(job.job_id for job in self.jobs)

    def of(self, kind: str) -> tuple[Any, ...]:
        return self.things.get(kind, ())


Words = Callable[[Selection], str]


def no_words(selection: Selection) -> str:
    return ""


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """id: `noun.verb`, also the name in the user's keymap; it is carried out by the method `do_noun_verb` of the
    screen, else by the function in `deeds`. key: as Textual names it, several with commas. screens: where it is to be
    had, () for everywhere. cli: the command line that does the same, "" if none does. why_not: why it does not apply,
    "" if it does. footer: whether it is shown there, the lower the number the earlier; 0 for not.
    """

    id: str
    key: str
    label: str
    tooltip: str
    screens: tuple[str, ...] = ()
    cli: Words = no_words
    why_not: Words = no_words
    footer: int = 0

    @property
    def method(self) -> str:
        return f"do_{self.id.replace('.', '_')}"


def offline(selection: Selection) -> str:
    return "" if selection.connected else "the scheduler does not answer"


def no_job(selection: Selection) -> str:
    return "" if selection.jobs else "there is no job to do it with"


def not_one_job(selection: Selection) -> str:
    if len(selection.jobs) > 1:
        return f"{len(selection.jobs)} jobs are marked; this works on one"
    return no_job(selection)
