"""The same model under other party ids. Pure.

Who is called what stands in the documents, and for some modules inside the models: trees and statistics of several
parties name the party that each piece belongs to (`host:10000`, `host_10000_0`).
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
    """The names of the party's own features, where a model has them beside those of others."""
    if not isinstance(message, Mapping):
        return frozenset()
    names = message.get("featureNameFidMapping") or message.get("feature_name_fid_mapping") or {}
    return frozenset(str(name) for name in names.values()) if isinstance(names, Mapping) else frozenset()


_LONGEST: Final = 18  # digits
Parties = Mapping[Party, Party]


def check_mapping(
    roles: Mapping[str, Sequence[Any]], old: Mapping[str, Sequence[Any]], new: Mapping[str, Sequence[Any]]
) -> dict[Party, Party]:
    """Return the new party of each old one, by position. roles: the model's, which `old` has to name.

    Raises BadRequest when the roles are equal, differ in structure or are not those of the model.
    """
    old_ids, new_ids = _ids(old, "role"), _ids(new, "migrate_role")
    if {role: sorted(members) for role, members in old_ids.items()} != {
        role: sorted(members) for role, members in _ids(roles, "roles of the model").items()
    }:
        raise BadRequest(f"role names {_said(old_ids)}, but the model's parties are {_said(_ids(roles, 'roles'))}")
    if {role: len(members) for role, members in old_ids.items()} != {
        role: len(members) for role, members in new_ids.items()
    }:
        raise BadRequest(
            f"role and migrate_role differ in structure: {_said(old_ids)}; {_said(new_ids)}",
            hint="name as many parties of each role in both, in the same order",
        )
    if old_ids == new_ids:
        raise BadRequest("role and migrate_role are equal: there is nothing to migrate")
    return {
        Party.of(role, before): Party.of(role, after)
        for role, members in old_ids.items()
        for before, after in zip(members, new_ids[role], strict=True)
    }


def new_roles(roles: Mapping[str, Sequence[int]], parties: Parties) -> dict[str, list[int]]:
    """The roles with everybody's new id, in the old order. Raises BadRequest for a party that has none."""
    return {role: [int(_new(Party.of(role, member), parties).party_id) for member in roles[role]] for role in roles}


def new_model_id(roles: Mapping[str, Sequence[int]], parties: Parties) -> str:
    return ids.model_id(new_roles(roles, parties))


def migrated(
    pipeline: Pipeline, models: Iterable[ComponentModel], parties: Parties, *, model_id: str, model_version: str
) -> tuple[Pipeline, list[ComponentModel]]:
    """A part as it is at its new party. parties: old to new, all of the model's; ids may be swapped.

    A migrated version has no parent: where it goes there is none. Raises BadRequest for parties that do not fit.
    """
    if len(set(parties.values())) != len(parties):
        raise BadRequest("two parties of the model would get the same id")
    for old, new in parties.items():
        if old.role != new.role or not _is_id(new.party_id):
            raise BadRequest(f"{old} cannot become {new}: a party keeps its role, and its id is a number")
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
    """A conf with its parties and its model replaced. What is said of the n-th host is said of it again."""
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
    """Job parameters, at any depth (common, by role and index), that named the model by its old names."""
    if isinstance(value, Mapping):
        return {
            key: new[key] if key in new and str(item) == old[key] else _of_model(item, old, new)
            for key, item in value.items()
        }
    return value


def _same_kind(member: Any, role: str, parties: Parties) -> Any:
    """A new id, as a number where the old one was a number."""
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


def _said(roles: Mapping[str, list[int]]) -> str:
    return ", ".join(f"{role} {' '.join(map(str, members))}" for role, members in sorted(roles.items()))
