"""What one party may see of a runtime conf: what is common and what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fateflow_tui.core.document.conf import KEYS, dsl_version
from fateflow_tui.core.document.parties import indices_of
from fateflow_tui.core.ids import Party


def conf_for(conf: Mapping[str, Any], party: Party) -> dict[str, Any]:
    """The conf without the parameters and tables of other parties.

    Version 2: only the index keys that pick this party are left. Version 1: in the lists of role parameters the
    elements of others are null, so that positions keep their meaning.
    """
    ids = conf["role"].get(party.role, [])
    number = int(party.party_id)
    index = ids.index(number) if number in ids else len(ids)
    version = dsl_version(conf) or 2
    visible = {key: value for key, value in conf.items() if key in KEYS[version]}
    if version == 1:
        lists = conf.get("role_parameters", {})
        if isinstance(lists, dict):
            visible["role_parameters"] = {
                role: _only(given, index) for role, given in lists.items() if role == party.role
            }
        return visible
    for section in ("job_parameters", "component_parameters", "provider"):
        given = conf.get(section)
        if isinstance(given, dict) and isinstance(given.get("role"), dict):
            own = _matching(given["role"].get(party.role), index, len(ids))
            common = {"common": given["common"]} if "common" in given else {}
            visible[section] = {**common, "role": {party.role: own} if own else {}}
    return visible


def _matching(given: Any, index: int, count: int) -> dict[str, Any]:
    if not isinstance(given, dict):
        return {}
    return {key: value for key, value in given.items() if index in (indices_of(key, count) or [])}


def _only(value: Any, index: int) -> Any:
    if isinstance(value, dict):
        return {key: _only(item, index) for key, item in value.items()}
    if isinstance(value, list):
        return [item if place == index else None for place, item in enumerate(value)]
    return None
