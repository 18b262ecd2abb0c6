"""Requests that a site must survive: generated from its own document by Schemathesis, and odd ones of our own."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core import NotSet
from schemathesis.schemas import APIOperation

_USUAL = 200
_BOUNDARY = "0f1e2d3c"
_LONG = "9" * 5000
# JSON texts, each to stand where a member's value is expected.
ODD_VALUES = (
    *("null", "true", '""', '" "', "0", "-1", "1.5", "1e400", "-1e308", "1" * 30, "9" * 400, f'"{_LONG}"'),
    *('"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\ud83d\\ude00"', '"nan"', '"inf"', '"-Infinity"', '"1e999"'),
    *(
        '"../../../etc/passwd"',
        '"/"',
        '"."',
        '".."',
        '"a/b"',
        '"a#b~c"',
        '"line\\nline\\r"',
        '"%00%ff"',
        '"@0"',
        '"@99"',
    ),
    *(
        '"@last"',
        '"\\u0661"',
        '"\\u00b2"',
        '"@\\u00b2"',
        "[]",
        "{}",
        "[[]]",
        "[null]",
        "[{}]",
        '{"": null}',
        '["a", 1, null]',
        "[1, 2]",
    ),
    *(
        '["2020-01-01 00:00:00", null]',
        '["x", "y"]',
        '[1e400, "9999999999999999999"]',
        '{"common": []}',
        '{"a": {"b": []}}',
    ),
    "[" * 200 + "]" * 200,
    '{"a":' * 200 + "1" + "}" * 200,
)
# Whole bodies.
ODD_BODIES: tuple[bytes, ...] = (
    *(
        b"",
        b" ",
        b"null",
        b"[]",
        b"0",
        b'"x"',
        b"true",
        b"{",
        b'{"a":',
        b"{}{}",
        b"\x00",
        b"\xff\xfe{\x00}\x00",
        b"NaN",
    ),
    *(
        b'{"a": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"\\ud800": 1}',
        b'{"a": "\xff"}',
        b"{'a': 1}",
        b"\xef\xbb\xbf{}",
        b"a=b&c=d",
    ),
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"job_id": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"' + b"k" * 100_000 + b'": 1}',
    b"<?xml version='1.0'?><a/>",
)
ODD_QUERIES = (
    "?",
    "?%00",
    "?{",
    "?%7B%22a%22:",
    "?{}",
    "?a=%ff&b",
    "?since=abc&tail=x",
    "?job_id=%00",
    "?&&==",
    "?" + "a=1&" * 500,
)
ODD_HEADERS: tuple[Mapping[str, str], ...] = (
    {"Content-Type": "multipart/form-data"},
    {"Content-Type": "multipart/form-data; boundary="},
    {"Content-Type": "multipart/form-data; boundary=x"},
    {"Content-Type": "text/plain; charset=nonsense"},
    {"Content-Type": ";;;"},
    {"Accept": "text/html"},
    {"Accept": "application/vnd.fateflow+json"},
    {"X-Fateflow-User": "\x80\xff" * 200},
    {"Last-Event-ID": "²"},
    {"Last-Event-ID": "9" * 5000},
    {"Range": "bytes=5-1"},
    {"If-None-Match": "*"},
    {"Content-Encoding": "gzip"},
    {"Authorization": "Bearer \xe4"},
    {"Cookie": "a=b; ;;"},
    {"Expect": "nothing"},
)


class Sent(NamedTuple):
    """One request."""

    content: bytes
    headers: Mapping[str, str]
    query: str = ""


class Requests:
    """Makes the requests for each operation of a document. known: values that mean something at this site, by
    member; they are put into a part of the requests, so that these get beyond the first check.
    """

    def __init__(self, document: dict[str, Any], examples: int) -> None:
        self._examples = examples
        schema = schemathesis.openapi.from_dict(copy.deepcopy(document))
        self._operations = {result.ok().label: result.ok() for result in schema.get_all_operations()}
        self._kept: dict[str, list[Case]] = {}

    def of(self, method: str, path: str, known: Mapping[str, Any]) -> Iterator[Sent]:
        """Generated ones first, then odd ones."""
        operation = self._operations[f"{method.upper()} {path}"]
        chance = random.Random(path)
        names = _members_of(operation.definition.raw)
        usable = {name: known[name] for name in names if name in known}
        for case in self._generated(operation):
            yield _sent(case, chance, usable)
        yield from _odd(names, usable, chance, every=self._examples > _USUAL)

    def _generated(self, operation: APIOperation[Any, Any, Any]) -> list[Case]:
        """Operations that take the same get the same: making a request takes longer than answering it."""
        raw = operation.definition.raw
        contents = raw.get("requestBody", {}).get("content", {})
        key = json.dumps([{kind: one["schema"] for kind, one in contents.items()}, raw.get("parameters")])
        if key not in self._kept:
            self._kept[key] = _cases(operation, self._examples)
        return self._kept[key]


def _cases(operation: APIOperation[Any, Any, Any], examples: int) -> list[Case]:
    found: list[Case] = []

    @settings(
        max_examples=examples,
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        )
    )
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


def _members_of(operation: dict[str, Any]) -> list[str]:
    contents = operation.get("requestBody", {}).get("content", {}).values()
    return list(dict.fromkeys(name for content in contents for name in content["schema"].get("properties", {})))


def _sent(case: Case, chance: random.Random, known: Mapping[str, Any]) -> Sent:
    body: Any = case.body
    if isinstance(body, dict) and chance.random() < 0.5:
        body = {**body, **{name: value for name, value in known.items() if chance.random() < 0.9}}
    query = f"?{urlencode(case.query, doseq=True)}" if case.query else ""
    headers = {name: str(value) for name, value in case.headers.items()}
    kind = case.media_type or "application/json"
    if isinstance(body, NotSet):
        return Sent(b"", headers, query)
    if kind == "multipart/form-data" and isinstance(body, dict):
        return Sent(_parts(body), {**headers, "Content-Type": f"{kind}; boundary={_BOUNDARY}"}, query)
    content = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
    return Sent(content, {**headers, "Content-Type": kind}, query)


def _parts(members: Mapping[str, Any]) -> bytes:
    lines: list[bytes] = []
    for name, value in members.items():
        plain = re.sub(r'[\r\n"]', "_", name)
        file = '; filename="a.csv"' if name == "file" else ""
        content = value if isinstance(value, bytes) else str(value).encode()
        lines += [
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{plain}"{file}\r\n\r\n'.encode(),
            content,
            b"\r\n",
        ]
    return b"".join([*lines, f"--{_BOUNDARY}--\r\n".encode()])


def _odd(names: list[str], known: Mapping[str, Any], chance: random.Random, *, every: bool) -> Iterator[Sent]:
    """every: each odd value for each member, else for one of them."""
    kind = {"Content-Type": "application/json"}
    for content in ODD_BODIES:
        yield Sent(content, kind)
    whole = json.dumps(dict(known)).encode()
    for query in ODD_QUERIES:
        yield Sent(whole, kind, query)
    for headers in ODD_HEADERS:
        yield Sent(whole, {**kind, **headers})
    for value in ODD_VALUES:
        for name in names if every else chance.sample(names, min(1, len(names))):
            others = {other: one for other, one in known.items() if other != name}
            rest = "".join(f", {json.dumps(other)}: {json.dumps(one)}" for other, one in others.items())
            yield Sent(f"{{{json.dumps(name)}: {value}{rest}}}".encode(), kind)
