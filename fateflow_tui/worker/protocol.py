"""Messages between the site, the zygote and a worker, and their form as bytes."""

from __future__ import annotations

from typing import Final

import msgspec

from fateflow_tui.core.work import ProcessExit, SiteFrame, TaskSpec, WorkerFrame

LENGTH_BYTES: Final = 4
LONGEST_HEADER: Final = 64 << 20  # a last word with a huge summary still fits; anything longer is no frame
LONGEST_PAYLOAD: Final = 1 << 40

_worker_frames: msgspec.json.Decoder[WorkerFrame] = msgspec.json.Decoder(WorkerFrame)
_site_frames: msgspec.json.Decoder[SiteFrame] = msgspec.json.Decoder(SiteFrame)


def pack(frame: WorkerFrame | SiteFrame) -> bytes:
    """Length and header; the payload, `frame.size` bytes, follows."""
    header = msgspec.json.encode(frame)
    return len(header).to_bytes(LENGTH_BYTES, "big") + header


def header_length(prefix: bytes | bytearray) -> int:
    """Raises ValueError for what cannot be the beginning of a frame."""
    length = int.from_bytes(prefix, "big")
    if not 0 < length <= LONGEST_HEADER:
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
    if not 0 <= size <= LONGEST_PAYLOAD:
        raise ValueError(f"a frame with a payload of {size} bytes")


class Run(msgspec.Struct, frozen=True, tag="run"):
    """Site -> zygote: run this. key: names it from now on. channel, token: where the worker reports, and its secret."""

    key: str
    spec: TaskSpec
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


class WorkerStarted(msgspec.Struct, frozen=True, tag="began"):
    """Zygote -> site: the worker has its order."""

    key: str
    pid: int


class WorkerNotStarted(msgspec.Struct, frozen=True, tag="not_begun"):
    """Zygote -> site: there is no process for it."""

    key: str
    reason: str


class WorkerExited(msgspec.Struct, frozen=True, tag="ended"):
    """Zygote -> site: the worker's process and its whole process group have ended."""

    key: str
    exit: ProcessExit


Request = Run | Kill | Sample
Notice = Ready | WorkerStarted | WorkerNotStarted | WorkerExited
