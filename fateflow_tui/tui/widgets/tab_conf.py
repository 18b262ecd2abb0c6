"""Parameters as they are in effect, each with where it comes from; the job's own, the DSL, the conf."""

from __future__ import annotations

from typing import Any, Final

from textual.app import ComposeResult
from textual.containers import Horizontal

from fateflow_tui.text.places import on_one_line
from fateflow_tui.text.spans import Spans
from fateflow_tui.tui.columns import Column
from fateflow_tui.tui.documents import json_lines
from fateflow_tui.tui.job_subject import Subject
from fateflow_tui.tui.origins import DEFAULT, Parameter, parameters_of
from fateflow_tui.tui.widgets.chips import Chips
from fateflow_tui.tui.widgets.job_tab import JobTab
from fateflow_tui.tui.widgets.listing import Listing
from fateflow_tui.tui.widgets.scroll_words import ScrollWords

_PARAMETERS: Final = "parameters"
_JOB: Final = "job parameters"
_DSL: Final = "DSL"
_CONF: Final = "conf"


def _style(one: Parameter) -> str:
    return "muted" if one.origin == DEFAULT else "strong"


COLUMNS: Final[tuple[Column[Parameter], ...]] = (
    Column("path", "PARAMETER", lambda one, room: [(on_one_line(one.path), _style(one))], 14, 40),
    Column("value", "VALUE", lambda one, room: [(on_one_line(one.text), _style(one))], 10),
    Column("origin", "FROM", lambda one, room: [(one.origin, "muted" if one.origin == DEFAULT else "accent")], 7, 14),
)


class ConfTab(JobTab):
    """What was set stands first, defaults follow."""

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
        yield Listing(COLUMNS, empty="it has no parameters")
        yield ScrollWords(id="words")

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

    def look(self) -> None:
        subject = self.subject
        if subject is None:
            return
        listing, words = self.query_one(Listing), self.query_one("#words", ScrollWords)
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
            self.again()
        else:
            self.look()
        self.post_message(self.Looked())

    def _lines(self, subject: Subject, what: str) -> list[Spans]:
        if self.failure is not None or self.reading:
            return self.said()
        if not self.party:
            return [[("its parties are at other sites, which keep their documents", "muted")]]
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
    """The part of component parameters that is about one component."""
    if not isinstance(value, dict):
        return {}
    found = {component: value[component]} if component in value else {}
    deeper = {key: _only(member, component) for key, member in value.items() if isinstance(member, dict)}
    return {**found, **{key: member for key, member in deeper.items() if member and key != component}}
