"""What the site and the warm parent of its workers tell each other: one JSON object per line over a socket pair."""

from __future__ import annotations

import msgspec

from fateflow_tui.core.work import TaskOrder


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Site -> zygote: run this. key: names it from now on. channel, token: where the worker reports, and its secret."""

    key: str
    order: TaskOrder
    channel: str
    token: str


class Kill(msgspec.Struct, frozen=True, tag="kill"):
    """Site -> zygote: end this and all its processes, politely at first. An unknown key is one that has ended."""

    key: str


class Sample(msgspec.Struct, frozen=True, tag="sample"):
    """Site -> zygote: let this write the stacks of its threads to its file for them. An unknown key is one that has
    ended.
    """

    key: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Zygote -> site: everything is imported."""

    pid: int


class Began(msgspec.Struct, frozen=True, tag="began"):
    """Zygote -> site: the worker has its order."""

    key: str
    pid: int


class NotBegun(msgspec.Struct, frozen=True, tag="not_begun"):
    """Zygote -> site: there is no process for it."""

    key: str
    reason: str


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """Zygote -> site: the worker is gone, with all of its process group.

    exit_code: None if it was killed by `signal` (a name). peak_memory: resident, in MiB.
    """

    key: str
    exit_code: int | None
    signal: str
    peak_memory: int


Request = Run | Kill | Sample
Notice = Ready | Began | NotBegun | Ended
