"""The signature of later FATE-Flow clients, written out here a second time from its description."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.requests import Request

from fateflow_tui.core.errors import BadRequest, NotAuthentic
from fateflow_tui.runtime.site_config import ClientKeys, SiteConfig
from fateflow_tui.server.auth import ClientSignatures
from fateflow_tui.server.requests import OversizedBody

KEY, SECRET = "fate-client", "a-secret-of-some-length-1234"
NOW = 1_795_000_000_000


def hmac_sha1(secret: bytes, text: bytes) -> bytes:
    """RFC 2104 in full: nothing is shared with what is tested."""
    block = secret.ljust(64, b"\0")
    inner = hashlib.sha1(bytes(one ^ 0x36 for one in block) + text).digest()  # noqa: S324 (the client's choice)
    return hashlib.sha1(bytes(one ^ 0x5C for one in block) + inner).digest()  # noqa: S324


def signed(
    target: str,
    body: bytes = b"",
    form: dict[str, Any] | None = None,
    *,
    stamp: int = NOW,
    nonce: str = "n-1",
    secret: str = SECRET,
) -> dict[str, str]:
    fields = "&".join(
        f"{quote(name, safe='-._~')}={quote(str(value), safe='-._~')}" for name, value in sorted((form or {}).items())
    )
    text = f"{stamp}\n{nonce}\n{KEY}\n{target}\n".encode() + body + b"\n" + fields.encode()
    signature = base64.b64encode(hmac_sha1(secret.encode(), text)).decode()
    return {"TIMESTAMP": str(stamp), "NONCE": nonce, "APP_KEY": KEY, "SIGNATURE": signature}


class Gate:
    """Signature checks at a fixed time, and what the application then receives."""

    def __init__(self, spool: Path) -> None:
        self.signatures = ClientSignatures(ClientKeys(KEY, SECRET), spool, lambda: NOW)

    def pass_(
        self, target: str, headers: dict[str, str], body: bytes = b"", content_type: str = "application/json"
    ) -> bytes:
        path, _, query = target.partition("?")
        chunks = [body[start : start + 1000] for start in range(0, len(body), 1000)] or [b""]
        messages = [
            {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
            for number, chunk in enumerate(chunks, 1)
        ]

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [
                (name.lower().encode(), value.encode())
                for name, value in {"content-type": content_type, **headers}.items()
            ],
        }

        async def run() -> bytes:
            async with self.signatures.checked(Request(scope, receive)) as again:  # type: ignore[arg-type]
                return await Request(scope, again).body()

        return asyncio.run(run())


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "uploads")


BODY = json.dumps({"job_id": "1", "text": "ä\n"}).encode()


def test_a_signed_call_comes_in_with_its_body(gate: Gate) -> None:
    assert gate.pass_("/v1/job/query", signed("/v1/job/query", BODY), BODY) == BODY


def test_a_get_with_a_body_and_a_query_comes_in(gate: Gate) -> None:
    target = "/v1/job/log?a=1&b=%7B%22x%22%3A%201%7D"
    assert gate.pass_(target, signed(target, BODY), BODY) == BODY


@pytest.mark.parametrize(
    ("signed_query", "sent_query"),
    [
        ("%7B%22a%22:%20[%22x%22]%7D", "%7B%22a%22:%20%5B%22x%22%5D%7D"),
        ("%7B%22a%22:%20[%2250%%20of%22]%7D", "%257B%2522a%2522:%2520%5B%252250%25%2520of%2522%5D%257D"),
    ],
)
def test_what_the_clients_library_escapes_after_signing_is_known(
    gate: Gate, signed_query: str, sent_query: str
) -> None:
    headers = signed(f"/v1/data/upload?{signed_query}")
    assert gate.pass_(f"/v1/data/upload?{sent_query}", headers) == b""
    with pytest.raises(NotAuthentic, match="does not match"):
        gate.pass_(f"/v1/data/upload?{sent_query}x", signed(f"/v1/data/upload?{signed_query}", nonce="n-2"))


@pytest.mark.parametrize("signed_body", [b"", b"{}"])
def test_an_empty_object_may_be_signed_as_nothing(gate: Gate, signed_body: bytes) -> None:
    assert gate.pass_("/v1/job/query", signed("/v1/job/query", signed_body), b"{}") == b"{}"


def test_headers_may_have_dashes_for_proxies(gate: Gate) -> None:
    headers = signed("/v1/job/query")
    headers["APP-KEY"] = headers.pop("APP_KEY")
    assert gate.pass_("/v1/job/query", headers) == b""


@pytest.mark.parametrize("name", ["TIMESTAMP", "NONCE", "APP_KEY", "SIGNATURE"])
def test_every_header_is_needed(gate: Gate, name: str) -> None:
    headers = signed("/v1/job/query")
    del headers[name]
    with pytest.raises(NotAuthentic, match=name):
        gate.pass_("/v1/job/query", headers)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"SIGNATURE": base64.b64encode(bytes(20)).decode()}, "does not match"),
        ({"SIGNATURE": "x"}, "does not match"),
        ({"NONCE": "n-2"}, "does not match"),
        ({"TIMESTAMP": str(NOW + 1)}, "does not match"),
        ({"TIMESTAMP": f"0{NOW}"}, "leading zeros"),
        ({"TIMESTAMP": "now"}, "milliseconds"),
        ({"TIMESTAMP": "9" * 200}, "milliseconds"),
        ({"APP_KEY": "other"}, "different app key"),
    ],
)
def test_altered_headers_are_noticed(gate: Gate, change: dict[str, str], message: str) -> None:
    with pytest.raises(NotAuthentic, match=message):
        gate.pass_("/v1/job/query", {**signed("/v1/job/query"), **change})


def test_another_target_body_or_secret_is_noticed(gate: Gate) -> None:
    for headers, target, body in (
        (signed("/v1/job/query", BODY), "/v1/job/stop", BODY),
        (signed("/v1/job/query?a=1", BODY), "/v1/job/query?a=2", BODY),
        (signed("/v1/job/query", BODY), "/v1/job/query", BODY + b" "),
        (signed("/v1/job/query", b""), "/v1/job/query", BODY),
        (signed("/v1/job/query", BODY, secret="another-secret-of-length"), "/v1/job/query", BODY),
    ):
        with pytest.raises(NotAuthentic, match="does not match"):
            gate.pass_(target, headers, body)


@pytest.mark.parametrize(("offset", "good"), [(-60_000, True), (60_000, True), (-60_001, False), (60_001, False)])
def test_a_minute_off_is_the_most(gate: Gate, offset: int, good: bool) -> None:
    headers = signed("/v1/job/query", stamp=NOW + offset)
    if good:
        assert gate.pass_("/v1/job/query", headers) == b""
    else:
        with pytest.raises(NotAuthentic, match="60 s are allowed"):
            gate.pass_("/v1/job/query", headers)


def test_a_nonce_is_good_once_and_only_a_right_signature_uses_it_up(gate: Gate) -> None:
    with pytest.raises(NotAuthentic, match="does not match"):
        gate.pass_("/v1/job/query", {**signed("/v1/job/query"), "SIGNATURE": "x"})
    assert gate.pass_("/v1/job/query", signed("/v1/job/query")) == b""
    with pytest.raises(NotAuthentic, match="already received"):
        gate.pass_("/v1/job/query", signed("/v1/job/query"))


def _multipart(fields: dict[str, Any], content: bytes) -> bytes:
    parts = [f'--BB\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()]
    head = b'--BB\r\nContent-Disposition: form-data; name="file"; filename="m.zip"\r\n\r\n'
    return b"".join([*parts[:1], head, content, b"\r\n", *parts[1:], b"--BB--\r\n"])


def test_the_fields_of_a_multipart_body_are_signed_and_its_file_is_not(gate: Gate, tmp_path: Path) -> None:
    fields = {"role": "guest", "party_id": 9999, "note": "a b+c/ä~", "force_update": 0}
    body = _multipart(fields, b"x" * 700_000)
    kind = "multipart/form-data; boundary=BB"
    assert gate.pass_("/v1/model/import", signed("/v1/model/import", form=fields), body, kind) == body
    assert list((tmp_path / "uploads").iterdir()) == []
    forged = _multipart({**fields, "party_id": 10000}, b"x")
    with pytest.raises(NotAuthentic, match="does not match"):
        gate.pass_("/v1/model/import", signed("/v1/model/import", form=fields, nonce="n-2"), forged, kind)
    with pytest.raises(NotAuthentic, match="damaged"):
        gate.pass_("/v1/model/import", signed("/v1/model/import", nonce="n-3"), b"no parts", kind)
    with pytest.raises(NotAuthentic, match="no boundary"):
        gate.pass_("/v1/model/import", signed("/v1/model/import", nonce="n-4"), body, "multipart/form-data")


def test_form_fields_are_signed_sorted_but_what_is_json_is_signed_as_it_is(gate: Gate) -> None:
    kind = "application/x-www-form-urlencoded"
    form = {"b": "x y", "a": "1"}
    assert gate.pass_("/v1/forward/host", signed("/v1/forward/host", form=form), b"b=x+y&a=1", kind) == b"b=x+y&a=1"
    headers = signed("/v1/job/query", form={'{"a": "': "", "b": '"}'}, nonce="n-2")
    with pytest.raises(NotAuthentic, match="does not match"):
        gate.pass_("/v1/job/query", headers, b'{"a": "&b="}', kind)


def test_a_huge_body_is_refused(gate: Gate) -> None:
    with pytest.raises(OversizedBody):
        gate.pass_("/v1/job/query", signed("/v1/job/query"), b"x" * (17 << 20))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("app_key = 'x'", "must both be set"),
        (f"secret_key = '{SECRET}'", "must both be set"),
        ("app_key = 'x'\nsecret_key = 'short'", "too weak"),
        ("app_key = 'x'\nsecret_key = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", "too weak"),
        ("app_key = 'ä'\nsecret_key = 'a-secret-of-some-length-1234'", "ASCII"),
        ("app_key = 'a b'\nsecret_key = 'a-secret-of-some-length-1234'", "must not contain spaces"),
        ("app_kez = 'x'", "unknown key client.app_kez"),
    ],
)
def test_weak_and_lonely_secrets_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f"[client]\n{text}\n")
    path.chmod(0o600)
    with pytest.raises(BadRequest, match=message) as refused:
        SiteConfig.load(path)
    assert SECRET not in str(refused.value)


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    config = SiteConfig(client=ClientKeys(KEY, SECRET))
    config.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SiteConfig.load(path) == config
    assert SECRET not in repr(config)
    path.chmod(0o640)
    with pytest.raises(BadRequest, match="readable by other users"):
        SiteConfig.load(path)


def test_permissions_are_open_or_required(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("permissions = 'required'\n")
    assert SiteConfig.load(path).permissions == "required"
    path.write_text("permissions = 'closed'\n")
    with pytest.raises(BadRequest, match="permissions"):
        SiteConfig.load(path)
