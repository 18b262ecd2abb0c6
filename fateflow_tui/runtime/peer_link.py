"""The HTTP connection to one peer's site."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import httpx

from fateflow_tui.runtime.transfer import Payload

_SLICE = 128 << 10  # what is handed to the socket at once: large enough to be quick, small enough to take turns
_ANSWER_LIMIT = 16 << 20
# Seconds; shorter than a site's own patience (75), so that a connection is not used while the peer closes it.
_KEPT_FOR = 60.0

# What calls are about: the scheduling of jobs, values between their parties, scores of single rows.
Lane = Literal["control", "value", "share"]
_CONNECTIONS: Final[Mapping[Lane, int]] = {"control": 16, "value": 64, "share": 64}


class Answer(NamedTuple):
    """An HTTP answer read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class PeerLink:
    """Kept connections to the site at one address, others for each lane, so that neither a full mailbox nor a rush of
    rows to be scored ever holds up a stop. session: the run of that site that calls are signed for, "" at first.
    """

    def __init__(self, url: str, authority: str) -> None:
        self.url = url
        self.session = ""
        trust = _trusted(url, authority)
        self._clients = {lane: _client(trust, connections) for lane, connections in _CONNECTIONS.items()}

    async def post(self, path: str, headers: dict[str, str], parts: Sequence[Payload], *, lane: Lane) -> Answer:
        """Raises httpx.TransportError. The caller limits the time."""
        size = sum(map(len, parts))
        request = {**headers, "content-type": "application/octet-stream", "content-length": str(size)}
        content = b"".join(parts) if size <= _SLICE else _slices(parts)
        async with self._clients[lane].stream("POST", self.url + path, headers=request, content=content) as response:
            return await _read(response)

    async def get(self, path: str) -> Answer:
        async with self._clients["control"].stream("GET", self.url + path) as response:
            return await _read(response)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()


def _client(trust: ssl.SSLContext, connections: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=trust,
        timeout=None,  # noqa: S113 - every call runs under a time limit of its caller
        trust_env=False,
        limits=httpx.Limits(max_connections=connections, keepalive_expiry=_KEPT_FOR),
    )


def _trusted(url: str, authority: str) -> ssl.SSLContext:
    if url.startswith("https:"):
        return ssl.create_default_context(cafile=authority or None)
    # Without https no certificate is ever looked at; reading the system's takes 20 ms.
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def _slices(parts: Sequence[Payload]) -> AsyncIterator[bytes]:
    for part in parts:
        for start in range(0, len(part), _SLICE):
            yield bytes(part[start : start + _SLICE])


async def _read(response: httpx.Response) -> Answer:
    body = bytearray()
    async for part in response.aiter_bytes():
        body += part
        if len(body) > _ANSWER_LIMIT:
            raise httpx.ReadError(f"the answer is longer than {_ANSWER_LIMIT} bytes")
    return Answer(response.status_code, response.headers, bytes(body))
