"""Frames of the worker's channel as bytes; both ends use this. See `core.work`."""

from __future__ import annotations

from typing import Final

import msgspec

from fateflow_tui.core.work import SiteFrame, WorkerFrame

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
