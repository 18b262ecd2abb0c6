"""JSON documents with positions: where in its text each member stands.

A text is read by the standard library's fast scanner. Positions are worked out afterwards, in one pass over the
text and only for the paths that are asked for, so a document without problems costs no more than its reading.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from math import isfinite
from typing import Any, Final, NoReturn

import msgspec

Path = tuple[str | int, ...]

MAX_DEPTH: Final = 100
MAX_LENGTH: Final = 32 * 1024 * 1024  # characters

_MAX_STEP: Final = 200  # characters of a key in a written path
_MAX_REPEATED: Final = 1_000

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_TOKEN: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_LONG_NUMBER: Final = re.compile(r"\d{4301,}")  # what Python's int() refuses to read
_INT_RANGE: Final = range(-(2**63), 2**64)  # what every JSON library in use can write again


class JsonError(msgspec.Struct, frozen=True):
    """An error of the document as JSON. line, column: from 1, or 0 if unknown."""

    code: str
    path: Path
    message: str
    line: int = 0
    column: int = 0


class JsonDocument(msgspec.Struct, frozen=True):
    """A document as plain objects. If it could not be read, value is None and errors say why.

    text: '' for a document that could not be read or arrived parsed; then problems have paths, but no positions.
    """

    value: Any
    text: str = ""
    errors: list[JsonError] = []

    def positions(self, paths: Iterable[Path]) -> dict[Path, tuple[int, int]]:
        """(line, column) from 1 on of each path that exists in the text: of the key for a member of an object, of
        the value for an element of a list.
        """
        offsets = _offsets(self.text, set(paths)) if self.text else {}
        return dict(zip(offsets, _line_columns(self.text, offsets.values()), strict=True))


def read_json(source: object) -> JsonDocument:
    """Reads a text (str, bytes in UTF-8) or takes over a value that is already parsed.

    Never raises: what is wrong is in `errors`. Codes: JSONSyntaxError, DuplicateKeyError, JSONValueError (a number
    or text that JSON cannot carry), DocumentLimitError (too deep, too large).
    """
    if isinstance(source, JsonDocument):
        return source
    if isinstance(source, bytes | bytearray):
        try:
            source = bytes(source).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return _unreadable("", "JSONSyntaxError", f"the text is not UTF-8: {error.reason}")
    if not isinstance(source, str):
        unfit = _unfit(source)
        return JsonDocument(source) if unfit is None else JsonDocument(None, errors=[unfit])
    text = source.removeprefix("\ufeff")
    if len(text) > MAX_LENGTH:
        return _unreadable("", "DocumentLimitError", f"the text is longer than {MAX_LENGTH} characters")
    return _read_text(text)


def path_text(path: Path) -> str:
    """`$.components.hetero_lr_0.input.data.train_data[0]`; keys that are no plain words stand in brackets,
    very long ones are cut.
    """
    parts = ["$"]
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN_KEY.fullmatch(step):
            parts.append(f".{step[:_MAX_STEP]}")
        else:
            parts.append(f"[{json.dumps(step[:_MAX_STEP], ensure_ascii=False)}]")
    return "".join(parts)


def _line_columns(text: str, offsets: Iterable[int]) -> list[tuple[int, int]]:
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    lines = [(bisect_right(starts, offset), offset) for offset in offsets]
    return [(line, offset - starts[line - 1] + 1) for line, offset in lines]


def _read_text(text: str) -> JsonDocument:
    repeated = False

    def build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        built = dict(pairs)
        repeated = repeated or len(built) != len(pairs)
        return built

    try:
        value = json.loads(text, object_pairs_hook=build, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return _unreadable(text, "JSONSyntaxError", error.msg, error.pos)
    except RecursionError:
        return _unreadable(text, "DocumentLimitError", f"objects and lists nest deeper than {MAX_DEPTH} levels")
    except ValueError as error:
        if number := _LONG_NUMBER.search(text):
            return _unreadable(text, "JSONValueError", "a number has too many digits", number.start())
        return _unreadable(text, "JSONSyntaxError", str(error))
    if unfit := _unfit(value):
        return JsonDocument(None, errors=_placed([unfit], text, _offsets(text, {unfit.path}).values()))
    return JsonDocument(value, text, _repeated_keys(text) if repeated else [])


def _unreadable(text: str, code: str, message: str, offset: int = -1) -> JsonDocument:
    errors = [JsonError(code, (), message)]
    return JsonDocument(None, errors=errors if offset < 0 else _placed(errors, text, [offset]))


def _placed(errors: list[JsonError], text: str, offsets: Iterable[int]) -> list[JsonError]:
    places = zip(errors, _line_columns(text, offsets), strict=True)
    return [msgspec.structs.replace(error, line=line, column=column) for error, (line, column) in places]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _unfit(value: object) -> JsonError | None:
    """The first thing found in a parsed value that is too deep or cannot be written as JSON again."""
    waiting: list[tuple[Path, object]] = [((), value)]
    while waiting:
        path, item = waiting.pop()
        if len(path) > MAX_DEPTH:
            message = f"objects and lists nest deeper than {MAX_DEPTH} levels"
            return JsonError("DocumentLimitError", path[:MAX_DEPTH], message)
        members: Iterable[tuple[str | int, object]]
        if isinstance(item, dict):
            members = item.items()
        elif isinstance(item, list):
            members = enumerate(item)
        elif reason := _unfit_scalar(item):
            return JsonError("JSONValueError", path, reason)
        else:
            continue
        for key, member in members:
            if isinstance(key, str):
                if not key.isascii() and _unfit_scalar(key):
                    return JsonError("JSONValueError", path, "a key is not valid Unicode text")
            elif isinstance(item, dict):
                return JsonError("JSONValueError", path, f"the key {key!r:.100} is not a string")
            is_plain = isinstance(member, str) and member.isascii()
            if not (is_plain or member is None or (isinstance(member, int) and member in _INT_RANGE)):
                waiting.append(((*path, key), member))
    return None


def _unfit_scalar(value: object) -> str:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "the text is no valid Unicode"
        return ""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int):
        return "" if value in _INT_RANGE else "the number does not fit in 64 bits"
    if isinstance(value, float):
        return "" if isfinite(value) else "the number is not finite"
    return f"a value of type {type(value).__name__} is not JSON"


def _members(text: str) -> Iterator[tuple[list[Any], int]]:
    """Each member of each object and list in a valid text, outer before inner: its path and where it starts.

    The path is one list that changes with each step; None in it is a key that has not been read yet.
    """
    path: list[Any] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        first = token[0]
        if first == '"' and path and path[-1] is None:
            path[-1] = json.loads(token)
            yield path, match.start()
        elif first == ",":
            path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None
        elif first in "]}":
            path.pop()
        elif first != ":":
            if path and isinstance(path[-1], int):
                yield path, match.start()
            if first in "[{":
                path.append(0 if first == "[" else None)


def _offsets(text: str, paths: set[Path]) -> dict[Path, int]:
    lengths = {len(path) for path in paths}
    found: dict[Path, int] = {(): len(text) - len(text.lstrip())} if () in paths else {}
    if lengths <= {0}:
        return found
    for path, offset in _members(text):
        if len(path) in lengths and (place := tuple(path)) in paths:
            found.setdefault(place, offset)
            if len(found) == len(paths):
                break
    return found


def _repeated_keys(text: str) -> list[JsonError]:
    errors: list[JsonError] = []
    offsets: list[int] = []
    seen: list[set[Any]] = []  # the keys so far of each object that the scan is inside of
    for path, offset in _members(text):
        del seen[len(path) :]
        if len(seen) < len(path):
            seen.append(set())
        key = path[-1]
        if key in seen[-1]:
            message = f"duplicate key {key!r:.100}: the second value would hide the first"
            errors.append(JsonError("DuplicateKeyError", tuple(path), message))
            offsets.append(offset)
            if len(errors) == _MAX_REPEATED:
                break
        seen[-1].add(key)
    return _placed(errors, text, offsets)
