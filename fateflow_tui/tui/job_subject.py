"""What the panes of a job's screen are about at a moment; pure."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.messages import FailureCard
from fateflow_tui.sdk.jobs import ComponentView, JobView

TABS = ("tasks", "log", "metrics", "output", "conf", "story", "cards", "why")


class Subject(msgspec.Struct, frozen=True):
    """component: the selected one, "" for the job as a whole. now: ms since the epoch."""

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
        """`role:id` of those that run the component; of all without one."""
        chosen = self.chosen
        return list(chosen.parties) if chosen is not None else [line.party for line in self.view.party_lines]

    @property
    def here(self) -> list[str]:
        """Those of them that this site plays: of others it knows only what they report."""
        own = {line.party for line in self.view.party_lines if line.here}
        return [party for party in self.parties if party in own]

    @property
    def cards(self) -> list[FailureCard]:
        return [card for card in self.view.cards if self.component in ("", card.component)]


def has_model(view: JobView) -> bool:
    """Whether there is a model to name: jobs of one site alone, as uploads are, have only the names of one."""
    return bool(view.model_id and view.model_version) and not view.initiator.startswith("local:")


def first_component(view: JobView) -> str:
    """What is selected as a job is opened: where it failed, and else the job as a whole."""
    return view.cards[0].component if view.cards and not view.status.succeeded else ""


def first_tab(view: JobView, remembered: str) -> str:
    """The tab that answers the question with which such a job is opened."""
    if view.cards and not view.status.succeeded:
        return "cards"
    if view.waiting is not None or (view.status.ended and not view.status.succeeded):
        return "why"
    return remembered if remembered in TABS and remembered not in ("cards", "why") else "tasks"
