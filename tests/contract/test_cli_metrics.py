"""Metrics by command: figures, curves, and both while a job runs."""

from __future__ import annotations

import csv
import re

import pytest

from tests.contract.command_line import CommandLine, submit
from tests.contract.test_cli_live import on_terminal

_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_BRAILLE = re.compile("[\u2801-\u28ff]")


def test_curves_are_drawn(cli: CommandLine, job: str) -> None:
    result = cli("metric", "show", job, "--plot", COLUMNS="80")
    lines = result.out.splitlines()
    assert [line.split("  ")[0] for line in lines if re.search(r"  \w+ at \w+:\d+", line)] == [
        "loss",
        "ROC",
        "KS of hetero_lr_0",
    ]
    assert len([line for line in lines if _BRAILLE.search(line)]) > 20
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in result.out
    assert re.search(r"auc 0\.9\d+", result.out)
    assert "fpr" in result.out


def test_curves_are_drawn_side_by_side_in_a_wide_terminal(cli: CommandLine, job: str) -> None:
    lines = cli("metric", "show", job, "--plot", COLUMNS="140").out.splitlines()
    assert re.fullmatch(r"loss  .*  ROC  .*", lines[0])
    assert max(map(len, lines)) <= 140


def test_other_curves_are_drawn_when_they_are_named(cli: CommandLine, job: str) -> None:
    result = cli("metric", "show", job, "--plot", "--metric", "lift")
    assert "lift  evaluation_0 at guest:9999" in result.out
    assert "loss  " not in result.out
    assert "no such curves" in cli("metric", "show", job, "--plot", "--metric", "nope").err
    figures = cli("metric", "show", job, "--metric", "auc", "--json").data
    assert [one["metric"] for one in figures] == ["auc"]


def test_a_plot_requires_table_output(cli: CommandLine, job: str) -> None:
    assert "--plot requires table output" in cli("metric", "show", job, "--plot", "--json", code=2).err


def test_the_points_of_series_are_listed(cli: CommandLine, job: str) -> None:
    line = ("metric", "show", job, "hetero_lr_0", "--metric", "loss", "--points")
    titles, *rows = csv.reader(cli(*line, "-o", "csv").out.splitlines())
    assert titles == ["COMPONENT", "PARTY", "NAMESPACE", "METRIC", "X", "VALUE"]
    points = cli(*line, "--json").data
    assert [row[4] for row in rows] == [str(one["x"]) for one in points] == ["0", "1"]
    assert [float(row[5]) for row in rows] == [one["value"] for one in points]
    cli(*line, "--plot", code=2)


def test_following_draws_once_without_a_terminal(cli: CommandLine) -> None:
    job_id = submit(cli, "demo/hetero_lr_dsl.json", "demo/hetero_lr_conf.json")
    result = cli("metric", "show", job_id, "-f", "--plot")
    assert result.out.count("loss  ") == 1
    assert "ROC  " in result.out
    assert result.err == ""


def test_following_ends_with_the_outcome_of_the_job(cli: CommandLine, failed_job: str) -> None:
    assert cli("metric", "show", failed_job, "-f", code=1).out == ""


@pytest.mark.parametrize("plot", [["--plot"], []])
def test_following_redraws_in_place_on_a_terminal(cli: CommandLine, plot: list[str]) -> None:
    job_id = submit(cli, "demo/hetero_lr_dsl.json", "demo/hetero_lr_conf.json")
    drawn, code = on_terminal(cli, "metric", "show", job_id, "-f", *plot)
    assert code == 0
    assert "\x1b[?25l" in drawn  # the cursor is hidden meanwhile
    assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l")
    text = _STEERING.sub("", drawn)
    assert f"running  {job_id}" in text
    last = text[text.rindex(job_id) :]
    assert ("ROC  " if plot else "auc") in last
