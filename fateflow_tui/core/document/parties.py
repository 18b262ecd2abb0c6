"""The parties of a job: the conf's `role` and `initiator`, and the index keys that select parties of a role."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from fateflow_tui.core.document.problems import Problems, kind_of, shown
from fateflow_tui.core.ids import ROLES, Party

MAX_PARTIES: Final = 1_000
_MAX_ID: Final = 2**63 - 1
_INDICES: Final = re.compile(r"[0-9]{1,6}(\|[0-9]{1,6})*", re.ASCII)


def party_id(value: Any) -> int | None:
    """A party id as a number, or None if it is invalid. FATE's clients send it as a number or as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _MAX_ID else None


def read_roles(conf: Mapping[str, Any], problems: Problems) -> dict[str, list[int]]:
    """role -> party ids, in the order that defines the index of a party; roles without parties are omitted."""
    value = conf.get("role")
    if not isinstance(value, dict) or not value:
        message = "`role` is missing: expected an object of role -> list of party ids"
        problems.error("RequiredParameterMissingError", ("role",) if "role" in conf else (), message)
        return {}
    roles: dict[str, list[int]] = {}
    for role, ids in value.items():
        if role not in ROLES:
            message = f"unknown role {shown(role)}: expected one of {', '.join(ROLES)}"
            problems.error("RoleNotExistError", ("role", role), message, near=(role, ROLES))
        elif not isinstance(ids, list):
            message = f"role {role} must be a list of party ids, not {kind_of(ids)}"
            problems.error("PartyIdError", ("role", role), message)
        elif found := _party_ids(role, ids, problems):
            roles[role] = found
    if sum(map(len, roles.values())) > MAX_PARTIES:
        problems.error("DocumentLimitError", ("role",), f"a job can have at most {MAX_PARTIES} parties")
        return {}
    return roles


def _party_ids(role: str, ids: list[Any], problems: Problems) -> list[int]:
    found: dict[int, None] = {}
    for index, value in enumerate(ids):
        number = party_id(value)
        if number is None:
            message = f"invalid party id {shown(value)}: expected a non-negative integer"
            problems.error("PartyIdError", ("role", role, index), message)
        elif number in found:
            message = f"party {role}:{number} is listed twice"
            problems.error("PartyIdRepeatedError", ("role", role, index), message)
        else:
            found[number] = None
    return list(found)


def read_initiator(conf: Mapping[str, Any], roles: Mapping[str, list[int]], problems: Problems) -> Party | None:
    """The party that submits the job; it must be one of the job's parties."""
    value = conf.get("initiator")
    if not isinstance(value, dict):
        message = "`initiator` is missing: expected role and party_id of the submitting party"
        problems.error("RequiredParameterMissingError", ("initiator",) if "initiator" in conf else (), message)
        return None
    missing = [key for key in ("role", "party_id") if value.get(key) is None]
    if missing:
        message = f"`initiator` lacks {' and '.join(missing)}"
        problems.error("RequiredParameterMissingError", ("initiator",), message)
        return None
    role, number = value["role"], party_id(value["party_id"])
    if number is None:
        message = f"invalid party id {shown(value['party_id'])}: expected a non-negative integer"
        problems.error("PartyIdError", ("initiator", "party_id"), message)
        return None
    if not isinstance(role, str) or role not in roles:
        message = f"the initiator's role {shown(role)} is not in `role`"
        problems.error("InitiatorNotInRoleError", ("initiator", "role"), message, near=(str(role), roles))
        return None
    if number not in roles[role]:
        message = f"the initiator {role}:{number} is not listed in `role`, which has {role} {roles[role]}"
        near = (str(number), [str(known) for known in roles[role]])
        problems.error("InitiatorNotInRoleError", ("initiator", "party_id"), message, near=near)
        return None
    return Party.of(role, number)


def all_parties(roles: Mapping[str, list[int]]) -> list[Party]:
    return [Party.of(role, number) for role, ids in roles.items() for number in ids]


def indices_of(key: str, count: int) -> list[int] | None:
    """The party indices that an index key selects ("0", "0|2" or "all"), or None if it is not an index key."""
    if key == "all":
        return list(range(count))
    if not _INDICES.fullmatch(key):
        return None
    return list(dict.fromkeys(int(part) for part in key.split("|")))
