"""HTTP of both clients: requests, answers and failures."""

from __future__ import annotations

import contextlib
import getpass
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar

import httpx
import msgspec

from fateflow_tui.core.errors import (
    FateFlowError,
    SchedulerUnreachable,
)
from fateflow_tui.sdk.answers import Envelope, read_envelope
from fateflow_tui.sdk.connection import START_HINT, Target, verification
from fateflow_tui.sdk.operations import Call
from fateflow_tui.sdk.signature import FORM, Signature
from fateflow_tui.sdk.streaming import Frame
from fateflow_tui.sdk.types import Event, LogLine

T = TypeVar("T")

_CONNECT = 5.0  # seconds
_ANSWER = 30.0
_SILENCE = 45.0  # of a stream; the scheduler sends something every 15


def settings(target: Target) -> dict[str, Any]:
    """The arguments of an httpx client for this scheduler. It does not use the proxies of the environment."""
    headers = {
        "Accept": "application/vnd.fateflow+json, application/json",
        "X-FateFlow-User": _user().encode("ascii", "replace").decode(),
    }
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    return {
        "base_url": target.url,
        "headers": headers,
        "timeout": httpx.Timeout(_ANSWER, connect=_CONNECT),
        "trust_env": False,
        "verify": verification(target),
        "auth": Signature(target.app_key, target.secret_key) if target.app_key else None,
    }


@contextlib.contextmanager
def request_of(call: Call[Any]) -> Iterator[dict[str, Any]]:
    """The arguments of httpx's `request`; a file to upload stays open within the context."""
    arguments: dict[str, Any] = {
        "method": call.method,
        "url": call.path,
        "timeout": httpx.Timeout(_ANSWER + call.patience, connect=_CONNECT),
    }
    if call.upload is None:
        arguments["content"] = msgspec.json.encode(call.body)
        arguments["headers"] = {"Content-Type": "application/json"}
        yield arguments
        return
    with call.upload.open("rb") as file:
        arguments["files"] = {"file": (call.upload.name, file, "application/octet-stream")}
        arguments["data"] = call.body
        arguments["extensions"] = {FORM: call.body}
        yield arguments


def result(call: Call[T], response: httpx.Response, target: Target) -> T:
    """Read an answer. Raises the error that the scheduler raised."""
    envelope = read_envelope(response.content, response.status_code, target.url)
    if envelope.retcode not in call.tolerated:
        envelope.raise_failure()
    try:
        return call.read(envelope)
    except msgspec.ValidationError as error:
        raise FateFlowError(
            f"cannot read the answer of {target.url} to {call.path}: {error}",
            hint="client and scheduler have different versions; restart the scheduler",
        ) from error


def unreachable(target: Target, error: httpx.HTTPError) -> SchedulerUnreachable:
    """The error for a request that failed without an answer."""
    cause = "timed out" if isinstance(error, httpx.TimeoutException) else str(error) or "connection closed"
    return SchedulerUnreachable(f"no scheduler answers at {target.origin or target.url}: {cause}", hint=START_HINT)


def stream_timeout() -> httpx.Timeout:
    """The timeout of a stream, between two chunks."""
    return httpx.Timeout(_SILENCE, connect=_CONNECT)


def is_stream(response: httpx.Response) -> bool:
    """Whether the answer is an event stream."""
    return bool(response.headers.get("content-type", "").startswith("text/event-stream"))


def raise_no_stream(response: httpx.Response, content: bytes, target: Target) -> NoReturn:
    """Raise the failure that was answered instead of a stream."""
    read_envelope(content, response.status_code, target.url).raise_failure()
    raise SchedulerUnreachable(f"{target.url} does not send events", hint=START_HINT)


def event_of(frame: Frame) -> Event:
    """Decode an event."""
    body = msgspec.json.decode(frame.data, type=dict[str, Any])
    return Event(frame.number or 0, body.get("at", 0), frame.kind, body.get("job_id", ""), body.get("data", {}))


def log_line_of(frame: Frame) -> LogLine:
    """Decode a log line."""
    return msgspec.json.decode(frame.data, type=LogLine)


def is_file(response: httpx.Response) -> bool:
    """Whether the answer is a file; failures have another HTTP status."""
    return response.status_code == 200


def raise_no_file(response: httpx.Response, content: bytes, target: Target) -> NoReturn:
    """Raise the failure that was answered instead of a file."""
    read_envelope(content, response.status_code, target.url).raise_failure()
    raise FateFlowError(f"{target.url} did not send a file: HTTP status {response.status_code}")


@contextlib.contextmanager
def file_of(target: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears at `target` when it is complete. Raises FateFlowError when it cannot be
    written.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(target)
    except OSError as error:
        raise FateFlowError(f"cannot write {target}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def written(call: Call[T], target: Path) -> T:
    """The result of a call after its file has been written."""
    return call.read(Envelope(0, data=str(target)))


def _user() -> str:
    with contextlib.suppress(OSError, KeyError):
        return f"{getpass.getuser()}@{socket.gethostname()}"
    return ""
