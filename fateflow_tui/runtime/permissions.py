"""The desk for grants: what the owner gives and takes, what peers ask for, and a record of both."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from fateflow_tui.core.errors import FateFlowError, PartyRefused
from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import PartyDocument
from fateflow_tui.core.ports import ModuleCatalog
from fateflow_tui.runtime.admission import Permits, outside_tables
from fateflow_tui.runtime.clock import now_ms
from fateflow_tui.runtime.grants import Grant, Grants, checked_lists, dataset, not_granted

logger = logging.getLogger(__name__)

_REMEMBERED: Final = 1_000  # denials that are not noted again when the peer asks again
_NEEDED: Final = ("create", "run")  # a job that may not run is not worth creating


class Trail(Protocol):
    """Where it is noted who did what, see `store.audit`."""

    def add(self, at: int, entry: Mapping[str, Any]) -> None: ...


class Permissions:
    """Grants of a site and their use. plays: which parties are its own; these need no grant."""

    def __init__(self, grants: Grants, catalog: ModuleCatalog, trail: Trail, plays: Callable[[Party], bool]) -> None:
        self.grants = grants
        self._catalog = catalog
        self._trail = trail
        self._plays = plays
        self._noted: OrderedDict[tuple[str, str], str] = OrderedDict()

    def grant(self, party: str, lists: Mapping[str, Sequence[str]], *, by: str) -> Grant:
        """Allows more to a pattern of parties. lists: by kind, as the user writes them. Raises BadRequest."""
        checked = checked_lists(lists, self._catalog.names())
        grant = self.grants.add(party, checked)
        self._note("grant", party=party, by=by, lists=checked)
        return grant

    def revoke(self, party: str, lists: Mapping[str, Sequence[str]], *, by: str) -> Grant:
        """Takes back. Raises BadRequest, NotFound, Conflict when something of it was not granted."""
        checked = checked_lists(lists, self._catalog.names())
        grant = self.grants.take(party, checked)
        self._note("revoke", party=party, by=by, lists=checked)
        return grant

    def forget(self, party: str, *, by: str) -> None:
        """Removes all that was granted to a pattern, restrictions included. Raises NotFound."""
        self.grants.forget(party)
        self._note("forget_grants", party=party, by=by)

    def of(self, driver: Party) -> Permits | None:
        """How to ask whether this driver's job may run here; None for a party of this site."""
        return None if self._plays(driver) else partial(self._denial, driver)

    def _denial(self, driver: Party, document: PartyDocument) -> FateFlowError | None:
        denial = self._judge(driver, document)
        if denial is not None:
            key = (document.job_id, str(document.party))
            if self._noted.get(key) != denial.message:
                self._noted[key] = denial.message
                self._note("denied", party=str(driver), job_id=document.job_id, at_party=key[1], **(denial.data or {}))
                logger.warning("job %s at %s: %s", document.job_id, document.party, denial.message)
            while len(self._noted) > _REMEMBERED:
                self._noted.popitem(last=False)
        return denial

    def _judge(self, driver: Party, document: PartyDocument) -> FateFlowError | None:
        if document.party.role == "local":
            # Modules of this role read and write files of the site.
            return PartyRefused(f"nobody but its own owner runs something as {document.party} at this site")
        modules = {plan.module.lower(): plan.module for plan in document.tasks}
        tables = [dataset(space, name) for plan in document.tasks for _, space, name in outside_tables(plan)]
        needs = {
            "role": [document.party.role],
            "command": list(_NEEDED),
            "component": list(modules),
            "dataset": list(dict.fromkeys(tables)),
        }
        lacks = self.grants.lacks(driver, needs)
        return not_granted(driver, lacks, modules) if lacks else None

    def _note(self, what: str, **facts: Any) -> None:
        self._trail.add(now_ms(), {"what": what, **facts})
