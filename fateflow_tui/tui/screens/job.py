"""The screen of one job: its graph, and tabs about the selected component or the whole job."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import ContentSwitcher

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import JobView
from fateflow_tui.tui import job_filter
from fateflow_tui.tui.actions import Selection, action, no_job
from fateflow_tui.tui.graph_scene import KINDS
from fateflow_tui.tui.job_filter import TABS, Subject, failures
from fateflow_tui.tui.screens.job_detail_actions import JobDetailActions, component_line
from fateflow_tui.tui.snapshot import Change
from fateflow_tui.tui.widgets.graph_view import GraphView
from fateflow_tui.tui.widgets.job_head import JobHead
from fateflow_tui.tui.widgets.job_tab import JobTab, TabStrip
from fateflow_tui.tui.widgets.tab_conf import ConfTab
from fateflow_tui.tui.widgets.tab_history import HistoryTab
from fateflow_tui.tui.widgets.tab_log import LogTab
from fateflow_tui.tui.widgets.tab_metrics import MetricsTab
from fateflow_tui.tui.widgets.tab_output import OutputTab
from fateflow_tui.tui.widgets.tab_tasks import TasksTab
from fateflow_tui.tui.widgets.tab_why import CardBox, CardsTab, WhyTab
from fateflow_tui.tui.widgets.text_views import Pane

_ACTIONS = {name: "job.why" if name == "why" else f"tab.{name}" for name in TABS}
_MIN_WIDTH, _MAX_SHARE = 34, 0.45  # minimum width of the graph beside the tabs, and its maximum share of the screen
_STEP = 6  # cells by which the graph gets wider or narrower


class JobScreen(JobDetailActions):
    """Opened from a list of jobs; escape closes it. tab: the first tab, "" for the one that suits the status."""

    NAME = "job"
    SCOPED_CSS = False
    DEFAULT_CSS = """
    JobScreen #split { layout: horizontal; height: 1fr; }
    JobScreen #graph { width: 40; }
    JobScreen #tabs { width: 1fr; }
    Screen.-narrow #split { layout: vertical; }
    Screen.-narrow #graph { width: 1fr; height: 38%; }
    Screen.-narrow.-short #graph { height: 8; }
    Screen.-zoomed #graph { width: 1fr; height: 1fr; }
    JobScreen ContentSwitcher { height: 1fr; }
    """

    def __init__(self, job_id: str, tab: str = "") -> None:
        super().__init__()
        self.job_id = job_id
        self.tab = tab if tab in TABS else ""
        self._last_component = ""  # the last selected component
        self._extra_width = 0  # cells by which the user made the graph wider, or narrower

    def body(self) -> ComposeResult:
        yield JobHead()
        with Container(id="split"):
            with Pane("Graph", id="graph"):
                yield GraphView()
            with Pane("Tasks", id="tabs"):
                yield TabStrip(TABS, _ACTIONS)
                with ContentSwitcher(initial="tab-tasks"):
                    yield TasksTab()
                    yield LogTab()
                    yield MetricsTab()
                    yield OutputTab()
                    yield ConfTab()
                    yield HistoryTab()
                    yield CardsTab()
                    yield WhyTab()

    @property
    def graph(self) -> GraphView:
        return self.query_one(GraphView)

    @property
    def current(self) -> JobTab:
        return self.query_one(f"#tab-{self.tab or 'tasks'}", JobTab)

    @property
    def view(self) -> JobView | None:
        return self.snapshot.views.get(self.job_id)

    def on_mount(self) -> None:
        self.store.subscribe(self.job_id)
        layout = self.dash.layout
        self._extra_width = layout.get("job", "graph_width", 0)
        self.graph.preferred = layout.get("job", "graph_view", "")
        self.graph.focus()
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        self.store.unsubscribe(self.job_id)

    def changed(self, change: Change) -> None:
        if self.job_id in change.metrics:
            self.query_one(MetricsTab).take(change.metrics[self.job_id])
        ours = self.job_id in change.views or self.job_id in change.jobs or self.job_id in change.metrics
        if not (ours or change.full_refresh or change.connection):
            return
        self._draw_head()
        view = self.view
        if view is None:
            return
        first = not self.graph.has_job
        self.graph.show(view)
        if first:
            self._open_first_tab(view)
        self._draw_tab()
        if change.full_refresh and not first:
            self.current.reload()

    def selection(self) -> Selection:
        line = self.snapshot.lines.get(self.job_id)
        if not self.is_mounted or not self.query(GraphView):
            return Selection(connected=self.snapshot.connection.is_up)
        table = self.query_one(OutputTab).table if self.tab == "output" else None
        return Selection(
            jobs=(line,) if line else (),
            view=self.view,
            component=self.graph.selected,
            party=self.current.party,
            rows={"table": table} if table else {},
            connected=self.snapshot.connection.is_up,
        )

    def show_tab(self, name: str) -> None:
        """Show another tab; the current one again moves the focus back to the graph."""
        again = name == self.tab
        self.tab = name
        self.query_one(ContentSwitcher).current = f"tab-{name}"
        if name not in ("cards", "why"):
            self.dash.layout.set("job", "tab", name)
        self._draw_tab()
        inside = self.focused is not None and self.current in self.focused.ancestors_with_self
        self.call_after_refresh(self._focus_graph if again and inside else self._focus_tab)

    def _open_first_tab(self, view: JobView) -> None:
        """Show what suits the job's status, once the job is loaded."""
        asked, self.tab = self.tab, self.tab or job_filter.first_tab(view, self.dash.layout.get("job", "tab", "tasks"))
        self.graph.select(job_filter.first_component(view) if asked != "log" else "", notify=False)
        self.query_one(ContentSwitcher).current = f"tab-{self.tab}"
        if asked:
            self.call_after_refresh(self._focus_tab)

    def _focus_graph(self) -> None:
        self.graph.focus()

    def _focus_tab(self) -> None:
        """Focus the tab, or the graph if nothing in the tab can be focused."""
        target = self.current.target
        (target if target.focusable else self.graph).focus()

    def _draw_head(self) -> None:
        known = self.snapshot
        self.query_one(JobHead).show(known.lines.get(self.job_id), self.view, known.connection)

    def _draw_tab(self) -> None:
        """Draw the current tab and the headings around it."""
        view = self.view
        if view is None:
            return
        self.current.show(Subject(view, self.graph.selected, now_ms()))
        self._draw_headings()

    def _draw_headings(self) -> None:
        view, graph = self.view, self.graph
        if view is None:
            return
        about = graph.selected or "whole job"
        self.query_one("#tabs", Pane).set_heading(about, self.current.notes())
        kind = graph.scene.kind if graph.scene is not None else ""
        running = sum(one.status is Status.RUNNING for one in view.components)
        ended = sum(one.status.ended for one in view.components)
        notes = [(f"{running}▶ ", "accent")] if running else []
        self.query_one("#graph", Pane).set_heading(
            "Graph", [*notes, (f"{ended}/{len(view.components)} · {kind}", "muted")]
        )
        failed = len(failures(view))
        marks = {"cards": (f" {failed}", "error")} if failed else {}
        if view.waiting is not None and not view.status.ended:
            marks["why"] = (" ·", "warning")
        self.query_one(TabStrip).show(self.tab or "tasks", marks)
        self.show_actions()

    def _tick(self) -> None:
        if not self.is_on_top:
            return
        self.query_one(JobHead).refresh_changed()
        self.current.tick()
        view = self.view
        if view is not None and not view.status.ended:
            self.graph.tick()
            self._draw_tab()

    def _fit_graph(self) -> None:
        """Give the graph the width it needs, within limits, adjusted by the user."""
        graph = self.query_one("#graph")
        if self.has_class("-narrow") or self.has_class("-zoomed"):
            self.graph.max_width = 0
            graph.styles.clear_rule("width")
            return
        most = int(self.size.width * _MAX_SHARE) + self._extra_width
        self.graph.max_width = max(_MIN_WIDTH, most) - 5
        scene = self.graph.scene
        wanted = (scene.width + 5 if scene is not None else 40) + max(0, self._extra_width)
        graph.styles.width = max(_MIN_WIDTH, min(wanted, most))

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._fit_graph)  # after the screen's size classes are set

    def app_zoom(self, selection: Selection) -> None:
        super().app_zoom(selection)
        self._fit_graph()

    def on_graph_view_drawn(self, event: GraphView.Drawn) -> None:
        self._fit_graph()
        self._draw_headings()

    def on_graph_view_selected(self, event: GraphView.Selected) -> None:
        if event.component:
            self._last_component = event.component
        self._draw_tab()

    def on_graph_view_chosen(self, event: GraphView.Chosen) -> None:
        self._focus_tab()

    def on_tab_strip_clicked(self, event: TabStrip.Clicked) -> None:
        self.show_tab(event.name)

    def on_job_tab_notes_changed(self, event: JobTab.NotesChanged) -> None:
        self._draw_headings()

    def on_tasks_tab_picked(self, event: TasksTab.Picked) -> None:
        self.graph.select(event.component)

    def on_card_box_opened(self, event: CardBox.Opened) -> None:
        from fateflow_tui.tui.screens.details import CardDialog

        self.app.push_screen(CardDialog(event.card))

    async def job_why(self, selection: Selection) -> None:
        self.show_tab("why")

    @action(
        "tab.next",
        key="right_square_bracket",
        label="next tab",
        tooltip="Show the tab to the right",
    )
    def tab_next(self, selection: Selection) -> None:
        self.show_tab(TABS[(TABS.index(self.tab or "tasks") + 1) % len(TABS)])

    @action(
        "tab.previous",
        key="left_square_bracket",
        label="previous tab",
        tooltip="Show the tab to the left",
    )
    def tab_previous(self, selection: Selection) -> None:
        self.show_tab(TABS[TABS.index(self.tab or "tasks") - 1])

    @action(
        "tab.find",
        key="slash",
        label="find",
        tooltip="Search the log, or filter the history",
        command=lambda s: f"{component_line(s, 'log show')} --grep WORDS",
        footer=17,
    )
    def tab_find(self, selection: Selection) -> None:
        if self.tab not in ("log", "history"):
            self.show_tab("log")
        self.call_after_refresh(self.current.find)

    @action(
        "tab.party",
        key="p",
        label="party",
        tooltip="Switch the party whose output, parameters or log lines are shown",
        footer=18,
    )
    def tab_party(self, selection: Selection) -> None:
        self.current.step("party")
        self._draw_headings()

    @action(
        "tab.what",
        key="x",
        label="section",
        tooltip="Switch the section: table, model or summary of the output; parameters, DSL or conf",
    )
    def tab_what(self, selection: Selection) -> None:
        self.current.step("what")
        self._draw_headings()

    @action(
        "log.level",
        key="L",
        label="log level",
        tooltip="Switch the minimum level of the log: debug, info, warning, error",
        command=lambda s: f"{component_line(s, 'log show')} --level LEVEL",
    )
    def log_level(self, selection: Selection) -> None:
        self._log().next_level()
        self._draw_headings()

    @action(
        "log.follow",
        key="F",
        label="follow",
        tooltip="Follow the newest line of the log, or stop following",
        command=lambda s: f"{component_line(s, 'log show')} -f",
    )
    def log_follow(self, selection: Selection) -> None:
        self._log().toggle_follow()
        self._draw_headings()

    @action(
        "graph.whole",
        key="a",
        label="whole job",
        tooltip="Show the whole job, or the previously selected component",
        disabled_reason=no_job,
        footer=8,
    )
    def graph_whole(self, selection: Selection) -> None:
        view = self.view
        last = self._last_component or (view.components[0].name if view is not None and view.components else "")
        self.graph.select("" if self.graph.selected else last)

    @action(
        "graph.view",
        key="v",
        label="boxes/lanes",
        tooltip="Draw the graph as boxes, as small boxes, as lanes, or whichever fits",
        footer=16,
    )
    def graph_view(self, selection: Selection) -> None:
        kinds = ("", *KINDS)
        preferred = kinds[(kinds.index(self.graph.preferred) + 1) % len(kinds)]
        if self.graph.scene is not None and preferred == self.graph.scene.kind and not self.graph.preferred:
            preferred = kinds[(kinds.index(preferred) + 1) % len(kinds)]  # the automatic view is the same
        self.graph.set_view(preferred)
        self.dash.layout.set("job", "graph_view", preferred)
        self._fit_graph()
        self._draw_headings()

    def change_graph_width(self, by: int) -> None:
        self._extra_width = max(-60, min(60, self._extra_width + by * _STEP))
        self.dash.layout.set("job", "graph_width", self._extra_width)
        self._fit_graph()

    @action(
        "graph.wider",
        key="greater_than_sign",
        label="wider graph",
        tooltip="Make the graph wider",
    )
    def graph_wider(self, selection: Selection) -> None:
        self.change_graph_width(1)

    @action(
        "graph.narrower",
        key="less_than_sign",
        label="narrower graph",
        tooltip="Make the graph narrower",
    )
    def graph_narrower(self, selection: Selection) -> None:
        self.change_graph_width(-1)

    def app_back(self, selection: Selection) -> None:
        if self.has_class("-zoomed") or not self.current.back():
            super().app_back(selection)

    def _log(self) -> LogTab:
        if self.tab != "log":
            self.show_tab("log")
        return self.query_one(LogTab)
