"""Model versions as text: the columns of their list, facts, parts, differences; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fateflow_tui.core.cells import Spans, on_one_line
from fateflow_tui.core.errors import FateFlowError
from fateflow_tui.sdk.types.jobs import Lineage
from fateflow_tui.sdk.types.models import ModelPart, ModelVerification
from fateflow_tui.tui import columns
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.queries import ModelRow
from fateflow_tui.views.models import parties_of, short_parties, version_kind
from fateflow_tui.views.text import error_lines, moment

_KINDS: Final = {  # glyph and style
    "loaded": ("▶", "running"),
    "deployed": ("✓", "success"),
    "imported": ("⇣", "canceled"),
    "trained": ("·", "muted"),
}


def model_columns(now: Callable[[], int]) -> tuple[Column[ModelRow], ...]:
    return (
        Column("version", "VERSION", lambda m, width: [(columns.shortened_id(m.model_version, width), "")], 14, 22),
        Column("kind", "KIND", _kind, 10, 10, sortable=True),
        Column("names", "SERVICES, ALIASES, TAGS", _names, 12, 28, rank=2, short="NAMES"),
        Column("parties", "PARTIES", _parties, 8, 24, rank=3),
        Column("components", "COMPONENTS", _components, 12, rank=4),
        Column("created", "CREATED", lambda m, width: [(moment(m.created_at, now()), "muted")], 12, 12, rank=1),
    )


def fact_lines(
    model: ModelRow | None, lineage: Lineage | FateFlowError | None, known: Sequence[ModelRow], now: int
) -> list[Spans]:
    """Describe a version: names, origin, and derived versions. known: all versions."""
    if model is None:
        return []
    kind = version_kind(model)
    glyph, style = _KINDS[kind]
    parent = str(model.parent_info.get("parent_model_version", ""))
    children = [one for one in known if one.parent_info.get("parent_model_version") == model.model_version]
    imported = ", imported" if model.imported and kind != "imported" else ""
    rows: list[tuple[str, Spans]] = [
        ("kind", [(f"{glyph} {kind}", f"{style} strong"), (imported, "muted")]),
        ("created", [(moment(model.created_at, now), ""), (f" by {model.initiator}", "muted")]),
        ("services", [(", ".join(model.services), "running")]),
        ("aliases", [(", ".join(model.aliases), "accent")]),
        ("tags", [(", ".join(model.tags), "")]),
        ("trained by", [(f"job {model.job_id}" if model.job_id else "", "primary")]),
        ("base", [(f"version {parent}" if parent else "", "primary")]),
    ]
    rows += [
        ("derived", [(f"version {one.model_version} ", "primary"), (version_kind(one), _KINDS[version_kind(one)][1])])
        for one in children
    ]
    rows += _table_rows(lineage)
    rows += [
        ("components", [(", ".join(f"{name} {module}" for name, module in model.components.items()), "")]),
        ("model", [(model.model_id, "muted")]),
    ]
    return [[(f"{name:<11}", "muted"), *spans] for name, spans in rows if spans[0][0]]


def part_lines(model: ModelRow | None, found: ModelVerification | FateFlowError | None) -> list[Spans]:
    """Describe each party's part: valid, damaged or unavailable."""
    if model is None:
        return []
    if isinstance(found, FateFlowError):
        return [*error_lines(found), [("press v to retry", "muted")]]
    if found is None:
        return [[(f"{party:<15} ", ""), ("· checking", "muted")] for party in parties_of(model.roles)]
    lines: list[Spans] = []
    for party, part in found.parties.items():
        where = "here" if part.here else "elsewhere"
        lines.append([(f"{party:<15} ", ""), *_state(part), (f" {where}", "muted")])
        lines += [[("  ", ""), (on_one_line(flaw), "failed")] for flaw in part.flaws]
        loaded = [("  ▶ loaded", "running")] if party in model.loaded else []
        if part.digest or loaded:
            lines.append([(f"  sha256 {part.digest[:10]}…" if part.digest else "", "muted"), *loaded])
    return lines


def _kind(model: ModelRow, width: int) -> Spans:
    kind = version_kind(model)
    glyph, style = _KINDS[kind]
    return [(f"{glyph} {kind}", style)]


def _names(model: ModelRow, width: int) -> Spans:
    spans: Spans = []
    for names, style in ((model.services, "running"), (model.aliases, "accent"), (model.tags, "")):
        for name in names:
            spans += [(" " if spans else "", ""), (on_one_line(name), style)]
    return spans


def _parties(model: ModelRow, width: int) -> Spans:
    """Format parties, by role only if there is no space for ids: `G H2 A`."""
    words = short_parties(model.roles)
    if len(words) <= width:
        return [(words, "")]
    counts = {role: len(parties) for role, parties in model.roles.items()}
    return [(" ".join(f"{role[:1].upper()}{count if count > 1 else ''}" for role, count in counts.items()), "")]


def _components(model: ModelRow, width: int) -> Spans:
    return [(", ".join(model.components), "muted")]


def _table_rows(lineage: Lineage | FateFlowError | None) -> list[tuple[str, Spans]]:
    if not isinstance(lineage, Lineage):
        return []
    return [
        (
            "table",
            [(f"{one.get('namespace')}.{one.get('name')}", ""), (f" {one.get('party')}{_deletion(one)}", "muted")],
        )
        for one in lineage.tables_read
    ]


def _deletion(table: Mapping[str, Any]) -> str:
    return "" if table.get("exists", True) else ", deleted since"


def _state(part: ModelPart) -> Spans:
    if part.flaws:
        return [("✗ damaged", "failed strong")]
    return [("✓ valid", "success")] if part.digest else [("? unknown", "warning")]
