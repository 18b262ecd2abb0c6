"""Party ids inside the models of the modules that name parties. Pure.

Three forms are known: a site, `host:10000` or `(host, 10000)`; a feature of a site that does not tell its name,
`host_10000_0` or `host_10000.x0`; and a bare id in a member that is known to hold one (`partyId`, `hostPartyIds`, the
second half of an entry of `treePlan`). Everything else, above all every number, is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import ROLES, Party

NAMING_MODULES: Final = frozenset(
    {"HeteroSecureBoost", "HeteroFastSecureBoost", "HeteroPearson", "HeteroFeatureBinning", "HeteroFeatureSelection"}
)

# A role and an id that are a whole word: nothing that could belong to a longer name before or behind it.
_TOKEN: Final = re.compile(rf"(?<!\w)({'|'.join(ROLES)})([:_]|['\"]?, ?['\"]?)([0-9]++)(?![^\W_])")
_PLAN: Final = re.compile(r"(-?[0-9]+_)([0-9]+)")


def renamed(value: Any, parties: Mapping[Party, Party], where: str) -> Any:
    """A message with new party ids, all replaced at once, so that two parties may swap theirs.

    where: names the model in errors. Raises BadRequest when two keys of one object would become the same.
    """
    return _Renaming(parties, where).of(value, _own_features(value))


class _Renaming:
    """One message's renaming."""

    def __init__(self, parties: Mapping[Party, Party], where: str) -> None:
        self._parties = parties
        self._where = where

    def of(self, value: Any, kept: frozenset[str], role: str = "") -> Any:
        """kept: words that only look like a party's. role: whose bare ids the nearest member that says so has."""
        if isinstance(value, str):
            return value if value in kept else _TOKEN.sub(self._token, value)
        if isinstance(value, list):
            return [self.of(item, kept, role) for item in value]
        if not isinstance(value, Mapping):
            return value
        said = value.get("role")
        inner = said if isinstance(said, str) and said in ROLES else role
        moved = {self.of(key, kept): self._member(key, item, kept, inner) for key, item in value.items()}
        if len(moved) != len(value):
            raise BadRequest(f"two names in the model {self._where} would become one under the new party ids")
        return moved

    def _member(self, key: str, value: Any, kept: frozenset[str], role: str) -> Any:
        name = key.replace("_", "").lower()
        if name == "partyid":
            return self._id(value, role or "host")
        if name == "hostpartyids" and isinstance(value, list):
            return [self._id(item, "host") for item in value]
        if name == "treeplan" and isinstance(value, list):
            return [self._planned(item) for item in value]
        if name == "featurenamefidmapping":
            return value
        return self.of(value, kept, "host" if name.startswith("host") else role)

    def _token(self, found: re.Match[str]) -> str:
        role, between, party_id = found.groups()
        return f"{role}{between}{self._new(role, party_id)}"

    def _planned(self, value: Any) -> Any:
        found = _PLAN.fullmatch(value) if isinstance(value, str) else None
        return value if found is None else f"{found[1]}{self._new('host', found[2])}"

    def _id(self, value: Any, role: str) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | str):
            return value
        new = self._new(role, str(value))
        return int(new) if isinstance(value, int) else new

    def _new(self, role: str, party_id: str) -> str:
        party = self._parties.get(Party(role, party_id))
        return party_id if party is None else party.party_id


def _own_features(message: Any) -> frozenset[str]:
    """The names of the party's own features, where a model has them beside those of others."""
    if not isinstance(message, Mapping):
        return frozenset()
    names = message.get("featureNameFidMapping") or message.get("feature_name_fid_mapping") or {}
    return frozenset(str(name) for name in names.values()) if isinstance(names, Mapping) else frozenset()
