"""A request and the reading of its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.sdk.answers import Envelope

T = TypeVar("T")


class Call(msgspec.Struct, Generic[T], frozen=True):
    """A request and the reading of its answer.

    path: below the scheduler's URL. tolerated: retcodes that are no failure. upload: the file that is sent as part
    `file`, with the body's members as text parts. target: where an answer that is a file is written; `read` then gets
    an envelope with this path as its data. patience: seconds that the answer may take beyond the client's own.
    """

    path: str
    body: dict[str, Any]
    read: Callable[[Envelope], T]
    method: str = "POST"
    tolerated: frozenset[int] = frozenset()
    upload: Path | None = None
    target: Path | None = None
    patience: float = 0.0


def as_(type_: type[T]) -> Callable[[Envelope], T]:
    """Reads `data`."""
    return lambda envelope: msgspec.convert(envelope.data, type_, strict=False)


def list_of(type_: type[T]) -> Callable[[Envelope], list[T]]:
    """Reads `data`; none is an empty list."""
    return lambda envelope: msgspec.convert(envelope.data or [], list[type_], strict=False)  # type: ignore[valid-type]


def member(name: str, type_: type[T]) -> Callable[[Envelope], T]:
    """Reads one member of `data`."""
    return lambda envelope: msgspec.convert((envelope.data or {}).get(name), type_, strict=False)


def nothing(envelope: Envelope) -> None:
    """The answer says no more than that it is done."""
    return


def whole(envelope: Envelope) -> Envelope:
    """The envelope itself."""
    return envelope


def raw(path: str, body: Mapping[str, Any] | None = None, method: str = "POST") -> Call[Envelope]:
    """Any call of the API below /v1, answered by its envelope; a failure is raised."""
    return Call(f"/v1/{path.strip('/')}", dict(body or {}), whole, method)


def fetch(path: str, body: Mapping[str, Any], target: Path | str, method: str = "GET") -> Call[Path]:
    """A call below /v1 that answers with a file, which is written to `target`: whole, or not at all."""
    return Call(f"/v1/{path.strip('/')}", dict(body), _written, method, target=Path(target).expanduser(), patience=600)


def existing(path: Path | str) -> Path:
    """A file that is to be sent. Raises BadRequest when there is none."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise BadRequest(f"there is no file {file}")
    return file


def _written(envelope: Envelope) -> Path:
    return Path(envelope.data)
