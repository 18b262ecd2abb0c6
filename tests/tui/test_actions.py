"""The table of actions: each has something that carries it out, words, and a key of its own."""

from __future__ import annotations

from collections import Counter

import pytest

from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import JobLine
from fateflow_tui.tui.action import Selection
from fateflow_tui.tui.actions import ACTIONS, actions_of
from fateflow_tui.tui.deeds import DEEDS
from fateflow_tui.tui.places import PLACES
from fateflow_tui.tui.screens.job import JobScreen


def _screens() -> dict[str, type]:
    from importlib import import_module

    found = {"job": JobScreen}
    for place in PLACES:
        module, _, name = place.where.partition(":")
        found[place.name] = getattr(import_module(f"fateflow_tui.tui.screens.{module}"), name)
    return found


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.id)
def test_every_action_can_be_carried_out_wherever_it_is_to_be_had(action) -> None:
    assert action.tooltip
    assert action.label
    screens = _screens()
    for screen in action.screens or screens:
        assert action.id in DEEDS or hasattr(screens[screen], action.method), screen


@pytest.mark.parametrize("screen", ["jobs", "job", *(place.name for place in PLACES)])
def test_no_two_actions_of_a_screen_have_the_same_key(screen: str) -> None:
    keys = Counter(key for action in actions_of(screen) for key in action.key.split(","))
    assert [key for key, count in keys.items() if count > 1] == []


def test_an_action_says_why_it_does_not_apply() -> None:
    running = JobLine(job_id="20260101", status=Status.RUNNING)
    done = JobLine(job_id="20260102", status=Status.SUCCESS)
    stop, rerun = ACTIONS["job.stop"], ACTIONS["job.rerun"]
    assert stop.why_not(Selection(jobs=(running, done))) == ""
    assert "has ended" in stop.why_not(Selection(jobs=(done,)))
    assert "stop it first" in rerun.why_not(Selection(jobs=(running,)))
    assert "2 jobs are marked" in rerun.why_not(Selection(jobs=(running, done)))
    assert "does not answer" in stop.why_not(Selection(jobs=(running,), connected=False))
    assert stop.cli(Selection(jobs=(running, done))) == "fateflow job stop 20260101"
