"""Comparing answers by shape: the same members, the same kinds of values, everywhere."""

from __future__ import annotations

from typing import Any

_INTERNAL = {"CodePath"}  # where the original keeps a module's program
# Submitted documents: their members are the user's.
_DOCUMENTS = {"f_dsl", "f_runtime_conf", "f_runtime_conf_on_party", "f_train_runtime_conf", "f_roles"}


def differences(recorded: Any, ours: Any, place: str = "$") -> list[str]:
    """Where the two differ; [] when every client that reads one can read the other. null stands for anything."""
    if recorded is None or ours is None:
        return []
    if isinstance(recorded, dict) and isinstance(ours, dict):
        found = [f"{place}.{name} is missing" for name in recorded.keys() - ours.keys() - _INTERNAL]
        found += [f"{place}.{name} is new" for name in ours.keys() - recorded.keys()]
        same_job = recorded.get("f_job_id") == ours.get("f_job_id")
        for name in recorded.keys() & ours.keys() - (set() if same_job else _DOCUMENTS):
            found += differences(recorded[name], ours[name], f"{place}.{name}")
        return found
    if isinstance(recorded, list) and isinstance(ours, list):
        if recorded and not ours:
            return [f"{place} is empty"]
        return [one for item in ours[:1] for one in differences(recorded[0], item, f"{place}[0]")] if recorded else []
    if _kind(recorded) != _kind(ours):
        return [f"{place} is {_kind(ours)}, recorded {_kind(recorded)}"]
    return []


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, int | float) else type(value).__name__
