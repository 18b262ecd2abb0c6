"""Request signatures of FATE-Flow 1.7 and later: HMAC-SHA1 with a shared secret."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from fateflow_tui.core.clock import now_ms

FORM = "fateflow_form"  # the request extension with the text parts of a multipart body


def signature_headers(
    app_key: str,
    secret_key: str,
    target: str,
    *,
    body: bytes = b"",
    form: Mapping[str, Any] | None = None,
    timestamp: str = "",
    nonce: str = "",
) -> dict[str, str]:
    """Return the headers that sign a request.

    target: path with query, as sent. body: JSON. form: text parts; files are not signed. timestamp: ms since the
    epoch, by default now. nonce: unique, by default generated.
    """
    timestamp, nonce = timestamp or str(now_ms()), nonce or uuid.uuid1().hex
    fields = "&".join(
        f"{quote(name, safe='')}={quote(str(value), safe='')}" for name, value in sorted((form or {}).items())
    )
    text = b"\n".join((timestamp.encode(), nonce.encode(), app_key.encode(), target.encode(), body, fields.encode()))
    digest = hmac.new(secret_key.encode(), text, hashlib.sha1).digest()
    return {
        "TIMESTAMP": timestamp,
        "NONCE": nonce,
        "APP_KEY": app_key,
        "SIGNATURE": base64.b64encode(digest).decode(),
    }


class Signature(httpx.Auth):
    """Signs every request of an httpx client."""

    def __init__(self, app_key: str, secret_key: str) -> None:
        self._app_key, self._secret_key = app_key, secret_key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the headers of the signature."""
        is_json = request.headers.get("content-type", "").startswith("application/json")
        request.headers.update(
            signature_headers(
                self._app_key,
                self._secret_key,
                request.url.raw_path.decode("ascii"),
                body=request.read() if is_json else b"",
                form=request.extensions.get(FORM),
            )
        )
        yield request
