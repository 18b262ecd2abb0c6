"""What differs between two trees of parameters, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

_TOLD: Final = 4  # changes of one component
_LONGEST: Final = 40  # characters of a value

Changed = tuple[Any, Any]  # before and now; msgspec.UNSET where it was or is not there


def changes(old: Any, new: Any, path: str = "") -> dict[str, Changed]:
    """By path, as in `init_param.init_method`: the outermost values that differ and are not both objects."""
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return {} if old == new else {path: (old, new)}
    found: dict[str, Changed] = {}
    for name in dict.fromkeys([*old, *new]):
        below = f"{path}.{name}" if path else str(name)
        found |= changes(old.get(name, msgspec.UNSET), new.get(name, msgspec.UNSET), below)
    return found


def told(by_party: Mapping[str, Mapping[str, Changed]]) -> str:
    """`alpha 0.01 → 0.02`; with the parties that it concerns, unless it concerns all."""
    texts: dict[str, list[str]] = {}
    for party, found in by_party.items():
        for path, (old, new) in found.items():
            texts.setdefault(_change_text(path, old, new), []).append(party)
    pieces = [
        text if len(parties) == len(by_party) else f"{text} at {', '.join(parties)}" for text, parties in texts.items()
    ]
    more = [f"{len(pieces) - _TOLD} more"] if len(pieces) > _TOLD else []
    return ", ".join(pieces[:_TOLD] + more)


def _change_text(path: str, old: Any, new: Any) -> str:
    if old is msgspec.UNSET:
        return f"{path} now {_value(new)}"
    if new is msgspec.UNSET:
        return f"{path} no longer {_value(old)}"
    return f"{path} {_value(old)} → {_value(new)}"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) and value else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
