"""Dashboard actions: the `@action` decorator, and what the footer, the palette and the help derive from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from fateflow_tui.sdk.types.jobs import JobLine, JobView


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What an action applies to.

    jobs: the marked jobs, or the one under the cursor where none is marked. cursor: the job under the cursor of a list.
    view: the full job, if it is loaded.
    component, party: the cursor's position inside a job. rows: rows of other screens by kind, as in
    `{"model": (row, ...)}`. connected: whether the scheduler answers.
    """

    jobs: tuple[JobLine, ...] = ()
    cursor: JobLine | None = None
    view: JobView | None = None
    component: str = ""
    party: str = ""
    rows: dict[str, tuple[Any, ...]] = {}
    connected: bool = True

    @property
    def one_job(self) -> JobLine:
        """The job that an action opens which shows only one: marks are for actions on several jobs."""
        return self.cursor or self.jobs[0]

    @property
    def one_job_id(self) -> str:
        return self.one_job.job_id if self.jobs else ""

    @property
    def job_ids(self) -> str:
        return " ".join(job.job_id for job in self.jobs)

    def of(self, kind: str) -> tuple[Any, ...]:
        return self.rows.get(kind, ())


Describe = Callable[[Selection], str]


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the user can do on a screen.

    id: `resource.verb`, also its name in the user's keymap file. key: Textual key names, separated by commas.
    command: the equivalent command line, "" if there is none. disabled_reason: why the action is unavailable, "" if it
    is available. footer: position in the footer, lower first; 0 for actions that the footer leaves out.
    """

    id: str
    key: str
    label: str
    tooltip: str
    command: Describe
    disabled_reason: Describe
    footer: int = 0

    @property
    def method(self) -> str:
        """The name of the handler."""
        return self.id.replace(".", "_")


Handler = TypeVar("Handler", bound=Callable[..., Any])


def never(selection: Selection) -> str:
    """The reason of actions that are always available."""
    return ""


def action(
    id: str,
    *,
    key: str,
    label: str,
    tooltip: str,
    command: str | Describe = "",
    disabled_reason: Describe = never,
    footer: int = 0,
) -> Callable[[Handler], Handler]:
    """Declare a method of a screen as an action. The method of `job.stop` is called `job_stop`.

    The handler takes the `Selection` and may be a coroutine; it runs in a worker, so it can await dialogs and the
    scheduler. A `FateFlowError` that it raises is shown as a toast.
    """
    declared = Action(
        id=id,
        key=key,
        label=label,
        tooltip=tooltip,
        command=command if callable(command) else lambda selection: command,
        disabled_reason=disabled_reason,
        footer=footer,
    )

    def decorate(handler: Handler) -> Handler:
        handler.declared_action = declared  # type: ignore[attr-defined]
        return handler

    return decorate


def actions_of(screen: type) -> dict[str, Action]:
    """The actions of a screen class by id: its own first, then the inherited ones."""
    found: dict[str, Action] = {}
    for owner in screen.__mro__:
        for member in vars(owner).values():
            declared = getattr(member, "declared_action", None)
            if isinstance(declared, Action):
                found.setdefault(declared.id, declared)
    return found


def footer_of(actions: dict[str, Action]) -> list[Action]:
    """The actions that the footer shows, in its order."""
    return sorted((one for one in actions.values() if one.footer), key=lambda one: one.footer)


def offline(selection: Selection) -> str:
    return "" if selection.connected else "the scheduler does not answer"


def no_job(selection: Selection) -> str:
    return "" if selection.jobs else "no job selected"


def not_one_job(selection: Selection) -> str:
    if len(selection.jobs) > 1:
        return f"{len(selection.jobs)} jobs are marked; this works on one"
    return no_job(selection)


def keys_of(declared: Action, keymap: dict[str, str]) -> list[str]:
    """The keys of an action, after the user's keymap."""
    return [key.strip() for key in keymap.get(declared.id, declared.key).split(",")]


def key_label(key: str) -> str:
    """Format a key for people: `^p`, `/`, `esc`."""
    names = {
        "slash": "/",
        "question_mark": "?",
        "escape": "esc",
        "full_stop": ".",
        "comma": ",",
        "equals_sign": "=",
        "plus": "+",
        "minus": "-",
        "left_square_bracket": "[",
        "right_square_bracket": "]",
        "less_than_sign": "<",
        "greater_than_sign": ">",
    }
    if key.startswith("ctrl+"):
        return f"^{key_label(key.removeprefix('ctrl+'))}"
    return names.get(key, key)
