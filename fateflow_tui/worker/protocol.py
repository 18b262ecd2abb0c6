"""Messages between the site, the zygote and a worker, and their encoding."""

from __future__ import annotations

from typing import Final

import msgspec

from fateflow_tui.core.work import ProcessExit, SiteFrame, TaskSpec, WorkerFrame

LENGTH_BYTES: Final = 4
MAX_HEADER: Final = 64 << 20  # large enough for a final frame with a huge summary
MAX_PAYLOAD: Final = 1 << 40

_worker_frames: msgspec.json.Decoder[WorkerFrame] = msgspec.json.Decoder(WorkerFrame)
_site_frames: msgspec.json.Decoder[SiteFrame] = msgspec.json.Decoder(SiteFrame)


def pack(frame: WorkerFrame | SiteFrame) -> bytes:
    """Encode length and header; the payload of `frame.size` bytes follows."""
    header = msgspec.json.encode(frame)
    return len(header).to_bytes(LENGTH_BYTES, "big") + header


def header_length(prefix: bytes | bytearray) -> int:
    """Decode a header's length. Raises ValueError if it is invalid."""
    length = int.from_bytes(prefix, "big")
    if not 0 < length <= MAX_HEADER:
        raise ValueError(f"a frame header of {length} bytes")
    return length


def worker_frame(header: bytes | bytearray) -> WorkerFrame:
    """Raises ValueError."""
    frame = _worker_frames.decode(header)
    _check_size(frame.size)
    return frame


def site_frame(header: bytes | bytearray) -> SiteFrame:
    """Raises ValueError."""
    frame = _site_frames.decode(header)
    _check_size(frame.size)
    return frame


def _check_size(size: int) -> None:
    if not 0 <= size <= MAX_PAYLOAD:
        raise ValueError(f"a frame with a payload of {size} bytes")


class RunTask(msgspec.Struct, frozen=True, tag="run"):
    """Site -> zygote: run a task. key: identifies the run. channel, token: the worker's socket and its secret."""

    key: str
    spec: TaskSpec
    channel: str
    token: str


class Kill(msgspec.Struct, frozen=True, tag="kill"):
    """Site -> zygote: kill a run with all its processes, SIGTERM first. An unknown key has ended already."""

    key: str


class Sample(msgspec.Struct, frozen=True, tag="sample"):
    """Site -> zygote: let a run write the stacks of its threads to its file. An unknown key has ended already."""

    key: str


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """Zygote -> site: everything is imported."""

    pid: int


class WorkerStarted(msgspec.Struct, frozen=True, tag="began"):
    """Zygote -> site: the worker has its task."""

    key: str
    pid: int


class WorkerNotStarted(msgspec.Struct, frozen=True, tag="not_begun"):
    """Zygote -> site: no process could be started for it."""

    key: str
    reason: str


class WorkerExited(msgspec.Struct, frozen=True, tag="ended"):
    """Zygote -> site: the worker's process and its whole process group have ended."""

    key: str
    exit: ProcessExit


Request = RunTask | Kill | Sample
Notice = Ready | WorkerStarted | WorkerNotStarted | WorkerExited
