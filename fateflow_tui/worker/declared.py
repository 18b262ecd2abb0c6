"""The rule about what parties may tell each other: declared variables, from declared roles to declared roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party
from fateflow_tui.core.ports import ModuleFacts, Variable


class Declared:
    """Checks sends and receives of one task; every refusal is a ComponentFailed that names the variable."""

    def __init__(self, facts: ModuleFacts, party: Party, roles: Mapping[str, Sequence[Party]]) -> None:
        self._facts = facts
        self._party = party
        self._roles = roles

    def targets(self, name: str, to: Party | Sequence[Party] | str) -> list[Party]:
        """The parties that `to` means; a role means all of its parties but this one."""
        variable = self._variable(name)
        self._check_role(variable, self._party.role, variable.sources, "sent by")
        if isinstance(to, str):
            self._check_role(variable, to, variable.targets, "sent to")
            targets = [party for party in self._roles.get(to, ()) if party != self._party]
        else:
            targets = [to] if isinstance(to, Party) else list(to)
        for target in targets:
            self._check_role(variable, target.role, variable.targets, "sent to")
            self._check_takes_part(variable, target)
        return targets

    def check_source(self, name: str, source: Party) -> None:
        variable = self._variable(name)
        self._check_role(variable, source.role, variable.sources, "sent by")
        self._check_role(variable, self._party.role, variable.targets, "received by")
        self._check_takes_part(variable, source)

    def _variable(self, name: str) -> Variable:
        variable = self._facts.variables.get(name)
        if variable is None:
            known = ", ".join(self._facts.variables) or "none"
            raise ComponentFailed(
                f"module {self._facts.name} does not declare the variable {name!r}; it declares: {known}",
                hint="add it to the module's `variables`, with the roles that send and receive it",
            )
        return variable

    def _check_role(self, variable: Variable, role: str, allowed: frozenset[str], verb: str) -> None:
        if role not in allowed:
            raise ComponentFailed(
                f"{variable.name} of module {self._facts.name} may not be {verb} a {role}; "
                f"it goes from {_listed(variable.sources)} to {_listed(variable.targets)}"
            )

    def _check_takes_part(self, variable: Variable, party: Party) -> None:
        if party not in self._roles.get(party.role, ()):
            raise ComponentFailed(f"{variable.name}: {party} does not take part in this component")


def _listed(roles: frozenset[str]) -> str:
    return ", ".join(sorted(roles))
