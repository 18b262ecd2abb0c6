"""A request with the reader of its answer, and the decorator that makes it a method of both clients."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import msgspec

from fateflow_tui.core.errors import BadRequest
from fateflow_tui.core.ids import Party
from fateflow_tui.sdk.answers import Envelope

P = ParamSpec("P")
T = TypeVar("T")


class Call(msgspec.Struct, Generic[T], frozen=True):
    """A request and the reader of its answer.

    path: below the scheduler's URL. tolerated: nonzero retcodes that are not failures. upload: the file to send as
    part `file` of a form whose text fields are `body`. target: the file to write the response to; `read` then gets an
    envelope whose data is this path. patience: seconds that the answer may take beyond the client's own timeout.
    """

    path: str
    body: dict[str, Any]
    read: Callable[[Envelope], T]
    method: str = "POST"
    tolerated: frozenset[int] = frozenset()
    upload: Path | None = None
    target: Path | None = None
    patience: float = 0.0


class SyncMode:
    """Marks the namespaces of a synchronous client: methods return results."""


class AsyncMode:
    """Marks the namespaces of an asynchronous client: methods return coroutines."""


Mode = TypeVar("Mode", SyncMode, AsyncMode)


class Namespace(Generic[Mode]):
    """A group of operations of one client. execute: sends a call and returns its result, or a coroutine of it."""

    def __init__(self, execute: Callable[[Call[Any]], Any]) -> None:
        self._execute = execute

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join(sorted(operations_of(type(self))))}>"


class Operation(Generic[P, T]):
    """A method of a namespace that builds a call and lets the client execute it.

    Accessed on an instance it is the method, with the parameters of the decorated function and the result of its
    call. Accessed on the class it is this object, whose `call` only builds the request.
    """

    def __init__(self, make: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    def call(self, *args: P.args, **kwargs: P.kwargs) -> Call[T]:
        """Build the request without sending it."""
        return self.make(None, *args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: Namespace[SyncMode], owner: type[Any] | None = None) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, instance: Namespace[AsyncMode], owner: type[Any] | None = None
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        if instance is None:
            return self
        make = self.make.__get__(instance)

        @functools.wraps(make)
        def method(*args: P.args, **kwargs: P.kwargs) -> Any:
            return instance._execute(make(*args, **kwargs))

        return method


def operation(make: Callable[Concatenate[Any, P], Call[T]]) -> Operation[P, T]:
    """Declare an operation: decorates a method of a namespace that returns a call."""
    return Operation(make)


def operations_of(kind: type[Any]) -> dict[str, Operation[..., Any]]:
    """The operations of a namespace by name, inherited ones included."""
    members = {name: value for each in reversed(kind.__mro__) for name, value in vars(each).items()}
    return {name: value for name, value in members.items() if isinstance(value, Operation)}


# Readers of answers.


def as_(type_: type[T]) -> Callable[[Envelope], T]:
    """Read `data` as a type."""
    return lambda envelope: msgspec.convert(envelope.data, type_, strict=False)


def list_of(type_: type[T]) -> Callable[[Envelope], list[T]]:
    """Read `data` as a list; missing data is an empty list."""
    return lambda envelope: msgspec.convert(envelope.data or [], list[type_], strict=False)  # type: ignore[valid-type]


def member(name: str, type_: type[T]) -> Callable[[Envelope], T]:
    """Read one member of `data`."""
    return lambda envelope: msgspec.convert((envelope.data or {}).get(name), type_, strict=False)


def nothing(envelope: Envelope) -> None:
    """Ignore the data of a successful answer."""
    return


def whole(envelope: Envelope) -> Envelope:
    """Return the envelope itself."""
    return envelope


def save(path: str, body: Mapping[str, Any], target: Path | str, method: str = "GET") -> Call[Path]:
    """A call below /v1 whose answer is a file. It is written to `target` completely, or not at all."""
    return Call(f"/v1/{path.strip('/')}", dict(body), _written, method, target=Path(target).expanduser(), patience=600)


def _written(envelope: Envelope) -> Path:
    return Path(envelope.data)


# Arguments of requests.

Document = Mapping[str, Any] | str | Path  # an object, JSON text, or the path of a file
PartyLike = Party | str  # "role:id"
Roles = Mapping[str, Sequence[int | str]]  # role -> party ids


def existing(path: Path | str) -> Path:
    """The file to send. Raises BadRequest when it does not exist."""
    file = Path(path).expanduser()
    if not file.is_file():
        raise BadRequest(f"file not found: {file}")
    return file


def document(source: Document) -> dict[str, Any] | str:
    """A job document as it is sent: the text of a file, so that problems have line numbers; JSON text and objects
    unchanged. Raises BadRequest for a file that cannot be read.
    """
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, str) and source.lstrip()[:1] in ("{", "["):
        return source
    try:
        return Path(source).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else str(error)
        raise BadRequest(f"cannot read the job document {source!s:.200}: {cause}") from None


def party_of(party: PartyLike) -> Party:
    """Parse a party. Raises BadRequest unless it has the form role:id."""
    if isinstance(party, Party):
        return party
    try:
        return Party.parse(party)
    except ValueError as error:
        raise BadRequest(str(error)) from None


def party_members(party: PartyLike | None) -> dict[str, Any]:
    """The members `role` and `party_id` of a request; empty without a party."""
    if party is None:
        return {}
    known = party_of(party)
    return {"role": known.role, "party_id": known.party_id}


def roles_of(model_id: str) -> dict[str, list[int]]:
    """The parties named in a model id: {"guest": [9999], "host": [10000]} for `guest-9999#host-10000#model`.

    Raises BadRequest for an id of another form.
    """
    roles: dict[str, list[int]] = {}
    for part in model_id.removesuffix("#model").split("#"):
        role, dash, numbers = part.partition("-")
        if not dash or not all(number.isdigit() for number in numbers.split("_")):
            raise BadRequest(f"invalid model id {model_id!r}", hint="use the form guest-9999#host-10000#model")
        roles[role] = [int(number) for number in numbers.split("_")]
    return roles


def first_guest(roles: Roles) -> str:
    """The default initiator. Raises BadRequest when there is no guest."""
    guests = roles.get("guest") or ()
    if not guests:
        raise BadRequest("the model has no guest", hint="pass the initiator")
    return f"guest:{guests[0]}"


def part_members(model_id: str, model_version: str, party: PartyLike) -> dict[str, Any]:
    """The members of a request that identify one party's part of a model version."""
    return {"model_id": model_id, "model_version": model_version, **party_members(party)}


def role_ids(roles: Roles) -> dict[str, list[int | str]]:
    """The `role` member of a conf."""
    return {role: list(ids) for role, ids in roles.items()}


def given(body: dict[str, Any]) -> dict[str, Any]:
    """Drop empty values: "", None, False, [] and {}, but not 0."""
    return {name: value for name, value in body.items() if value is not False and value not in ("", None, [], {})}
