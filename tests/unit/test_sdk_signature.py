"""The client signature of FATE-Flow 1.7 and later, against values that were computed by its description."""

from __future__ import annotations

import base64
import hashlib
import hmac

import httpx

from fateflow_tui.sdk.signature import FORM, Signature, signature_headers


def _expected(*parts: bytes) -> str:
    return base64.b64encode(hmac.new(b"secret", b"\n".join(parts), hashlib.sha1).digest()).decode()


def test_six_parts_are_signed() -> None:
    headers = signature_headers("app", "secret", "/v1/job/query?a=1", body=b'{"b":2}', timestamp="1000", nonce="n")
    assert headers == {
        "TIMESTAMP": "1000",
        "NONCE": "n",
        "APP_KEY": "app",
        "SIGNATURE": _expected(b"1000", b"n", b"app", b"/v1/job/query?a=1", b'{"b":2}', b""),
    }


def test_form_fields_are_sorted_and_percent_encoded() -> None:
    headers = signature_headers("app", "secret", "/v1/x", form={"b": "ü &", "a": "~-._ok"}, timestamp="1", nonce="n")
    fields = b"a=~-._ok&b=%C3%BC%20%26"
    assert headers["SIGNATURE"] == _expected(b"1", b"n", b"app", b"/v1/x", b"", fields)


def test_requests_are_signed_as_they_are_sent() -> None:
    def seen(request: httpx.Request) -> httpx.Response:
        body = request.read() if request.headers["content-type"].startswith("application/json") else b""
        form = b"role=guest" if FORM in request.extensions else b""
        parts = (request.headers[name].encode() for name in ("TIMESTAMP", "NONCE", "APP_KEY"))
        signed = _expected(*parts, request.url.raw_path, body, form) == request.headers["SIGNATURE"]
        return httpx.Response(200, json=signed)

    with httpx.Client(
        base_url="http://there", transport=httpx.MockTransport(seen), auth=Signature("app", "secret")
    ) as http:
        assert http.post("/v1/job/query", json={"job_id": "1"}).json()
        assert http.post("/v1/data/upload?%7B%22a%22:%201%7D", json={}).json()
        files = {"file": ("a.csv", b"id\n1\n")}
        assert http.post("/v1/x", data={"role": "guest"}, files=files, extensions={FORM: {"role": "guest"}}).json()
        assert len({http.post("/v1/x", json={}).request.headers["NONCE"] for _ in range(5)}) == 5
