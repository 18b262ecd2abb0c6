"""Documents' problems with their place, and the demo's data."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from fateflow_tui.commands.demo import demo_files, joined_auc
from fateflow_tui.commands.documents import placed, problems_placed, read_conf, shown
from fateflow_tui.commands.log import _filter
from fateflow_tui.commands.progress import visible
from fateflow_tui.core.errors import BadDocument, BadRequest
from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types import LogLine
from fateflow_tui.sdk.types.jobs import ComponentView


def test_a_problem_gets_the_line_that_it_is_in() -> None:
    sources = {"dsl": (Path("a.json"), '{\n\t"x": 1\n}')}
    problem = {"code": "C", "message": "m", "document": "dsl", "path": "$.x", "line": 2, "column": 2}
    whole = placed(problem, sources)
    assert (whole["file"], whole["source"]) == ("a.json", '\t"x": 1')
    assert [*shown(whole, io.StringIO())] == ["a.json:2:2: error: C: m", '  2 |  "x": 1', "    |  ^~~"]


def test_the_caret_is_aligned_below_wide_characters() -> None:
    whole = {
        "code": "C",
        "message": "m",
        "document": "dsl",
        "path": "$",
        "file": "f",
        "line": 1,
        "column": 4,
        "source": '表表 "x"',
        "severity": "warning",
    }
    assert [*shown(whole, io.StringIO())][2] == "    |      ^~~"


def test_a_long_line_is_cut_around_the_caret() -> None:
    source = "x" * 400 + "!" + "y" * 400
    problem = {"code": "C", "message": "m", "document": "dsl", "path": "$", "line": 1, "column": 401}
    whole = {**problem, "file": "f", "source": source}
    _, line, caret = shown(whole, io.StringIO())
    assert line[caret.index("^")] == "!"
    assert len(line) < 200


def test_a_problem_without_a_place_says_its_path() -> None:
    whole = {"code": "C", "message": "m", "document": "conf", "path": "$.role", "line": 0, "suggestion": "x"}
    assert [*shown(whole, io.StringIO())] == ["conf: error: C: m", "  at $.role", "  did you mean x?"]


def test_the_schedulers_problems_are_placed_as_they_pass() -> None:
    problem = {"code": "C", "message": "m", "document": "conf", "line": 1, "column": 1}
    with pytest.raises(BadDocument) as caught, problems_placed({"conf": (Path("c.json"), "{}")}):
        raise BadDocument("bad", data=[problem])
    assert caught.value.data == [{**problem, "file": "c.json", "source": "{}"}]


def test_a_configuration_that_is_not_json(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"a": 1, "a": 2}')
    with pytest.raises(BadDocument) as caught:
        read_conf(path)
    [problem] = caught.value.data
    assert (problem["code"], problem["column"], problem["file"]) == ("DuplicateKeyError", 10, str(path))
    path.write_text("[1]")
    with pytest.raises(BadRequest, match="must hold a JSON object"):
        read_conf(path)
    path.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(BadRequest, match="UTF-8"):
        read_conf(path)
    with pytest.raises(BadRequest, match="No such file"):
        read_conf(tmp_path / "none.json")


def test_the_demo_is_a_vertical_split_that_a_regression_learns() -> None:
    data = demo_files() / "data"
    assert joined_auc(data / "guest.csv", data / "host.csv") > 0.99


def test_log_lines_are_filtered() -> None:
    now = 1_700_000_000_000
    keep = _filter(now - 600_000, "WARNING", "tor+")
    assert keep(LogLine(now, "torrent", "ERROR"))
    assert not keep(LogLine(now - 601_000, "torrent", "ERROR"))
    assert not keep(LogLine(now, "torrent", "INFO"))
    assert not keep(LogLine(now, "torrent"))
    assert not keep(LogLine(now, "other", "ERROR"))
    assert _filter(0, "INFO", "")(LogLine(0, "a library's line"))
    with pytest.raises(BadRequest, match="invalid --grep"):
        _filter(0, "INFO", "(")


def test_a_tall_job_is_shown_around_what_runs() -> None:
    statuses = [Status.SUCCESS] * 50 + [Status.RUNNING] + [Status.WAITING] * 49
    components = [ComponentView(name=f"c{i}", module="Sleep", status=status) for i, status in enumerate(statuses)]
    names = [one.name for one in visible(components, 12)]
    assert len(names) == 12
    assert names[0] == "c46"
    assert "c50" in names
    assert visible(components[:5], 12) == components[:5]
