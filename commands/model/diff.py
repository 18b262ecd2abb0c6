"""How two model versions differ, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from fateflow_tui.commands.output import cell, columns, number, painted

_SIGNS: Final = {"added": ("+", "32"), "removed": ("-", "31"), "changed": ("~", "33"), "same": ("=", "2")}
_LONGEST: Final = 32  # columns of a value


def lines(found: dict[str, Any], a: str, b: str, stream: Any) -> Iterator[str]:
    """`model diff`: documents, parameters, models; what is the same in both is named only for models."""
    names = [_named(found.get("a"), a), _named(found.get("b"), b)]
    yield from (
        painted(f"{sign} {name}", color, stream) for sign, name, color in zip("-+", names, ("31", "32"), strict=True)
    )
    for title, group in (("documents", found.get("documents")), ("parameters", found.get("parameters"))):
        changed = {name: changes for name, changes in (group or {}).items() if changes}
        if changed:
            yield from ("", painted(title, "1", stream))
        for name, changes in changed.items():
            yield f"  {name}"
            yield from _changes(changes, "    ", stream)
    models = found.get("models") or {}
    if models:
        yield from ("", painted("models", "1", stream))
    for name, model in models.items():
        yield from _model(name, model, stream)


def _model(name: str, model: dict[str, Any], stream: Any) -> Iterator[str]:
    change = str(model.get("change", "changed"))
    sign, color = _SIGNS.get(change, _SIGNS["changed"])
    far = model.get("largest_delta")
    more = f", by up to {number(far)}" if far else ""
    yield f"  {painted(sign, color, stream)} {name}  {model.get('module', '')}  {change}{more}"
    header = model.get("header") or {}
    for word, kind in (("added", "+"), ("removed", "-")):
        if header.get(word):
            yield f"      columns {kind} {', '.join(map(str, header[word]))}"
    rows = [
        [f"      {one['path']}", number(one["old"]), "→", number(one["new"]), f"({one['delta']:+.3g})"]
        for one in model.get("weights") or ()
    ]
    yield from ("  ".join(row) for row in columns(rows))
    yield from _changes(model.get("other") or (), "      ", stream)
    if model.get("left_out"):
        yield f"      … {cell(model['left_out'])} more"


def _changes(changes: Sequence[dict[str, Any]], indent: str, stream: Any) -> Iterator[str]:
    rows: list[list[str]] = []
    for one in changes:
        old, new = _value(one.get("old")), _value(one.get("new"))
        value = {"added": new, "removed": old}.get(one["change"], f"{old} → {new}")
        rows.append([one["path"], value])
    for one, row in zip(changes, columns(rows), strict=True):
        sign, color = _SIGNS.get(one["change"], _SIGNS["changed"])
        yield f"{indent}{painted(sign, color, stream)} {'  '.join(row)}".rstrip()


def _value(value: Any) -> str:
    text = number(value) if value is not None else "null"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _named(version: Any, word: str) -> str:
    if not isinstance(version, dict):
        return word
    party = version.get("party")
    if isinstance(party, dict):
        party = f"{party.get('role')}:{party.get('party_id')}"
    return f"{version.get('model_version', word)} at {party}" if party else str(version.get("model_version", word))
