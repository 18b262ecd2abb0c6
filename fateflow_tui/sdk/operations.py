"""How a call becomes a method of both clients: written once, carried out now by one and awaited at the other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from typing import Any, Generic, ParamSpec, Self, TypeVar, overload

from fateflow_tui.sdk.calls.call import Call

P = ParamSpec("P")
T = TypeVar("T")


class Now:
    """Marks what a synchronous client offers: its methods return results."""


class Later:
    """Marks what an asynchronous client offers: its methods return coroutines of results."""


When = TypeVar("When", Now, Later)


class Noun(Generic[When]):
    """Operations that belong together, of one client. carry: what carries out a call."""

    def __init__(self, carry: Callable[[Call[Any]], Any]) -> None:
        self._carry = carry

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {', '.join(sorted(operations_of(type(self))))}>"


class Operation(Generic[P, T]):
    """A method of a noun: it takes the arguments of a function of `calls` and gives what its call results in."""

    def __init__(self, make: Callable[P, Call[T]]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, noun: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, noun: Noun[Now], owner: type[Any] | None = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, noun: Noun[Later], owner: type[Any] | None = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, noun: Any, owner: type[Any] | None = None) -> Any:
        if noun is None:
            return self

        @functools.wraps(self.make)
        def carried_out(*args: P.args, **kwargs: P.kwargs) -> Any:
            return noun._carry(self.make(*args, **kwargs))

        return carried_out


def operations_of(kind: type[Any]) -> dict[str, Operation[..., Any]]:
    """What a noun offers by name, that of its ancestors included."""
    members = {name: value for each in reversed(kind.__mro__) for name, value in vars(each).items()}
    return {name: value for name, value in members.items() if isinstance(value, Operation)}
