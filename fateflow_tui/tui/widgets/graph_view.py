"""The graph of a job: boxes where they fit, lanes otherwise. Arrows move along the edges to running components."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.status import Status
from fateflow_tui.graph import Dag, Direction, first, neighbour
from fateflow_tui.graph.boxes.routing import Position
from fateflow_tui.sdk.types.jobs import ComponentView, JobView
from fateflow_tui.tui import graph_scene
from fateflow_tui.tui.graph_scene import BOXES, KINDS, LANES, Look, Scene, row_of
from fateflow_tui.tui.widgets.changed_cells import ChangedLines

_MANY: Final = 60  # components from which on the layout is computed in a thread, and lanes are the default
_FRAME: Final = 1.0  # seconds between two frames of the animation
_SPACING: Final = 7  # cells between two arrows on an edge


class GraphView(ChangedLines, can_focus=True):
    """Laid out once per job and kind of view; a change of status only restyles."""

    DEFAULT_CSS = "GraphView { scrollbar-size: 1 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "go('up')", "up", show=False, id="graph.up", tooltip="Go to a component that this depends on"),
        Binding(
            "down,j",
            "go('down')",
            "down",
            show=False,
            id="graph.down",
            tooltip="Go to a component that depends on this",
        ),
        Binding("left", "go('left')", "left", show=False, id="graph.left", tooltip="Go left; in lanes to a source"),
        Binding(
            "right", "go('right')", "right", show=False, id="graph.right", tooltip="Go right; in lanes to a target"
        ),
        Binding("home,g", "end(False)", "first", show=False, id="graph.first", tooltip="Go to the first component"),
        Binding("end,G", "end(True)", "last", show=False, id="graph.last", tooltip="Go to the last component"),
        Binding("plus,equals_sign", "zoom(-1)", "larger", show=False, id="graph.larger", tooltip="Larger boxes"),
        Binding("minus", "zoom(1)", "smaller", show=False, id="graph.smaller", tooltip="Smaller boxes, then lanes"),
        Binding("shift+up", "pan(0,-3)", "pan", show=False, id="graph.pan_up", tooltip="Scroll the graph"),
        Binding("shift+down", "pan(0,3)", "pan", show=False, id="graph.pan_down", tooltip="Scroll the graph"),
        Binding("shift+left", "pan(-8,0)", "pan", show=False, id="graph.pan_left", tooltip="Scroll the graph"),
        Binding("shift+right", "pan(8,0)", "pan", show=False, id="graph.pan_right", tooltip="Scroll the graph"),
        Binding("enter", "choose", "look", show=False, id="graph.choose", tooltip="Focus the details of the component"),
    ]

    class Selected(Message):
        """Another component is selected, or none."""

        def __init__(self, component: str) -> None:
            super().__init__()
            self.component = component

    class Chosen(Selected):
        """The selected component was chosen with enter or a double click."""

    class Drawn(Message):
        """The graph was drawn in another kind of view."""

    def __init__(self) -> None:
        super().__init__()
        self.selected = ""
        self.preferred = ""
        self.max_width = 0  # the width that the graph may grow to
        self.scene: Scene | None = None
        self._dag: Dag | None = None
        self._shape: object = None
        self._detail_widths: dict[str, int] = {}
        self._scenes: dict[str, Scene] = {}
        self._components: dict[str, ComponentView] = {}
        self._related: frozenset[str] = frozenset()
        self._marks = 0
        self._strips: dict[int, Strip] = {}
        self._moving: dict[int, dict[int, str]] = {}
        self._step = 0
        self._timer: Timer | None = None

    @property
    def has_job(self) -> bool:
        return self._dag is not None

    def on_mount(self) -> None:
        self._timer = self.set_interval(_FRAME, self._move, pause=True)

    def show(self, view: JobView) -> None:
        """Show the current state of the job."""
        components = {one.name: one for one in view.components}
        shape = ({name: one.needs for name, one in components.items()}, graph_scene.detail_widths(view))
        changed = [name for name, one in components.items() if self._components.get(name) != one]
        self._components = components
        self._marks = graph_scene.marks_width(view)
        if shape != self._shape:
            self._shape, self._detail_widths, self._scenes = shape, shape[1], {}
            self._dag = Dag.of_needs(shape[0])
            self._lay_out()
        elif changed:
            self._draw_again(changed)
        running = any(one.status is Status.RUNNING for one in components.values())
        if running and changed and not self.selected:
            self._keep_in_view()
        if self._timer is not None and self.app.animation_level != "none":
            self._timer.resume() if running else self._timer.pause()
        if not running and self._moving:
            self._moving = {}
            self._redraw()

    def select(self, component: str, *, notify: bool = True) -> None:
        if component == self.selected or (component and component not in self._components):
            return
        self.selected = component
        self._related = graph_scene.related(self._dag, component) if self._dag is not None else frozenset()
        self._redraw()
        self._keep_in_view()
        if notify:
            self.post_message(self.Selected(component))

    def set_view(self, kind: str) -> None:
        """Set the kind of view: one of `KINDS`, or "" for whichever fits."""
        self.preferred = kind if kind in KINDS else ""
        self._lay_out()

    def tick(self) -> None:
        """Redraw the durations of running components."""
        self._draw_again([name for name, one in self._components.items() if one.status is Status.RUNNING])

    def action_go(self, direction: str) -> None:
        if self.scene is None or self._dag is None:
            return
        if not self.selected:
            self.select(first(self.scene.layout) or "")
            return
        self.select(neighbour(self._dag, self.scene.layout, self.selected, Direction(direction)) or self.selected)

    def action_end(self, last: bool) -> None:
        if self._dag is not None and self._dag.names and self.scene is not None:
            by_place = sorted(self._dag.names, key=lambda name: self.scene.spots[name][::-1])  # type: ignore[union-attr]
            self.select(by_place[-1 if last else 0])

    def action_zoom(self, by: int) -> None:
        kind = self.scene.kind if self.scene is not None else LANES
        self.set_view(KINDS[max(0, min(KINDS.index(kind) + by, len(KINDS) - 1))])

    def action_pan(self, x: int, y: int) -> None:
        self.scroll_relative(x=x, y=y, animate=False)

    def action_choose(self) -> None:
        self.post_message(self.Chosen(self.selected))

    def on_click(self, event: events.Click) -> None:
        if self.scene is None:
            return
        left, top = self._margins()
        node = self.scene.node_at(event.x + self.scroll_offset.x - left, event.y + self.scroll_offset.y - top)
        self.select(node)
        if node and event.chain == 2:
            self.action_choose()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        if event.ctrl:
            event.prevent_default().stop()
            self.action_zoom(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        if event.ctrl:
            event.prevent_default().stop()
            self.action_zoom(-1)

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._redraw()

    def watch_has_focus(self, value: bool) -> None:
        super().watch_has_focus(value)
        self._redraw()

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_x(old_value, new_value)
        if round(old_value) != round(new_value):
            self._strips.clear()

    def line(self, y: int) -> Strip:
        base, width = self.rich_style, self.size.width
        left, top = self._margins()
        row = y + self.scroll_offset.y - top
        if self.scene is None or not 0 <= row < self.scene.height:
            return Strip.blank(width, base)
        if row not in self._strips:
            self._strips[row] = self._drawn(self.scene, row, left, base)
        return self._strips[row]

    def _drawn(self, scene: Scene, row: int, margin: int, base: Style) -> Strip:
        begin, width = self.scroll_offset.x, self.size.width
        styles = self.app.palette  # type: ignore[attr-defined]
        look = Look(scene, self._components, self.selected, self._related, self._marks, now_ms(), self.has_focus)
        runs = row_of(look, row, begin, begin + width - margin, self._moving.get(row, {}))
        segments = [Segment(" " * margin, base)] if margin else []
        segments += [Segment(text, base + styles[style]) for text, style in runs]
        return Strip(segments).adjust_cell_length(width, base)

    def _margins(self) -> tuple[int, int]:
        """Return the left and top margins: boxes are centred, lanes are not."""
        if self.scene is None:
            return 0, 0
        left = max(0, (self.size.width - self.scene.width) // 2) if self.scene.kind != LANES else 0
        return left, 0

    def _lay_out(self) -> None:
        if self._dag is None or not self.size.width:
            return
        many = len(self._dag.names) > _MANY
        wanted = self.preferred or (LANES if many else BOXES)
        if many and wanted not in self._scenes:
            self.run_worker(self._laid_out(wanted), group="layout", exclusive=True, exit_on_error=False)
            return
        scene = self._made(self._dag, wanted)
        width, height = max(self.size.width + self.show_vertical_scrollbar, self.max_width), self.size.height
        high = scene.height > height + self.show_horizontal_scrollbar
        if not self.preferred and wanted == BOXES and (scene.width > width or high):
            scene = self._made(self._dag, LANES)
        self._show_scene(scene)

    async def _laid_out(self, kind: str) -> None:
        """Lay out a large graph in a thread, so that the screen stays responsive."""
        dag, detail_widths = self._dag, self._detail_widths
        if dag is None:
            return
        scene = await asyncio.to_thread(graph_scene.draw, dag, kind, detail_widths[kind])
        if dag is self._dag:
            self._scenes[kind] = scene
            self._show_scene(scene)

    def _made(self, dag: Dag, kind: str) -> Scene:
        if kind not in self._scenes:
            self._scenes[kind] = graph_scene.draw(dag, kind, self._detail_widths[kind])
        return self._scenes[kind]

    def _show_scene(self, scene: Scene) -> None:
        fresh = scene is not self.scene
        self.scene = scene
        self._related = graph_scene.related(scene.dag, self.selected)
        self._moving = {}
        self.virtual_size = Size(scene.width, scene.height)
        self._redraw()
        if fresh:
            self.call_after_refresh(self._keep_in_view)
            self.post_message(self.Drawn())

    def _keep_in_view(self) -> None:
        """Scroll to the selected component, or to a running one."""
        node = self.selected or next((n for n, one in self._components.items() if one.status is Status.RUNNING), "")
        if self.scene is None or node not in self.scene.areas:
            return
        x, y, width, height = self.scene.areas[node]
        width = min(width, self.size.width) if self.scene.kind == LANES else width
        region = Region(x, y, width, height)
        around = 2 if self.scene.kind != LANES else 1
        self.scroll_to_region(region, animate=False, force=True, spacing=Spacing.all(around), x_axis=True)

    def _draw_again(self, names: list[str]) -> None:
        """Redraw nodes and the edges to them."""
        if self.scene is None or not names:
            return
        if len(names) > 8:
            self._redraw()
            return
        rows: set[int] = set()
        for name in names:
            _, y, _, height = self.scene.areas[name]
            rows.update(range(y, y + height))
            for source in self.scene.dag.parents[name]:
                rows.update(range(self.scene.areas[source][1], y + 1))
        self._refresh_rows(rows)

    def _refresh_rows(self, rows: set[int]) -> None:
        top = self._margins()[1]
        for row in rows:
            self._strips.pop(row, None)
        lines = (row - self.scroll_offset.y + top for row in rows)
        self.refresh_changed(y for y in lines if 0 <= y < self.size.height)

    def _redraw(self) -> None:
        self._strips.clear()
        self.refresh_changed()

    def _move(self) -> None:
        """Draw the next frame of the arrows in the visible rows."""
        if self.scene is None or self.app.screen is not self.screen:
            return
        self._step += 1
        top = self.scroll_offset.y
        seen = range(top, top + self.size.height)
        moving: dict[int, dict[int, str]] = {}
        for name, one in self._components.items():
            if one.status is Status.RUNNING and any(row in seen for row in _rows_to(self.scene, name)):
                for source in self.scene.dag.parents[name]:
                    self._arrows(self.scene.way((source, name)), moving)
        rows = {row for row in {*moving, *self._moving} if moving.get(row) != self._moving.get(row)}
        self._moving = moving
        self._refresh_rows(rows)

    def _arrows(self, way: list[Position], moving: dict[int, dict[int, str]]) -> None:
        for place in range(self._step % _SPACING, len(way), _SPACING):
            x, y = way[place]
            moving.setdefault(y, {})[x] = graph_scene.arrow_of(way, place)


def _rows_to(scene: Scene, name: str) -> range:
    """Return the rows of the edges to a node."""
    y = scene.areas[name][1]
    return range(min([y, *(scene.areas[source][1] for source in scene.dag.parents[name])]), y + 1)
