"""What a page's process is told: whose dashboard it is to show."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Self

import msgspec

from fateflow_tui.tui.feed import Site

# Not in the arguments: those of every process are seen by everybody on the machine, and there may be a secret.
_VARIABLE: Final = "FATEFLOW_DASH_OPENING"


class Opening(msgspec.Struct, frozen=True):
    """The parts of a `Site`, with the home as text, the theme's name, and the folder of the demo's files."""

    url: str = ""
    home: str = ""
    app_key: str = ""
    secret_key: str = ""
    start: bool = False
    theme: str = ""
    demo: str = ""

    @classmethod
    def of(cls, site: Site, theme: str, demo: Path) -> Self:
        own = str(site.directory)
        return cls(site.url, own, site.app_key, site.secret_key, site.start, theme, str(demo))

    @classmethod
    def taken(cls) -> Self:
        """What this process was told. Processes that it starts are not told it again."""
        return msgspec.json.decode(os.environ.pop(_VARIABLE), type=cls)

    @property
    def site(self) -> Site:
        return Site(self.url, Path(self.home), self.app_key, self.secret_key, self.start)

    @property
    def environment(self) -> dict[str, str]:
        """For `taken` in the process that gets it."""
        return {_VARIABLE: msgspec.json.encode(self).decode()}
