"""A job's story as lines of text; pure."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from commands.text import cell
from fateflow_tui.text.places import width

if TYPE_CHECKING:
    from fateflow_tui.core.records import StoryEntry

_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def story_lines(entries: Iterable[StoryEntry], limit: int = 0) -> Iterator[str]:
    """`job story`: the day above its entries, then when, who, what. limit: columns, 0 for none."""
    known = list(entries)
    room = max((width(_who(entry)) for entry in known), default=0)
    day = ""
    for entry in known:
        moment = datetime.fromtimestamp(entry.at / 1000)
        if f"{moment:%Y-%m-%d}" != day:
            day = f"{moment:%Y-%m-%d}"
            yield day
        who = _who(entry)
        head = f"{moment:%H:%M:%S}.{entry.at % 1000:03}  {who}{' ' * (room - width(who))}  "
        first, *rest = _pieces(_what(entry), limit - width(head) if limit else 0)
        yield f"{head}{first}"
        yield from (f"{' ' * width(head)}{piece}" for piece in rest)


def _who(entry: StoryEntry) -> str:
    """The job itself where nothing is named; a component without a party is meant over all of them."""
    if entry.component and entry.party:
        return f"{entry.component} {entry.party}"
    return entry.component or entry.party or "job"


def _what(entry: StoryEntry) -> str:
    what = entry.what.replace(" -> ", " → ")
    if " " not in what:
        what = _HUMP.sub(" ", what).lower()
    return cell(f"{what}: {entry.text}" if entry.text else what)


def _pieces(text: str, room: int) -> list[str]:
    return textwrap.wrap(text, max(20, room), break_on_hyphens=False) or [text] if room > 0 else [text]
