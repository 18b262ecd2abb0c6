"""Requests that a site must survive: generated from its own document by Schemathesis, and odd ones of our own."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core import NotSet
from schemathesis.schemas import APIOperation

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
_DECENT_VALUES = [value for value in ODD_VALUES if "e400" not in value and "ud800" not in value]
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
# In the place of a path's parameter.
ODD_STEPS = ("%00", "..%2F..", "%2e%2e", "%ff", "a%0Ab", "x" * 3000, "%23~", "-1", "guest%23", "%20")
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


def mutated(document: Any, chance: random.Random) -> Any:
    """A document with another value in one place, or without it."""
    if not isinstance(document, dict | list) or not document or chance.random() < 0.1:
        return json.loads(chance.choice(_DECENT_VALUES))
    if isinstance(document, list):
        return [mutated(document[0], chance), *document[1:]]
    key = chance.choice(list(document))
    if chance.random() < 0.1:
        return {name: value for name, value in document.items() if name != key}
    return {**document, key: mutated(document[key], chance)}


class Sent(NamedTuple):
    """One request."""

    target: str
    content: bytes
    headers: Mapping[str, str]


class Requests:
    """Makes requests for the operations of a document, the same ones every time.

    A fifth of an operation's requests are odd ones of ours. Of the rest Schemathesis makes some whole, for one set of
    members after the other, which is slow; the others are these with members taken from all that it made for members
    of that kind.
    """

    def __init__(self, document: dict[str, Any], count: int) -> None:
        self._count = count
        schema = schemathesis.openapi.from_dict(copy.deepcopy(document))
        self._operations = {found.label: found for found in (result.ok() for result in schema.get_all_operations())}
        self._whole: dict[str, list[Case]] = {}
        self._values: dict[str, list[Any]] = {}

    def of(self, method: str, path: str, known: Mapping[str, Any]) -> Iterator[Sent]:
        """known: values that mean something at this site, by member, or what makes one; they stand in half of the
        requests, so that these get beyond the first check.
        """
        operation = self._operations[f"{method.upper()} {path}"]
        chance = random.Random(f"{method} {path}")
        schemas = _members_of(operation.definition.raw)
        usable = {name: known[name] for name in schemas if name in known}
        odd = list(_odd(path, list(schemas), {name: _given(value, chance) for name, value in usable.items()}))
        odd = chance.sample(odd, min(len(odd), self._count // 5))
        whole = self._cases_of(operation)
        for number in range(self._count - len(odd)):
            case = whole[number] if number < len(whole) else chance.choice(whole)
            body: Any = case.body
            if isinstance(body, dict):
                body = dict(body) if number < len(whole) else self._mixed(body, schemas, chance)
                if chance.random() < 0.5:
                    body.update(
                        (name, _given(value, chance)) for name, value in usable.items() if chance.random() < 0.9
                    )
            yield _sent(path, case, body)
        yield from odd

    def _cases_of(self, operation: APIOperation[Any, Any, Any]) -> list[Case]:
        raw = operation.definition.raw
        contents = raw.get("requestBody", {}).get("content", {})
        key = json.dumps([{kind: one["schema"] for kind, one in contents.items()}, raw.get("parameters")])
        if key not in self._whole:
            self._whole[key] = _cases(operation, self._count // 8)
            for name, schema in _members_of(raw).items():
                bodies = [case.body for case in self._whole[key] if isinstance(case.body, dict)]
                values = [body[name] for body in bodies if name in body]
                self._values.setdefault(json.dumps(schema), []).extend(values)
        return self._whole[key]

    def _mixed(self, body: dict[str, Any], schemas: dict[str, Any], chance: random.Random) -> dict[str, Any]:
        mixed = {name: value for name, value in body.items() if chance.random() < 0.9}
        for name, schema in schemas.items():
            values = self._values[json.dumps(schema)]
            if values and chance.random() < 0.5:
                mixed[name] = chance.choice(values)
        return mixed


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


def _given(value: Any, chance: random.Random) -> Any:
    return value(chance) if callable(value) else value


def _members_of(operation: dict[str, Any]) -> dict[str, Any]:
    """The schemas of the members of its body."""
    contents = operation.get("requestBody", {}).get("content", {}).values()
    return {name: one for content in contents for name, one in content["schema"].get("properties", {}).items()}


def _sent(path: str, case: Case, body: Any) -> Sent:
    steps = {name: quote(str(value), safe="") for name, value in (case.path_parameters or {}).items()}
    target = path.format(**steps) + (f"?{urlencode(case.query, doseq=True)}" if case.query else "")
    headers = {name: str(value) for name, value in case.headers.items()}
    kind = case.media_type or "application/json"
    if isinstance(body, NotSet):
        return Sent(target, b"", headers)
    if kind == "multipart/form-data" and isinstance(body, dict):
        return Sent(target, _parts(body), {**headers, "Content-Type": f"{kind}; boundary={_BOUNDARY}"})
    content = body if isinstance(body, bytes) else json.dumps(body, default=str).encode()
    return Sent(target, content, {**headers, "Content-Type": kind})


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


def _odd(path: str, names: list[str], known: Mapping[str, Any]) -> Iterator[Sent]:
    kind = {"Content-Type": "application/json"}
    target = re.sub(r"{\w+}", "%C2%B2", path)
    for content in ODD_BODIES:
        yield Sent(target, content, kind)
    whole = json.dumps(dict(known)).encode()
    for query in ODD_QUERIES:
        yield Sent(target + query, whole, kind)
    for headers in ODD_HEADERS:
        yield Sent(target, whole, {**kind, **headers})
    for odd in ODD_STEPS if "{" in path else ():
        yield Sent(re.sub(r"{\w+}", odd, path), whole, kind)
    for value in ODD_VALUES:
        for name in names:
            rest = "".join(f", {json.dumps(key)}: {json.dumps(one)}" for key, one in known.items() if key != name)
            yield Sent(target, f"{{{json.dumps(name)}: {value}{rest}}}".encode(), kind)
