"""Migration of a model to other party ids.

Party ids occur in the documents and, for some modules, inside the models: trees and statistics of several parties
name the party that each piece belongs to (`host:10000`, `host_10000_0`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.core import ids
from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import ROLES, Party
from fateflow_tui.core.models import Pipeline

NAMING_MODULES: Final = frozenset(
    {"HeteroSecureBoost", "HeteroFastSecureBoost", "HeteroPearson", "HeteroFeatureBinning", "HeteroFeatureSelection"}
)

# A role and an id as a whole word, not part of a longer name.
_TOKEN: Final = re.compile(rf"(?<!\w)({'|'.join(ROLES)})([:_]|['\"]?, ?['\"]?)([0-9]++)(?![^\W_])")
_PLAN: Final = re.compile(r"(-?[0-9]+_)([0-9]+)")


def renamed(value: Any, parties: Mapping[Party, Party], where: str) -> Any:
    """Replace all party ids of a message at once, so that two parties can swap theirs.

    where: names the model in errors. Raises BadRequest if two keys of one object would become equal.
    """
    return _Renaming(parties, where).of(value, _own_features(value))


class _Renaming:
    """Replaces the party ids of one message."""

    def __init__(self, parties: Mapping[Party, Party], where: str) -> None:
        self._parties = parties
        self._where = where

    def of(self, value: Any, kept: frozenset[str], role: str = "") -> Any:
        """kept: words that look like a party but are not. role: of bare ids, from the nearest member that gives it."""
        if isinstance(value, str):
            return value if value in kept else _TOKEN.sub(self._token, value)
        if isinstance(value, list):
            return [self.of(item, kept, role) for item in value]
        if not isinstance(value, Mapping):
            return value
        named_role = value.get("role")
        inner = named_role if isinstance(named_role, str) and named_role in ROLES else role
        moved = {self.of(key, kept): self._member(key, item, kept, inner) for key, item in value.items()}
        if len(moved) != len(value):
            raise BadRequest(f"two names in the model {self._where} would become identical under the new party ids")
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
    """Return the names of the party's own features, if the model has them beside those of other parties."""
    if not isinstance(message, Mapping):
        return frozenset()
    names = message.get("featureNameFidMapping") or message.get("feature_name_fid_mapping") or {}
    return frozenset(str(name) for name in names.values()) if isinstance(names, Mapping) else frozenset()


_LONGEST: Final = 18  # digits
Parties = Mapping[Party, Party]


def check_mapping(
    roles: Mapping[str, Sequence[Any]], old: Mapping[str, Sequence[Any]], new: Mapping[str, Sequence[Any]]
) -> dict[Party, Party]:
    """Return the new party of each old one, by position. roles: of the model; `old` must match them.

    Raises BadRequest if the roles are equal, differ in structure or do not match the model.
    """
    old_ids, new_ids = _ids(old, "role"), _ids(new, "migrate_role")
    if {role: sorted(members) for role, members in old_ids.items()} != {
        role: sorted(members) for role, members in _ids(roles, "roles of the model").items()
    }:
        raise BadRequest(
            f"role names {_roles_text(old_ids)}, but the model's parties are {_roles_text(_ids(roles, 'roles'))}"
        )
    if {role: len(members) for role, members in old_ids.items()} != {
        role: len(members) for role, members in new_ids.items()
    }:
        raise BadRequest(
            f"role and migrate_role differ in structure: {_roles_text(old_ids)}; {_roles_text(new_ids)}",
            hint="name as many parties of each role in both, in the same order",
        )
    if old_ids == new_ids:
        raise BadRequest("role and migrate_role are equal; nothing to migrate")
    return {
        Party.of(role, before): Party.of(role, after)
        for role, members in old_ids.items()
        for before, after in zip(members, new_ids[role], strict=True)
    }


def new_roles(roles: Mapping[str, Sequence[int]], parties: Parties) -> dict[str, list[int]]:
    """Return the roles with the new ids, in the same order. Raises BadRequest for a party without a new id."""
    return {role: [int(_new(Party.of(role, member), parties).party_id) for member in roles[role]] for role in roles}


def new_model_id(roles: Mapping[str, Sequence[int]], parties: Parties) -> str:
    return ids.model_id(new_roles(roles, parties))


def migrated(
    pipeline: Pipeline, models: Iterable[ComponentModel], parties: Parties, *, model_id: str, model_version: str
) -> tuple[Pipeline, list[ComponentModel]]:
    """Return a part migrated to its new party. parties: new by old, all of the model's; ids may be swapped.

    A migrated version has no parent, because the new site does not have it. Raises BadRequest for invalid parties.
    """
    if len(set(parties.values())) != len(parties):
        raise BadRequest("two parties of the model would get the same id")
    for old, new in parties.items():
        if old.role != new.role or not _is_id(new.party_id):
            raise BadRequest(f"{old} cannot become {new}: a party keeps its role, and its id must be a number")
    changes = {"model_id": model_id, "model_version": model_version}
    documents = {
        name: _conf(getattr(pipeline, name), pipeline, parties, changes) for name in ("train_conf", "conf_on_party")
    }
    moved = msgspec.structs.replace(
        pipeline,
        party=_new(pipeline.party, parties),
        initiator=_new(pipeline.initiator, parties),
        roles=new_roles(pipeline.roles, parties),
        parent_info={},
        **changes,
        **documents,
    )
    return moved, [_model(model, parties) for model in models]


def _conf(conf: Mapping[str, Any], pipeline: Pipeline, parties: Parties, changes: Mapping[str, str]) -> dict[str, Any]:
    """Replace parties and model in a conf. Parameters by role index stay at their index."""
    moved = dict(conf)
    if isinstance(initiator := conf.get("initiator"), Mapping):
        role = str(initiator.get("role", pipeline.initiator.role))
        moved["initiator"] = {**initiator, "party_id": _same_kind(initiator.get("party_id"), role, parties)}
    if isinstance(roles := conf.get("role"), Mapping):
        moved["role"] = {role: _members(role, members, parties) for role, members in roles.items()}
    if "job_parameters" in conf:
        old = {"model_id": pipeline.model_id, "model_version": pipeline.model_version}
        moved["job_parameters"] = _of_model(conf["job_parameters"], old, changes)
    return moved


def _members(role: str, members: Any, parties: Parties) -> Any:
    if isinstance(members, list | tuple):
        return [_same_kind(member, role, parties) for member in members]
    return _same_kind(members, role, parties)


def _of_model(value: Any, old: Mapping[str, str], new: Mapping[str, str]) -> Any:
    """Replace the model's names in job parameters at any depth (common, by role and index)."""
    if isinstance(value, Mapping):
        return {
            key: new[key] if key in new and str(item) == old[key] else _of_model(item, old, new)
            for key, item in value.items()
        }
    return value


def _same_kind(member: Any, role: str, parties: Parties) -> Any:
    """Return the new id, as a number if the old one was a number."""
    if not isinstance(member, int | str):
        return member
    new = _new(Party.of(role, member), parties).party_id
    return int(new) if isinstance(member, int) else new


def _new(party: Party, parties: Parties) -> Party:
    if party not in parties:
        raise BadRequest(f"no new id is given for {party}", hint="set a new id for every party of the model")
    return parties[party]


def _model(model: ComponentModel, parties: Parties) -> ComponentModel:
    if model.module not in NAMING_MODULES:
        return model
    where = f"{model.component}.{model.alias}"
    return msgspec.structs.replace(
        model, parameters=renamed(model.parameters, parties, where), meta=renamed(model.meta, parties, where)
    )


def _ids(roles: Mapping[str, Sequence[Any]], what: str) -> dict[str, list[int]]:
    checked: dict[str, list[int]] = {}
    for role, members in roles.items():
        if role not in ids.ROLES or not isinstance(members, list | tuple):
            raise BadRequest(f"{what}.{role} must be a list of party ids of one of the roles {', '.join(ids.ROLES)}")
        for member in members:
            if isinstance(member, bool) or not _is_id(str(member)):
                raise BadRequest(f"invalid party id {member!r} in {what}.{role}", hint="party ids are numbers")
        checked[role] = [int(member) for member in members]
        if len(set(checked[role])) != len(members):
            raise BadRequest(f"{what}.{role} names a party twice")
    return {role: members for role, members in checked.items() if members}


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST


def _roles_text(roles: Mapping[str, list[int]]) -> str:
    return ", ".join(f"{role} {' '.join(map(str, members))}" for role, members in sorted(roles.items()))
