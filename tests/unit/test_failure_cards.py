"""Failure cards stay small, whatever a module raises or prints; other parties get only what is theirs to know."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import TaskPlan
from fateflow_tui.core.work import TaskSpec
from fateflow_tui.worker.cards import card_of_error

_ORDER = TaskSpec(
    job_id="20261124",
    component="tested_0",
    version=0,
    party=Party("guest", "9999"),
    plan=TaskPlan("tested_0", "Tested", [], {}),
    home="/nowhere",
    roles={"guest": [9999]},
    job_parameters={},
    model_id="guest-9999#model",
    model_version="20261124",
)


def test_a_huge_error_makes_a_small_card() -> None:
    try:
        raise ValueError("begin " + "x" * 5_000_000 + " end")
    except ValueError as error:
        card = card_of_error(_ORDER, error, ["short", "y" * 1_000_000])
    assert card.cause.startswith("ValueError: begin xxx")
    assert card.cause.endswith("xxx end")
    assert "characters" in card.cause
    assert card.log[0] == "short"
    assert len(msgspec.json.encode(card)) < 30_000


def test_other_parties_get_what_a_component_says_and_not_its_advice() -> None:
    card = card_of_error(_ORDER, ComponentFailed("no column 'diagnosis'", hint="its columns are y, income"), ["line"])
    assert (card.kind, card.hint) == ("component", "its columns are y, income")
    crossed = card.redacted()
    assert (crossed.kind, crossed.cause, crossed.hint) == ("component", "no column 'diagnosis'", "")
    assert (crossed.log, crossed.traceback, crossed.where) == ([], "", "")


def test_an_ordinary_error_is_reported_in_full() -> None:
    card = card_of_error(_ORDER, ValueError("z" * 1_900), ["l" * 900])
    assert card.cause == "ValueError: " + "z" * 1_900
    assert card.log == ["l" * 900]
