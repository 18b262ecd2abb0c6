"""The user's keymap and the layout of the screens, kept in the user's configuration and state directories."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import msgspec

from fateflow_tui.core.errors import BadRequest

KEYS = "keys.toml"
LAYOUT = "dashboard.json"
_RENAMED = {"tab.story": "tab.history"}  # former ids of actions


def config_directory() -> Path:
    """Return $FATEFLOW_CONFIG, or `fateflow` in the user's configuration directory."""
    return _directory("FATEFLOW_CONFIG", "user_config_path")


def state_directory() -> Path:
    """Return $FATEFLOW_STATE, or `fateflow` in the user's state directory."""
    return _directory("FATEFLOW_STATE", "user_state_path")


def read_keymap(file: Path, actions: Callable[[], Collection[str]]) -> dict[str, str]:
    """Read lines like `"job.stop" = "S"`, or tables like `[job]` with `stop = "S"`. Raises BadRequest if a line is
    invalid.
    """
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRequest(f"cannot read {file}: {error}", hint='expected lines like "job.stop" = "S"') from None
    known = actions()
    keymap: dict[str, str] = {}
    for noun, value in document.items():
        members = {f"{noun}.{verb}": key for verb, key in value.items()} if isinstance(value, dict) else {noun: value}
        for given, key in members.items():
            name = _RENAMED.get(given, given)
            if name not in known or not isinstance(key, str) or not key:
                raise BadRequest(f"{file}: {name} = {key!r}: expected an action id and a key", hint=_close(name, known))
            keymap[name] = key
    return keymap


class ScreenLayouts:
    """The last layout of each screen. A damaged or read-only file is ignored."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: dict[str, dict[str, Any]] = {}
        try:
            self._kept = msgspec.json.decode(file.read_bytes(), type=dict[str, dict[str, Any]])
        except (OSError, msgspec.MsgspecError):
            return

    def get(self, screen: str, name: str, default: Any) -> Any:
        """Return the stored value if it has the type of the default."""
        found = self._kept.get(screen, {}).get(name, default)
        return found if type(found) is type(default) else default

    def set(self, screen: str, name: str, value: Any) -> None:
        self._kept.setdefault(screen, {})[name] = value

    def save(self) -> None:
        part = self._file.with_name(f".{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(msgspec.json.format(msgspec.json.encode(self._kept)))
            part.replace(self._file)
        except OSError:
            part.unlink(missing_ok=True)


def _directory(variable: str, function: str) -> Path:
    named = os.environ.get(variable)
    if named:
        return Path(named)
    import platformdirs

    found: Path = getattr(platformdirs, function)("fateflow", appauthor=False)
    return found


def _close(name: str, known: Collection[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else "press ? in the dashboard for the ids of actions"
