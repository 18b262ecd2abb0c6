"""One job: its graph, and beside it what there is to know of the component that is selected in it."""

from __future__ import annotations

import time
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.widgets import ContentSwitcher

from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import JobView
from fateflow_tui.tui import job_filter
from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.graph_scene import KINDS
from fateflow_tui.tui.job_filter import TABS, Subject
from fateflow_tui.tui.screens.dash_screen import DashScreen, bindings_of
from fateflow_tui.tui.snapshot import Change
from fateflow_tui.tui.widgets.graph_view import GraphView
from fateflow_tui.tui.widgets.job_head import JobHead
from fateflow_tui.tui.widgets.job_tab import JobTab, TabStrip
from fateflow_tui.tui.widgets.tab_cards import CardBox, CardsTab
from fateflow_tui.tui.widgets.tab_conf import ConfTab
from fateflow_tui.tui.widgets.tab_log import LogTab
from fateflow_tui.tui.widgets.tab_metrics import MetricsTab
from fateflow_tui.tui.widgets.tab_output import OutputTab
from fateflow_tui.tui.widgets.tab_story import StoryTab
from fateflow_tui.tui.widgets.tab_tasks import TasksTab
from fateflow_tui.tui.widgets.tab_why import WhyTab
from fateflow_tui.tui.widgets.text_views import Pane

_ACTIONS = {name: "job.why" if name == "why" else f"tab.{name}" for name in TABS}
_LEAST, _MOST = 34, 0.45  # places of the graph beside the tabs, and its share of the screen
_STEP = 6  # places that the graph gets more or less


class JobScreen(DashScreen):
    """Stands on the list of jobs; escape leads back. tab: what is to be seen first, "" for what fits its status."""

    PLACE = "job"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("job")
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
        self._before = ""  # the component that was selected before the whole job was
        self._more = 0  # places that the user has given the graph, or taken from it

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
                    yield StoryTab()
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
        self.feed.look_at(self.job_id)
        layout = self.dash.layout
        self._more = layout.get("job", "graph_width", 0)
        self.graph.wished = layout.get("job", "graph_view", "")
        self.graph.focus()
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        self.feed.look_away(self.job_id)

    def changed(self, change: Change) -> None:
        if self.job_id in change.metrics:
            self.query_one(MetricsTab).grown += 1
        ours = self.job_id in change.views or self.job_id in change.jobs or self.job_id in change.metrics
        if not (ours or change.anew or change.connection):
            return
        self._head()
        view = self.view
        if view is None:
            return
        first = not self.graph.has_job
        self.graph.show(view)
        if first:
            self._begin(view)
        self._look()
        if change.anew and not first:
            self.current.again()

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
            things={"table": table} if table else {},
            connected=self.snapshot.connection.is_up,
        )

    def show_tab(self, name: str) -> None:
        """Another tab; the one that is shown already gives the focus back to the graph."""
        again = name == self.tab
        self.tab = name
        self.query_one(ContentSwitcher).current = f"tab-{name}"
        if name not in ("cards", "why"):
            self.dash.layout.set("job", "tab", name)
        self._look()
        inside = self.focused is not None and self.current in self.focused.ancestors_with_self
        self.call_after_refresh(self._focus_graph if again and inside else self._focus_tab)

    def _begin(self, view: JobView) -> None:
        """The job has become known: what fits its status is shown."""
        asked, self.tab = self.tab, self.tab or job_filter.first_tab(view, self.dash.layout.get("job", "tab", "tasks"))
        self.graph.select(job_filter.first_component(view) if asked != "log" else "", tell=False)
        self.query_one(ContentSwitcher).current = f"tab-{self.tab}"
        if asked:
            self.call_after_refresh(self._focus_tab)

    def _focus_graph(self) -> None:
        self.graph.focus()

    def _focus_tab(self) -> None:
        """Where nothing in the tab can have the focus, the graph keeps it."""
        target = self.current.target
        (target if target.focusable else self.graph).focus()

    def _head(self) -> None:
        known = self.snapshot
        self.query_one(JobHead).show(known.lines.get(self.job_id), self.view, known.connection)

    def _look(self) -> None:
        """The tab that can be seen, and what stands around it."""
        view = self.view
        if view is None:
            return
        self.current.show(Subject(view, self.graph.selected, time.time_ns() // 1_000_000))
        self._say()

    def _say(self) -> None:
        view, graph = self.view, self.graph
        if view is None:
            return
        about = graph.selected or "whole job"
        self.query_one("#tabs", Pane).say(about, self.current.notes())
        kind = graph.scene.kind if graph.scene is not None else ""
        running = sum(one.status is Status.RUNNING for one in view.components)
        ended = sum(one.status.ended for one in view.components)
        notes = [(f"{running}▶ ", "accent")] if running else []
        self.query_one("#graph", Pane).say("Graph", [*notes, (f"{ended}/{len(view.components)} · {kind}", "muted")])
        cards = len(view.cards)
        marks = {"cards": (f" {cards}", "error")} if cards and not view.status.succeeded else {}
        if view.waiting is not None and not view.status.ended:
            marks["why"] = (" ·", "warning")
        self.query_one(TabStrip).show(self.tab or "tasks", marks)
        self.show_actions()

    def _tick(self) -> None:
        if not self.is_current:
            return
        self.query_one(JobHead).refresh()
        self.current.tick()
        view = self.view
        if view is not None and not view.status.ended:
            self.graph.tick()
            self._look()

    def _share(self) -> None:
        """The graph gets what it needs, within reason, and what the user has said."""
        graph = self.query_one("#graph")
        if self.has_class("-narrow") or self.has_class("-zoomed"):
            self.graph.most = 0
            graph.styles.clear_rule("width")
            return
        most = int(self.size.width * _MOST) + self._more
        self.graph.most = max(_LEAST, most) - 5
        scene = self.graph.scene
        wanted = (scene.width + 5 if scene is not None else 40) + max(0, self._more)
        graph.styles.width = max(_LEAST, min(wanted, most))

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._share)  # when its classes say what size it is

    def do_app_zoom(self, selection: Selection) -> None:
        super().do_app_zoom(selection)
        self._share()

    def on_graph_view_drawn(self, event: GraphView.Drawn) -> None:
        self._share()
        self._say()

    def on_graph_view_selected(self, event: GraphView.Selected) -> None:
        if event.component:
            self._before = event.component
        self._look()

    def on_graph_view_chosen(self, event: GraphView.Chosen) -> None:
        self._focus_tab()

    def on_tab_strip_clicked(self, event: TabStrip.Clicked) -> None:
        self.show_tab(event.name)

    def on_job_tab_looked(self, event: JobTab.Looked) -> None:
        self._say()

    def on_tasks_tab_picked(self, event: TasksTab.Picked) -> None:
        self.graph.select(event.component)

    def on_card_box_opened(self, event: CardBox.Opened) -> None:
        from fateflow_tui.tui.screens.details import CardDialog

        self.app.push_screen(CardDialog(event.card))

    def do_job_why(self, selection: Selection) -> None:
        self.show_tab("why")

    def do_tab_tasks(self, selection: Selection) -> None:
        self.show_tab("tasks")

    def do_tab_log(self, selection: Selection) -> None:
        self.show_tab("log")

    def do_tab_metrics(self, selection: Selection) -> None:
        self.show_tab("metrics")

    def do_tab_output(self, selection: Selection) -> None:
        self.show_tab("output")

    def do_tab_conf(self, selection: Selection) -> None:
        self.show_tab("conf")

    def do_tab_story(self, selection: Selection) -> None:
        self.show_tab("story")

    def do_tab_cards(self, selection: Selection) -> None:
        self.show_tab("cards")

    def do_tab_next(self, selection: Selection) -> None:
        self.show_tab(TABS[(TABS.index(self.tab or "tasks") + 1) % len(TABS)])

    def do_tab_previous(self, selection: Selection) -> None:
        self.show_tab(TABS[TABS.index(self.tab or "tasks") - 1])

    def do_tab_find(self, selection: Selection) -> None:
        if self.tab not in ("log", "story"):
            self.show_tab("log")
        self.call_after_refresh(self.current.find)

    def do_tab_party(self, selection: Selection) -> None:
        self.current.step("party")
        self._say()

    def do_tab_what(self, selection: Selection) -> None:
        self.current.step("what")
        self._say()

    def do_log_level(self, selection: Selection) -> None:
        self._log().next_level()
        self._say()

    def do_log_follow(self, selection: Selection) -> None:
        self._log().turn_follow()
        self._say()

    def do_graph_whole(self, selection: Selection) -> None:
        view = self.view
        last = self._before or (view.components[0].name if view is not None and view.components else "")
        self.graph.select("" if self.graph.selected else last)

    def do_graph_view(self, selection: Selection) -> None:
        kinds = ("", *KINDS)
        wished = kinds[(kinds.index(self.graph.wished) + 1) % len(kinds)]
        if self.graph.scene is not None and wished == self.graph.scene.kind and not self.graph.wished:
            wished = kinds[(kinds.index(wished) + 1) % len(kinds)]  # it looks so already
        self.graph.set_view(wished)
        self.dash.layout.set("job", "graph_view", wished)
        self._share()
        self._say()

    def action_share(self, by: int) -> None:
        self._more = max(-60, min(60, self._more + by * _STEP))
        self.dash.layout.set("job", "graph_width", self._more)
        self._share()

    def do_graph_wider(self, selection: Selection) -> None:
        self.action_share(1)

    def do_graph_narrower(self, selection: Selection) -> None:
        self.action_share(-1)

    def do_app_back(self, selection: Selection) -> None:
        if self.has_class("-zoomed") or not self.current.back():
            super().do_app_back(selection)

    def _log(self) -> LogTab:
        if self.tab != "log":
            self.show_tab("log")
        return self.query_one(LogTab)
