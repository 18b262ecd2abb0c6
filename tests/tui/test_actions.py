"""The declared actions: each has a handler, texts, and a key of its own on its screen."""

from __future__ import annotations

import inspect
from collections import Counter
from pathlib import Path

import pytest

from fateflow_tui.core.status import Status
from fateflow_tui.sdk.types.jobs import JobLine
from fateflow_tui.tui.actions import Selection
from fateflow_tui.tui.keymap import read_keymap
from fateflow_tui.tui.screens import SCREENS, all_actions
from fateflow_tui.tui.screens.dash_screen import DashScreen
from fateflow_tui.tui.screens.job import JobScreen

_SCREENS: dict[str, type[DashScreen]] = {"job": JobScreen, **{entry.name: entry.load() for entry in SCREENS}}
_EVERYWHERE = {"job.submit", *(f"go.{entry.name}" for entry in SCREENS), "app.help", "app.palette", "app.jump"}
_EVERYWHERE |= {"app.zoom", "app.reconnect", "app.back", "app.quit"}
_LISTED = {"rows.filter", "rows.sort", "rows.again"}
_MARKED = {"rows.mark", "rows.unmark_all"}
_JOB = {"job.stop", "job.why", "job.copy"}


def _ids(resource: str, verbs: str) -> set[str]:
    return {f"{resource}.{verb}" for verb in verbs.split()}


@pytest.mark.parametrize(
    ("screen", "own"),
    [
        ("jobs", _JOB | _ids("job", "open rerun log mark unmark_all filter failures sort notes preview")),
        (
            "job",
            _JOB
            | _ids("job", "rerun notes rerun_changed deploy table")
            | _ids("tab", "tasks log metrics output conf history cards next previous find party what")
            | _ids("log", "level follow")
            | _ids("graph", "whole view wider narrower"),
        ),
        (
            "models",
            _LISTED
            | _MARKED
            | _ids("model", "job deploy predict load bind compare verify alias tag export delete copy"),
        ),
        ("data", _LISTED | _MARKED | _ids("table", "job upload bind turn download delete outputs copy")),
        ("resources", _JOB | {"job.open", "rows.again"}),
        ("parties", _LISTED | _ids("party", "ping add trust grant revoke remove copy") | _ids("trace", "pause job")),
    ],
)
def test_a_screen_has_its_actions(screen: str, own: set[str]) -> None:
    assert set(_SCREENS[screen].actions) == own | _EVERYWHERE


@pytest.mark.parametrize("screen", _SCREENS)
def test_every_action_has_a_handler_and_texts(screen: str) -> None:
    for action in _SCREENS[screen].actions.values():
        assert action.tooltip
        assert action.label
        handler = getattr(_SCREENS[screen], action.method)
        assert list(inspect.signature(handler).parameters)[1:] == ["selection"]


@pytest.mark.parametrize("screen", _SCREENS)
def test_every_action_describes_itself_without_a_selection(screen: str) -> None:
    for action in _SCREENS[screen].actions.values():
        assert isinstance(action.disabled_reason(Selection()), str)
        assert action.command(Selection()).startswith("fateflow ") or not action.command(Selection())


@pytest.mark.parametrize("screen", _SCREENS)
def test_no_two_actions_of_a_screen_have_the_same_key(screen: str) -> None:
    keys = Counter(key for action in _SCREENS[screen].actions.values() for key in action.key.split(","))
    assert [key for key, count in keys.items() if count > 1] == []


def test_handlers_hide_nothing_of_textual() -> None:
    from textual.screen import Screen

    assert [action.method for action in all_actions().values() if hasattr(Screen, action.method)] == []


def test_an_action_says_why_it_is_disabled() -> None:
    running = JobLine(job_id="20260101", status=Status.RUNNING)
    done = JobLine(job_id="20260102", status=Status.SUCCESS)
    stop, rerun = (_SCREENS["jobs"].actions[name] for name in ("job.stop", "job.rerun"))
    assert stop.disabled_reason(Selection(jobs=(running, done))) == ""
    assert "has ended" in stop.disabled_reason(Selection(jobs=(done,)))
    assert "stop it first" in rerun.disabled_reason(Selection(jobs=(running,)))
    assert "2 jobs are marked" in rerun.disabled_reason(Selection(jobs=(running, done)))
    assert "does not answer" in stop.disabled_reason(Selection(jobs=(running,), connected=False))
    assert stop.command(Selection(jobs=(running, done))) == "fateflow job stop 20260101"


def test_the_former_id_of_an_action_still_works_in_the_keymap(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('[tab]\nstory = "E"\n')
    assert read_keymap(file, all_actions) == {"tab.history": "E"}
