"""The context that all decisions of one turn share."""

from __future__ import annotations

from fateflow_tui.core.effects import Effect
from fateflow_tui.core.ids import Party
from fateflow_tui.engine.capacity import Ledger
from fateflow_tui.engine.facts import SiteFacts, Tunables


class TurnContext:
    """The site's facts and ledger, the time of the current turn and the effects that it has produced."""

    def __init__(self, facts: SiteFacts, tunables: Tunables) -> None:
        self.facts = facts
        self.tunables = tunables
        self.ledger = Ledger(facts, tunables)
        self.at = 0
        self._effects: list[Effect] = []

    def hosts(self, party: Party) -> bool:
        return self.facts.hosts(party)

    def emit(self, effect: Effect) -> None:
        self._effects.append(effect)

    def take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def backoff(self, attempts: int, limit: int) -> int:
        return min(limit, self.tunables.resend_first << min(attempts, 20))
