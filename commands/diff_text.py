"""Two jobs beside each other, as lines of text; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from commands.text import cell, columns, number
from fateflow_tui.text.amounts import duration
from fateflow_tui.text.statuses import marked

if TYPE_CHECKING:
    from fateflow_tui.sdk.comparison import Changed, ComponentPair, JobDiff, MetricPair

_SIGNS: Final = {"added": "+", "removed": "-", "changed": "~"}
_LONGEST: Final = 32  # columns of a value


def diff_lines(found: JobDiff) -> Iterator[str]:
    """`job diff`."""
    for letter, job in (("A", found.a), ("B", found.b)):
        yield "  ".join(filter(None, [letter, job.job_id, marked(job.status), duration(job.took) if job.took else ""]))
    for title, changes in (("dsl", found.dsl), ("conf", found.conf), *found.parameters.items()):
        if changes:
            yield ""
            yield title
            yield from (f"  {line}" for line in _change_lines(changes))
    if found.same:
        yield ""
        yield "documents and parameters are the same"
    if found.metrics:
        yield ""
        yield from _table(("METRIC", "PARTY", "A", "B", "B - A"), [_metric_row(one) for one in found.metrics])
    if found.components:
        yield ""
        yield from _table(("COMPONENT", "MODULE", "A", "B", "B - A"), [_time_row(one) for one in found.components])


def _change_lines(changes: list[Changed]) -> Iterator[str]:
    for one in changes:
        where = f"{one.path or 'all of it'}{f' at {one.party}' if one.party else ''}"
        values = {"added": [one.new], "removed": [one.old]}.get(one.change, [one.old, one.new])
        yield f"{_SIGNS.get(one.change, '?')} {where}: {' → '.join(map(_value, values))}"


def _metric_row(one: MetricPair) -> list[str]:
    name = f"{one.component} {one.series} {one.key}"
    delta = f"{one.b - one.a:+.6g}" if _is_number(one.a) and _is_number(one.b) else ""  # type: ignore[operator]
    return [name, one.party, _figure(one.a), _figure(one.b), delta]


def _time_row(one: ComponentPair) -> list[str]:
    a, b = (_state(status, took) for status, took in ((one.a, one.a_took), (one.b, one.b_took)))
    delta = f"{(one.b_took - one.a_took) / 1000:+.1f}s" if one.a_took and one.b_took else ""
    return [one.component, one.module, a, b, delta]


def _state(status: str, took: int) -> str:
    if status in ("", "reused"):
        return "↻ reused" if status else "-"
    return f"{marked(status)[0]} {duration(took)}" if took else marked(status)


def _figure(value: float | str | None) -> str:
    return "-" if value is None else number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: Any) -> str:
    text = cell(value) if value is not None else "null"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _table(titles: Sequence[str], rows: list[list[str]]) -> Iterator[str]:
    yield from ("  ".join(row).rstrip() for row in columns([list(titles), *rows]))
