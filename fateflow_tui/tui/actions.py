"""The one table of actions, and what is derived from it; pure. Key bindings have the ids of actions."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from fateflow_tui.tui import (
    job_actions,
    job_detail_actions,
    model_actions,
    party_actions,
    row_actions,
    site_actions,
    table_actions,
)
from fateflow_tui.tui.action import Action

_TABLES = (job_actions, job_detail_actions, model_actions, table_actions, party_actions, row_actions, site_actions)
ACTIONS: Final = {action.id: action for table in _TABLES for action in table.ACTIONS}


@lru_cache
def actions_of(screen: str) -> tuple[Action, ...]:
    """Those of a screen, its own first."""
    own = [action for action in ACTIONS.values() if screen in action.screens]
    return (*own, *(action for action in ACTIONS.values() if not action.screens))


@lru_cache
def footer_of(screen: str) -> tuple[Action, ...]:
    """Those that the footer shows, in its order."""
    return tuple(sorted((action for action in actions_of(screen) if action.footer), key=lambda action: action.footer))


def keys_of(action: Action, keymap: dict[str, str]) -> list[str]:
    """The keys of an action after the user's wishes."""
    return [key.strip() for key in keymap.get(action.id, action.key).split(",")]


def key_label(key: str) -> str:
    """A key as people write it: `^p`, `/`, `esc`."""
    names = {
        "slash": "/",
        "question_mark": "?",
        "escape": "esc",
        "full_stop": ".",
        "comma": ",",
        "equals_sign": "=",
        "plus": "+",
        "minus": "-",
        "left_square_bracket": "[",
        "right_square_bracket": "]",
    }
    if key.startswith("ctrl+"):
        return f"^{key_label(key.removeprefix('ctrl+'))}"
    return names.get(key, key)
