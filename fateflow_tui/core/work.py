"""What the site hands to a worker, and what the two say to each other over the worker's channel.

The channel is a stream socket. Each frame is a 4-byte big-endian length, a JSON header of that length, and, if the
header's `size` is not 0, that many bytes of payload. Nothing on it is ever pickled.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import FailureCard
from fateflow_tui.core.plan import TaskPlan
from fateflow_tui.core.records import Output
from fateflow_tui.core.status import Status


class TableRef(msgspec.Struct, frozen=True):
    """A table of the own party. source: the component it comes from, "" for an outside table."""

    namespace: str
    name: str
    source: str = ""
    port: str = ""


class ModelRef(msgspec.Struct, frozen=True):
    """A component's model inside a model version of the own party."""

    party_model_id: str
    version: str
    component: str
    alias: str
    module: str


class TaskSpec(msgspec.Struct, frozen=True):
    """Everything one worker needs. tables: the DSL's data keys, resolved. models: `model` and `isometric_model`.

    parties: of this component, by role in party order. memory: limit in MiB, 0 none. session: see `ids.session_id`.
    """

    job_id: str
    component: str
    version: int
    party: Party
    plan: TaskPlan
    home: str
    roles: dict[str, list[int]]
    job_parameters: dict[str, Any]
    tables: dict[str, list[TableRef]] = {}
    models: dict[str, list[ModelRef]] = {}
    cores: int = 1
    memory: int = 0
    model_id: str = ""
    model_version: str = ""


class TaskResult(msgspec.Struct, frozen=True):
    """The worker's last word. module_version: of the module that ran."""

    status: Status
    outputs: list[Output] = []
    summary: dict[str, Any] | None = None
    card: FailureCard | None = None
    module_version: str = ""


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="type"):
    """Worker -> site: the first frame; token is the secret that came with the order."""

    token: str
    size: int = 0


class Sent(msgspec.Struct, frozen=True, tag="send", tag_field="type"):
    """Worker -> site: a value for another party's task of the same component and version.

    name: a declared variable, tag: which one of a series (an iteration). codec: how `size` payload bytes are to be
    read (see the worker's codec). The site answers Accepted once the value is on its way or waits in a mailbox.
    """

    number: int
    to: list[Party]
    name: str
    tag: str
    codec: str
    size: int


class Wanted(msgspec.Struct, frozen=True, tag="receive", tag_field="type"):
    """Worker -> site: hand over this value when it is there. Answered by Delivered, or Refused."""

    number: int
    source: Party
    name: str
    tag: str
    size: int = 0


class Progressed(msgspec.Struct, frozen=True, tag="progress", tag_field="type"):
    """Worker -> site: done of total, for display."""

    done: int
    total: int
    size: int = 0


class MetricsWritten(msgspec.Struct, frozen=True, tag="metrics", tag_field="type"):
    """Worker -> site: what was appended to a series, for live display. points: [key, value] each; of a large batch only
    the last ones, and then `complete` is false. meta: the keys of the series' meta that were set.
    """

    namespace: str
    name: str
    points: list[list[Any]] = []
    meta: dict[str, Any] = {}
    complete: bool = True
    size: int = 0


class Finished(msgspec.Struct, frozen=True, tag="result", tag_field="type"):
    """Worker -> site: the last word. peak_memory: of the process so far, in MiB.

    What the result names is on disk. The process exits at once, with 0 if the task succeeded and else with 1.
    """

    result: TaskResult
    peak_memory: int = 0
    size: int = 0


class Accepted(msgspec.Struct, frozen=True, tag="accepted", tag_field="type"):
    """Site -> worker: the value with this number is taken over."""

    number: int
    size: int = 0


class Delivered(msgspec.Struct, frozen=True, tag="delivered", tag_field="type"):
    """Site -> worker: the wanted value follows."""

    number: int
    codec: str
    size: int


class Refused(msgspec.Struct, frozen=True, tag="refused", tag_field="type"):
    """Site -> worker: an undeclared variable, a wrong direction, or the other side is gone."""

    number: int
    reason: str
    size: int = 0


WorkerFrame = Hello | Sent | Wanted | Progressed | MetricsWritten | Finished
SiteFrame = Accepted | Delivered | Refused
