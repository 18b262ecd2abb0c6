"""How JSON values are called and shown in messages."""

from __future__ import annotations

from typing import Any, Final

_SHOWN: Final = 60  # characters


def kind_of(value: Any) -> str:
    """The JSON word for what a value is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def shown(value: Any) -> str:
    """The value itself if it is short, else its beginning or its kind."""
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}...")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value) if isinstance(value, int | float) else kind_of(value)
