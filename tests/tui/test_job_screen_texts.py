"""The pure parts of one job's screen: log book, curves, origins of parameters, remarks on changes, ways of edges."""

from __future__ import annotations

import random
from itertools import pairwise

import msgspec
import pytest

from fateflow_tui.core.cells import spans_width
from fateflow_tui.core.document.problems import Problem
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.records import WaitingReason
from fateflow_tui.core.status import Status
from fateflow_tui.graph import Dag
from fateflow_tui.sdk.types.jobs import ComponentView, JobView, PartyLine
from fateflow_tui.sdk.types.site import LogLine
from fateflow_tui.tui import graph_scene, parameters
from fateflow_tui.tui.columns import Column, fit_columns, fitted, scrolled_columns, without_start
from fateflow_tui.tui.graph_scene import Look, row_of
from fateflow_tui.tui.job_filter import Subject, failures, first_component, first_tab
from fateflow_tui.tui.log_book import LogBook, LogViewFilter
from fateflow_tui.tui.parameters import parameters_of


def _line(at: int, text: str, level: str = "INFO", party: str = "guest:9999", component: str = "a") -> LogLine:
    return LogLine(at=at, text=text, level=level, party=party, component=component, message=text)


def test_late_lines_are_put_where_they_belong() -> None:
    book = LogBook()
    assert not book.add([_line(1, "one"), _line(3, "three\n  more of three")])
    book.find("THREE")
    assert book.hits == [1, 2]
    assert book.add([_line(2, "two")]), "the order has changed"
    assert [line.text for line in book.lines] == ["one", "two", "three", "  more of three"]
    assert book.hits == [2, 3]
    assert not book.add([_line(4, "three again")])
    assert book.hits == [2, 3, 4]
    assert (book.hit_after(4, 1), book.hit_after(2, -1), book.hit_after(2, 1)) == (2, 4, 3)


def test_lines_are_filtered_by_level_party_and_component() -> None:
    book = LogBook()
    book.add(
        [
            _line(1, "quiet", "DEBUG"),
            _line(2, "guest"),
            _line(3, "host", "ERROR", "host:10000", "b"),
            _line(4, "scheduler", party="", component=""),
        ]
    )
    found = {
        name: [book.line(place).text for place in range(len(book.shown))]
        for name, wanted in {
            "usual": LogViewFilter(),
            "all": LogViewFilter(level=0),
            "errors": LogViewFilter(level=3),
            "guest": LogViewFilter(parties=frozenset(["guest:9999"])),
            "b": LogViewFilter(component="b"),
        }.items()
        if book.select(wanted) is None
    }
    assert found == {
        "usual": ["guest", "host", "scheduler"],
        "all": ["quiet", "guest", "host", "scheduler"],
        "errors": ["host"],
        "guest": ["guest", "scheduler"],
        "b": ["host"],
    }


def test_a_parameter_says_which_layer_it_comes_from() -> None:
    effective = {"a": 1, "b": 2, "c": {"d": 3, "e": 4}, "f": None, "g": 5}
    conf = {
        "role": {"guest": [9999], "host": [10000, 10001]},
        "component_parameters": {
            "common": {"x": {"b": 0, "c": {"d": 3}, "f": None}},
            "role": {"host": {"all": {"x": {"c": {"e": 4}}}, "0|1": {"x": {"b": 2}}, "0": {"x": {"g": 9}}}},
        },
    }
    found = {one.path: one.origin for one in parameters_of(effective, conf, "x", "host:10001")}
    assert found == {
        "a": "default",
        "b": "host:10001",
        "c.d": "common",
        "c.e": "role host",
        "f": "common",
        "g": "default",
    }
    assert {one.origin for one in parameters_of(effective, {}, "x", "host:10001")} == {"default"}


def test_problems_are_placed_in_the_text() -> None:
    document, remarks = parameters.read('{"common": {"x": {\n  "alpha": -1}}}')
    assert remarks == []
    problems = [
        Problem("E", "alpha is negative", "conf", "$.component_parameters.common.x.alpha"),
        Problem("W", "odd", "conf", "$.component_parameters.common.x.alpha.deeper", severity="warning"),
        Problem("E", "of another component", "conf", "$.component_parameters.common.y"),
        Problem("E", "not about parameters", "dsl", "$.components.x"),
    ]
    placed = [(one.line, one.column, one.text, one.error) for one in parameters.placed(document, problems)]
    assert (1, 2, "alpha is negative", True) in placed
    assert (1, 2, "odd", False) in placed
    assert not any("not about" in text for _, _, text, _ in placed)
    given = {"common": {"x": {"alpha": 1, "cv": {"folds": 5}}}, "role": {"guest": {"0": {"x": {"y": "a"}}}}}
    assert parameters.left_out(given, {"common": {"x": {"alpha": 2, "cv": {}}}}) == [
        "common.x.cv.folds = 5",
        'role = {"guest": {"0": {"x": {"y": "a"}}}}',
    ]
    assert parameters.left_out(given, given) == []
    assert parameters.read("[]")[1][0].text == "expected an object: {…}"
    assert parameters.read("{")[1]
    assert isinstance(parameters.changed_conf({"dsl_version": 2}, {"common": 3}), dict | str)


def _view(needs: dict[str, list[str]], status: Status = Status.RUNNING, cards: bool = False) -> JobView:
    parties = {"guest:9999": Status.SUCCESS, "host:10000": Status.RUNNING}
    components = [
        ComponentView(name=name, module="Sleep", status=Status.RUNNING, needs=sources, parties=parties)
        for name, sources in needs.items()
    ]
    card = FailureCard(Party("guest", "9999"), "b", 0, "exception", "ValueError: no")
    lines = [PartyLine("guest:9999", status, True), PartyLine("host:10000", status, False)]
    return JobView(job_id="1", status=status, components=components, party_lines=lines, cards=[card] if cards else [])


def test_a_job_is_opened_at_what_matters() -> None:
    needs = {"a": [], "b": ["a"]}
    failed = _view(needs, Status.FAILED, cards=True)
    assert (first_component(failed), first_tab(failed, "log")) == ("b", "cards")
    running = _view(needs)
    assert (first_component(running), first_tab(running, "log"), first_tab(running, "cards")) == ("", "log", "tasks")
    waiting = JobView(job_id="1", status=Status.WAITING, waiting=WaitingReason("cores", "needs 4 cores"))
    assert first_tab(waiting, "log") == "why"
    card = FailureCard(Party("guest", "9999"), "a", 0, "canceled", "stopped by anna@lab")
    stopped = msgspec.structs.replace(_view(needs, Status.CANCELED), cards=[card])
    assert (first_component(stopped), first_tab(stopped, "log"), failures(stopped)) == ("", "why", [])
    assert failures(msgspec.structs.replace(failed, cards=[card, *failed.cards])) == failed.cards
    subject = Subject(failed, "b")
    assert (subject.parties, subject.here) == (["guest:9999", "host:10000"], ["guest:9999"])
    assert len(subject.cards) == 1
    assert Subject(failed, "a").cards == []


@pytest.mark.parametrize("kind", graph_scene.KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_arrows_have_a_way_along_every_edge_and_rows_keep_their_width(kind: str, seed: int) -> None:
    dice = random.Random(seed)
    needs: dict[str, list[str]] = {}
    for number in range(2 + seed * 2):
        needs[f"n{number}"] = [name for name in needs if dice.random() < 0.25]
    view = _view(needs)
    dag = Dag.of_needs(needs)
    scene = graph_scene.draw(dag, kind, graph_scene.detail_widths(view)[kind])
    for link in dag.links:
        way = scene.way(link)
        straight = kind == "lanes" and scene.spots[link[1]][1] == scene.spots[link[0]][1] + 1
        assert way or straight, f"only dots that touch have no line between them: {link}"
        for (x, y), (to_x, to_y) in pairwise(way):
            assert to_y >= y, "it never goes up again"
            assert abs(to_x - x) + abs(to_y - y) <= 3, "it makes no leaps"
        assert {graph_scene.arrow_of(way, step) for step in range(len(way))} <= {"▼", "▶", "◀"}
    components = {one.name: one for one in view.components}
    chosen = dag.names[-1]
    look = Look(scene, components, chosen, graph_scene.related(dag, chosen), graph_scene.marks_width(view), 0, True)
    for y in range(scene.height):
        assert spans_width(row_of(look, y, 3, 43, {5: "▼"})) <= 40
    assert graph_scene.related(dag, chosen) == {chosen} | dag.ancestors(chosen)
    x, y, width, height = scene.areas[chosen]
    assert scene.node_at(x + min(1, width - 1), y) == chosen
    assert height in (1, 3)


def test_further_right_the_first_column_stays_and_the_others_are_whole() -> None:
    columns = [Column(name, name, lambda row, room: [("", "")], 10, 10, rank) for rank, name in enumerate("abcdef")]
    assert [column.id for column, _ in fit_columns(columns, 40)] == ["a", "b", "c"]
    assert [(column.id, room) for column, room in scrolled_columns(columns, 40, 10, 2)] == [
        ("a", 10),
        ("d", 10),
        ("e", 10),
    ]
    assert [column.id for column, _ in scrolled_columns(columns, 40, 10, 4)] == ["a", "f"]
    assert [(column.id, room) for column, room in scrolled_columns(columns, 18, 10, 1)] == [("a", 10), ("c", 6)]


def test_a_text_without_its_start_says_so() -> None:
    spans = [("run ", "x"), ("名前: abc", "y")]
    assert without_start(spans, 0) == spans
    assert without_start(spans, 2) == [("…", "x"), (" ", "x"), ("名前: abc", "y")]
    assert without_start(spans, 5) == [("…", "y"), ("前: abc", "y")]
    assert without_start(spans, 40) == []
    assert spans_width(fitted(without_start(spans, 5), 20)) == 20
