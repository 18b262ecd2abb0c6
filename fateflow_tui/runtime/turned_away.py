"""Calls of other sites that were not let in: told to those who run this site, as the caller alone knows of it else."""

from __future__ import annotations

import logging
from typing import Final

import msgspec

from fateflow_tui.core.errors import NotAuthentic
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.check import Check

logger = logging.getLogger(__name__)

_REMEMBERED: Final = 600_000  # ms
_CAPACITY: Final = 64  # whoever calls may call himself anything: neither memory nor log grows by that


class _Turned(msgspec.Struct):
    """The newest refusal of one caller for one reason. count: how often, since it was first remembered."""

    error: NotAuthentic
    at: int
    count: int = 1


class TurnedAway:
    """What callers were refused for in the last ten minutes. Each is logged when it comes up, not each time."""

    def __init__(self) -> None:
        self._known: dict[tuple[Party, str], _Turned] = {}

    def note(self, source: Party, error: NotAuthentic, now: int) -> None:
        self._drop_old(now)
        key = (source, str((error.data or {}).get("reason", "")))
        if (known := self._known.get(key)) is not None:
            known.error, known.at, known.count = error, now, known.count + 1
        elif len(self._known) < _CAPACITY:
            self._known[key] = _Turned(error, now)
            logger.warning("a call was turned away: %s; %s", error.message, error.hint)

    def forget(self, source: Party) -> None:
        """It has been let in."""
        for key in [key for key in self._known if key[0] == source]:
            del self._known[key]

    def checks(self, now: int) -> list[Check]:
        """For the doctor, one for each caller and reason."""
        self._drop_old(now)
        return [
            Check(
                f"calls of {source}",
                False,
                f"{'one was' if one.count == 1 else f'{one.count} were'} turned away, the last "
                f"{max(now - one.at, 0) / 1000:.0f} s ago: {one.error.message}",
                one.error.hint,
            )
            for (source, _), one in self._known.items()
        ]

    def _drop_old(self, now: int) -> None:
        for key in [key for key, one in self._known.items() if now - one.at > _REMEMBERED]:
            del self._known[key]
