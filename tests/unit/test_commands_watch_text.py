"""What watch mode says of plans and outcomes."""

from __future__ import annotations

import pytest

from fateflow_tui.commands.watch.events import Ended, EvaluationScore, Planned
from fateflow_tui.commands.watch.reporters import (
    ended_line,
    plan_lines,
    rule,
    score_lines,
    summary,
)
from fateflow_tui.core.cells import width
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.plan import ReuseStep
from fateflow_tui.views.cards import card_lines
from fateflow_tui.views.problems import problem_counts
from fateflow_tui.views.text import folded

SOURCE = "202601010001"
STEPS = [
    ReuseStep("reader_0", "reuse", "unchanged"),
    ReuseStep("hetero_lr_0", "run", "parameters changed: alpha 0.01 → 0.02", "parameters", ["alpha"]),
    ReuseStep("late_0", "run", "new", "new"),
]


def plain(text: str, color: str) -> str:
    return text


def planned(
    steps: list[ReuseStep], source: str | None = SOURCE, compared: str | None = SOURCE, removed: tuple[str, ...] = ()
) -> Planned:
    return Planned(
        source=source,
        compared=compared,
        run=[step.component for step in steps if step.action == "run"],
        reuse=[step.component for step in steps if step.action == "reuse"],
        removed=list(removed),
        components=steps,
    )


def test_a_plan_says_what_happens_to_each_component() -> None:
    assert list(plan_lines(planned(STEPS, removed=("old_0",)), 0, plain)) == [
        f"plan, compared with job {SOURCE}",
        "  ↻ reuse    reader_0     unchanged",
        "  ▶ run      hetero_lr_0  parameters changed: alpha 0.01 → 0.02",
        "  + new      late_0       new",
        f"  - removed  old_0        only in job {SOURCE}",
        f"2 of 3 components run, 1 is reused from job {SOURCE}",
    ]


def test_without_an_earlier_job_nothing_is_new_to_it() -> None:
    lines = list(plan_lines(planned([ReuseStep("a_0", "run", "no earlier job has it", "new")], None, None), 0, plain))
    assert lines == ["plan", "  ▶ run  a_0  no earlier job has it", "the only component runs"]


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_reasons_are_wrapped_in_their_column(columns: int) -> None:
    step = ReuseStep("hetero_lr_0", "run", "parameters changed: " + ", ".join(["alpha 0.01 → 0.02"] * 9), "parameters")
    lines = list(plan_lines(planned([STEPS[0], step]), columns, plain))[2:-1]
    assert len(lines) > 1
    assert all(width(line) <= columns for line in lines)
    column = lines[0].index("parameters")
    assert all(line[:column].isspace() and not line[column].isspace() for line in lines[1:])
    assert " ".join(line[column:] for line in lines) == step.why


def test_colors_mark_the_actions() -> None:
    lines = list(plan_lines(planned(STEPS), 0, lambda text, color: f"<{color}>{text}" if color else text))
    assert lines[1].startswith("  <34>↻ reuse")
    assert lines[2].startswith("  <36>▶ run")


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (STEPS[:1], f"the only component is as in job {SOURCE}"),
        (STEPS[:1] * 3, f"all 3 components are as in job {SOURCE}"),
        (STEPS[1:], "all 2 components run"),
        (STEPS[:2], f"1 of 2 components runs, 1 is reused from job {SOURCE}"),
        (STEPS[:1] + STEPS, f"2 of 4 components run, 2 are reused from job {SOURCE}"),
    ],
)
def test_a_plan_is_summed_up(steps: list[ReuseStep], text: str) -> None:
    assert summary(planned(steps)) == text


def test_an_outcome() -> None:
    ended = Ended(
        job_id="1",
        status="success",
        progress=100,
        elapsed=1500,
        run=["a"],
        reused=["b", "c"],
        scores=[],
        cards=[],
        exit_code=0,
    )
    assert ended_line(ended) == "✓ success  1  100%  1.5s  1 run, 2 reused"


def test_scores_are_compared_with_the_previous_ones() -> None:
    scores = [
        EvaluationScore("evaluation_0", "train", "auc", 0.9931234567, 0.99),
        EvaluationScore("evaluation_0", "train", "ks", 0.5, 0.5),
        EvaluationScore("evaluation_0", "validate", "auc", 0.25),
    ]
    assert list(score_lines(scores)) == [
        "  evaluation_0  train  auc 0.993123 (was 0.99), ks 0.5",
        "  evaluation_0  validate  auc 0.25",
    ]


def test_problems_are_counted() -> None:
    assert problem_counts(1, 0) == "1 error"
    assert problem_counts(2, 1) == "2 errors, 1 warning"


def test_a_rule_fills_the_line() -> None:
    assert rule("12:00:00  a.json", 30, plain) == "── 12:00:00  a.json ──────────"
    assert rule("x" * 40, 30, plain).endswith("x ──")


def test_the_values_of_a_card_are_wrapped_in_their_column() -> None:
    card = FailureCard(Party("guest", "9999"), "lr_0", 0, "exception", "word " * 20, log=["a log " + "x" * 99])
    assert folded(card_lines(card), 0) == card_lines(card)
    lines = ["".join(text for text, _ in line) for line in folded(card_lines(card), 60)]
    assert all(len(one) <= 60 for one in lines)
    assert lines[1].startswith("  cause  word")
    assert lines[2].startswith(" " * 9 + "word")
