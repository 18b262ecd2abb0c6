"""The conf tab: effective parameters with their origins, and the job's documents."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from textual.app import ComposeResult
from textual.containers import Horizontal

from fateflow_tui.core.cells import Spans, on_one_line, padded
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.job_filter import Subject
from fateflow_tui.tui.parameters import DEFAULT, Parameter, parameters_of
from fateflow_tui.tui.widgets.choices import Chips
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.text_views import ScrollText

_KEY: Final = re.compile(r'^(\s*)("(?:[^"\\]|\\.)*")(: )(.*)$')
_MOST: Final = 5_000  # lines of a document to show


def json_lines(value: Any) -> list[Spans]:
    """Format a value as JSON with styled keys, strings and numbers."""
    lines: list[Spans] = []
    written = _written(value, 0).split("\n")
    for line in written[:_MOST]:
        found = _KEY.match(line)
        if found is None:
            lines.append([(on_one_line(line), _style(line.strip()))])
            continue
        indent, key, colon, rest = found.groups()
        lines.append([(indent, ""), (on_one_line(key), "primary"), (colon, "muted"), (on_one_line(rest), _style(rest))])
    if len(written) > _MOST:
        lines.append([(f"and {len(written) - _MOST:,} more lines", "muted")])
    return lines


def _written(value: Any, indent: int) -> str:
    """Format JSON with empty values and lists of plain values on one line."""
    if _plain(value) or not value:
        return json.dumps(value, ensure_ascii=False)
    blank = "  " * (indent + 1)
    if isinstance(value, list):
        inner = [f"{blank}{_written(one, indent + 1)}" for one in value]
        return "[\n" + ",\n".join(inner) + "\n" + "  " * indent + "]"
    inner = [f"{blank}{json.dumps(key, ensure_ascii=False)}: {_written(one, indent + 1)}" for key, one in value.items()]
    return "{\n" + ",\n".join(inner) + "\n" + "  " * indent + "}"


def short(value: Any) -> str:
    """Format a value on one line."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def tree_lines(value: Any, indent: int = 0, *, most: int = 200) -> list[Spans]:
    """Format an object as an indented tree with aligned names."""
    if not isinstance(value, dict):
        return [[(f"{'  ' * indent}{short(value)}", "")]]
    lines: list[Spans] = []
    width = min(32, max((len(str(key)) for key, member in value.items() if _plain(member)), default=0))
    for number, (key, member) in enumerate(value.items()):
        if number >= most:
            lines.append([(f"{'  ' * indent}… and {len(value) - most:,} more", "muted")])
            break
        if _plain(member):
            name = padded(str(key), max(width, len(str(key))))
            lines.append([("  " * indent, ""), (f"{name}  ", "muted"), (on_one_line(short(member)), "")])
        else:
            count = f"  {len(member)}" if member else "  –"
            lines.append([("  " * indent, ""), (f"▾ {key}", "primary"), (count, "muted")])
            below = member if isinstance(member, dict) else {str(place): one for place, one in enumerate(member)}
            lines += tree_lines(below, indent + 1, most=most)
    return lines


def _plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(not isinstance(one, dict | list) for one in value)
    return not isinstance(value, dict)


def _style(text: str) -> str:
    if text.startswith('"'):
        return "success"
    return "muted" if text[:1] in "{}[]," else "accent"


_PARAMETERS: Final = "parameters"
_JOB: Final = "job parameters"
_DSL: Final = "DSL"
_CONF: Final = "conf"


def _origin_style(one: Parameter) -> str:
    return "muted" if one.origin == DEFAULT else "strong"


COLUMNS: Final[tuple[Column[Parameter], ...]] = (
    Column("path", "PARAMETER", lambda one, width: [(on_one_line(one.path), _origin_style(one))], 14, 40),
    Column("value", "VALUE", lambda one, width: [(on_one_line(one.text), _origin_style(one))], 10),
    Column("origin", "FROM", lambda one, width: [(one.origin, "muted" if one.origin == DEFAULT else "accent")], 7, 14),
)


class ConfTab(JobTab):
    """Set parameters come first, then those with defaults."""

    DEFAULT_CSS = """
    ConfTab .chips { height: 1; }
    ConfTab .-off { display: none; }
    """

    def __init__(self) -> None:
        super().__init__("conf")
        self._parameters: list[Parameter] = []
        self._module = ""
        self._config: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        with Horizontal(classes="chips"):
            yield Chips("party", "p", id="party")
            yield Chips("", "x", id="what")
        yield Listing(COLUMNS, empty="no parameters")
        yield ScrollText(id="words")

    @property
    def party(self) -> str:
        return self.query_one("#party", Chips).chosen

    def wanted(self, subject: Subject) -> Any:
        chips = self.query_one("#party", Chips)
        chips.offer(subject.parties, frozenset(party for party in subject.parties if party not in subject.here))
        self.query_one("#what", Chips).offer([_PARAMETERS, _DSL, _CONF] if subject.component else [_JOB, _DSL, _CONF])
        return subject.job_id, (subject.component, chips.chosen), subject.view.reruns

    def forget(self) -> None:
        self._config, self._parameters, self._module = {}, [], ""

    async def read(self, subject: Subject) -> None:
        party = self.party
        if not party:
            return
        self._config = await self.flow.jobs.config(subject.job_id, party)
        if not subject.component:
            return
        found = await self.flow.tracking.parameters(subject.job_id, subject.component, party)
        effective: dict[str, Any] = next((value for key, value in found.items() if key != "module"), {})
        self._module = str(found.get("module", ""))
        conf = self._config.get("runtime_conf") or {}
        every = list(parameters_of(effective, conf, subject.component, party))
        self._parameters = sorted(every, key=lambda one: one.origin == DEFAULT)

    def draw(self) -> None:
        subject = self.subject
        if subject is None:
            return
        listing, words = self.query_one(Listing), self.query_one("#words", ScrollText)
        what = self.query_one("#what", Chips).chosen
        as_rows = what == _PARAMETERS and self.failure is None and bool(self._config)
        listing.set_class(not as_rows, "-off")
        words.set_class(as_rows, "-off")
        if as_rows:
            records = {one.path: one for one in self._parameters}
            if records != listing.records or not listing.keys:
                listing.show(list(records), records)
        else:
            words.show(self._lines(subject, what))

    def notes(self) -> Spans:
        own = sum(one.origin != DEFAULT for one in self._parameters)
        if self.subject is None or not self.subject.component or not self._module:
            return []
        return [(f"{self._module} · {own} set, {len(self._parameters) - own} by default", "muted")]

    def step(self, chips: str) -> None:
        self.query_one(f"#{chips}", Chips).step()

    def on_chips_chosen(self, event: Chips.Chosen) -> None:
        if event.chips.id == "party":
            self.reload()
        else:
            self.draw()
        self.post_message(self.NotesChanged())

    def _lines(self, subject: Subject, what: str) -> list[Spans]:
        if self.failure is not None or self.reading:
            return self.placeholder()
        if not self.party:
            return [[("not available: the parties are at other sites", "muted")]]
        if not self._config:
            return []
        conf = self._config.get("runtime_conf") or {}
        if what == _JOB:
            head = {name: conf.get(name) for name in ("initiator", "role", "job_parameters") if conf.get(name)}
            return json_lines(head)
        if what == _CONF:
            given = conf.get("component_parameters", conf)
            return json_lines(conf if not subject.component else _only(given, subject.component))
        dsl = self._config.get("dsl") or {}
        own = (dsl.get("components") or {}).get(subject.component)
        return json_lines({subject.component: own} if own is not None else dsl)


def _only(value: Any, component: str) -> Any:
    """Return the part of the component parameters that concerns one component."""
    if not isinstance(value, dict):
        return {}
    found = {component: value[component]} if component in value else {}
    deeper = {key: _only(member, component) for key, member in value.items() if isinstance(member, dict)}
    return {**found, **{key: member for key, member in deeper.items() if member and key != component}}
