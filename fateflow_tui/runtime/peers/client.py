"""Calls to other sites: signed, retried, over persistent connections, with verified answers."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeVar

import httpx
import msgspec

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import BadRequest, FateFlowError, PartyRefused, PartyUnreachable
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Directive, Proposal, ProposalAnswer, Report
from fateflow_tui.runtime.messages.transfer import Chunk, ChunkAnswer, Payload, chunk_prefix
from fateflow_tui.runtime.models.messages import MODEL_PATH, ModelAnswer, ModelMessage
from fateflow_tui.runtime.peers.keys import SiteKey, fingerprint
from fateflow_tui.runtime.peers.routes import (
    ErrorAnswer,
    Identity,
    PingResult,
    Pong,
    Reachability,
    RouteTable,
    route_commands,
)
from fateflow_tui.runtime.peers.signing import RejectionReason, SignedCall, is_answer_of
from fateflow_tui.runtime.serving.messages import SHARE_PATH, ShareAnswer, ShareRequest
from fateflow_tui.runtime.site_config import SiteConfig

_SLICE = 128 << 10  # bytes written to the socket at once: large enough to be fast, small enough to take turns
_ANSWER_LIMIT = 16 << 20
# Seconds; shorter than the server's keep-alive (75), so that no connection is used while the peer closes it.
_KEPT_FOR = 60.0

# Kinds of traffic: scheduling of jobs, values between their parties, scores of single rows.
Lane = Literal["control", "value", "share"]
_CONNECTIONS: Final[Mapping[Lane, int]] = {"control": 16, "value": 64, "share": 64}


class Answer(NamedTuple):
    """An HTTP answer read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class PeerLink:
    """Persistent connections to the site at one address, separate for each lane, so that neither a full mailbox nor
    many scored rows can delay a stop request. session: the run of that site that calls are signed for, "" at first.
    """

    def __init__(self, url: str, authority: str) -> None:
        self.url = url
        self.session = ""
        trust = _trusted(url, authority)
        self._clients = {lane: _client(trust, connections) for lane, connections in _CONNECTIONS.items()}

    async def post(self, path: str, headers: dict[str, str], parts: Sequence[Payload], *, lane: Lane) -> Answer:
        """Send a request and read the answer. Raises httpx.TransportError. The caller limits the time."""
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
        timeout=None,  # noqa: S113 - the caller limits the time of every call
        trust_env=False,
        limits=httpx.Limits(max_connections=connections, keepalive_expiry=_KEPT_FOR),
    )


def _trusted(url: str, authority: str) -> ssl.SSLContext:
    if url.startswith("https:"):
        return ssl.create_default_context(cafile=authority or None)
    # Without https no certificate is checked; reading the system's certificates takes 20 ms.
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


DIRECTIVE_PATH: Final = "/v1/peer/directive"  # Directive -> Report
PROPOSAL_PATH: Final = "/v1/peer/proposal"  # Proposal -> ProposalAnswer
REPORT_PATH: Final = "/v1/peer/report"  # Report -> Acknowledgement
VALUE_PATH: Final = "/v1/peer/value"  # see `transfer` -> ChunkAnswer
PING_PATH: Final = "/v1/peer/ping"  # null -> Pong
REACH_PATH: Final = "/v1/peer/reach"  # null -> Reachability
IDENTITY_PATH: Final = "/v1/peer/identity"  # GET, unsigned -> Identity


_PAUSES: Final = (0.1, 0.5)  # seconds before the second and the third attempt at a control message
_SESSIONS: Final = 3  # attempts to sign one call: the session may be unknown at first, and change again

T = TypeVar("T")


class _Address(msgspec.Struct, frozen=True):
    """The address of a party's site, and the key that its answers must be signed with."""

    party: Party
    url: str
    public_key: str

    def __str__(self) -> str:
        return f"{self.party} at {self.url}"


class Peers:
    """Calls the sites of other parties on behalf of the parties of this one.

    All methods raise PartyUnreachable when a later attempt may succeed, and PartyRefused when the other site has
    refused; both name party and address. A message may arrive more than once.
    """

    def __init__(self, config: SiteConfig, key: SiteKey, routes: RouteTable, clock: Callable[[], int] = now_ms) -> None:
        self._config = config
        self._key = key
        self._routes = routes
        self._clock = clock
        self._links: dict[str, PeerLink] = {}

    async def send_directive(self, directive: Directive) -> Report:
        body = msgspec.json.encode(directive)
        return await self._control(DIRECTIVE_PATH, directive.driver, directive.party, body, Report)

    async def propose(self, driver: Party, proposal: Proposal) -> ProposalAnswer:
        """Ask the party of a document whether it would accept it."""
        body = msgspec.json.encode(proposal)
        return await self._control(PROPOSAL_PATH, driver, proposal.document.party, body, ProposalAnswer)

    def unreachable(self, party: Party) -> FateFlowError | None:
        """Return why the site of a party cannot be called: no address is known, or its key is not trusted."""
        try:
            self._address(party)
        except PartyUnreachable as error:
            return error
        return None

    async def send_report(self, driver: Party, report: Report) -> Acknowledgement:
        body = msgspec.json.encode(report)
        return await self._control(REPORT_PATH, report.party, driver, body, Acknowledgement)

    async def send_model(self, source: Party, party: Party, message: ModelMessage) -> ModelAnswer:
        """Ask a party for an operation on its part of a model. Waits long: it may have to copy large files."""
        body = msgspec.json.encode(message)
        return await self._control(MODEL_PATH, source, party, body, ModelAnswer, self._config.timeouts.value)

    async def ask_share(self, request: ShareRequest, patience: float) -> ShareAnswer:
        """Return a host's shares of scores. patience: seconds. Retried once if the connection was lost."""
        address = self._address(request.host)
        parts = (msgspec.json.encode(request),)
        async with _limit(patience, address):
            try:
                answer = await self._call(SHARE_PATH, request.guest, address, parts, "share")
            except _Silent:
                answer = await self._call(SHARE_PATH, request.guest, address, parts, "share")
        return _decode(answer, ShareAnswer, address)

    async def send_chunk(self, chunk: Chunk, data: Payload) -> ChunkAnswer:
        """Send one chunk of a value, without retries: the sender of the value retries."""
        address = self._address(chunk.key.target)
        parts = chunk_prefix(chunk), data
        async with _limit(self._config.timeouts.value, address):
            answer = await self._call(VALUE_PATH, chunk.key.source, address, parts, "value")
        return _decode(answer, ChunkAnswer, address)

    async def ping(self, party: Party, source: Party | None = None) -> PingResult:
        """Measure the connection to a party's site. source: the calling party, by default the site's primary party."""
        source = source or self._config.primary_party()
        if source is None:
            raise BadRequest("a standalone site has no peers", hint="start it with --party to play single parties")
        address = self._address(party)
        asked, started = self._clock(), time.perf_counter()
        pong = await self._control(PING_PATH, source, party, b"null", Pong)
        rtt = (time.perf_counter() - started) * 1000
        skew = pong.time - asked - round(rtt / 2)
        return PingResult(str(party), address.url, pong.name, pong.version, round(rtt, 2), skew)

    async def ask_reach(self, party: Party) -> Reachability:
        """Ask a party's site whether it can reach this one."""
        source = self._config.primary_party()
        if source is None:
            raise BadRequest("a standalone site has no peers", hint="start it with --party to play single parties")
        patience = 3 * self._config.timeouts.peer  # the other site has its own time limit first
        return await self._control(REACH_PATH, source, party, b"null", Reachability, patience)

    async def identity(self, url: str) -> Identity:
        """Return what the site at this address says about itself. Nothing of it is proven: compare the fingerprint."""
        try:
            async with asyncio.timeout(self._config.timeouts.peer):
                answer = await self._link(url).get(IDENTITY_PATH)
            return msgspec.json.decode(answer.body, type=Identity)
        except (httpx.HTTPError, TimeoutError) as error:
            raise PartyUnreachable(f"no site answers at {url}: {_cause(error)}") from error
        except msgspec.DecodeError as error:
            raise PartyUnreachable(f"the server at {url} is not a fateflow site", hint="correct the address") from error

    async def close(self) -> None:
        for link in self._links.values():
            await link.close()
        self._links.clear()

    async def _control(
        self, path: str, source: Party, destination: Party, body: bytes, type_: type[T], patience: float = 0.0
    ) -> T:
        """Send a control message. patience: seconds for all attempts together, 0 for the configured limit."""
        address = self._address(destination)
        async with _limit(patience or self._config.timeouts.peer, address):
            for pause in _PAUSES:
                with contextlib.suppress(_Silent):
                    answer = await self._call(path, source, address, (body,))
                    break
                await asyncio.sleep(pause)
            else:
                answer = await self._call(path, source, address, (body,))
        return _decode(answer, type_, address)

    async def _call(
        self, path: str, source: Party, address: _Address, parts: Sequence[Payload], lane: Lane = "control"
    ) -> bytes:
        """Return the body of a successful answer whose signature is verified."""
        link = self._link(address.url)
        hasher = hashlib.sha256()
        for part in parts:
            hasher.update(part)
        for _ in range(_SESSIONS):
            call = SignedCall(
                method="POST",
                path=path,
                body_sha256=hasher.hexdigest(),
                time=self._clock(),
                nonce=secrets.token_hex(16),
                session=link.session,
                source=source,
                destination=address.party,
            )
            try:
                answer = await link.post(path, call.signed_by(self._key), parts, lane=lane)
            except httpx.HTTPError as error:
                raise _Silent(f"the site of {address} does not answer: {_cause(error)}") from error
            if not is_answer_of(address.public_key, call.nonce, answer.status, answer.body, answer.headers):
                raise _impostor(address, answer)
            if answer.status < 400:
                return answer.body
            problem = _decode(answer.body, ErrorAnswer, address)
            session = (problem.data or {}).get("session")
            if (problem.data or {}).get("reason") != RejectionReason.STALE_SESSION or not isinstance(session, str):
                raise _refused(address, answer.status, problem)
            link.session = session
        raise _Silent(f"the site of {address} keeps restarting")

    def _address(self, party: Party) -> _Address:
        route = self._routes.find(party)
        if route is None:
            lacks: dict[str, Any] = {"lacks": {"route": [str(party)]}}
            hint = route_commands(lacks["lacks"])
            raise PartyUnreachable(f"no address is known for {party}", hint=hint, data=lacks)
        if route.public_key is None:
            lacks = {"lacks": {"trust": [route.party]}}
            raise PartyUnreachable(
                f"the site of {party} at {route.url} is not trusted yet",
                hint=route_commands(lacks["lacks"]),
                data=lacks,
            )
        return _Address(party, route.url, route.public_key)

    def _link(self, url: str) -> PeerLink:
        if url not in self._links:
            self._links[url] = PeerLink(url, self._config.tls.authority)
        return self._links[url]


class _Silent(PartyUnreachable):
    """No answer came; the same call may be repeated at once."""


@contextlib.asynccontextmanager
async def _limit(seconds: float, address: _Address) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise PartyUnreachable(f"the site of {address} has not answered within {seconds:g} s") from error


def _decode(body: bytes, type_: type[T], address: _Address) -> T:
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.DecodeError as error:
        raise PartyUnreachable(
            f"cannot read the answer of the site of {address}: {error}",
            hint="run the same version at both sites",
        ) from error


def _impostor(address: _Address, answer: Answer) -> FateFlowError:
    return PartyUnreachable(
        f"the answer for {address} (HTTP {answer.status}) is not signed with the pinned key "
        f"{fingerprint(address.public_key)}",
        hint=f"correct the address, or if that site has a new key: fateflow party trust {address.party}",
    )


def _refused(address: _Address, status: int, problem: ErrorAnswer) -> FateFlowError:
    if status >= 500:
        return PartyUnreachable(f"the site of {address} failed: {problem.message}", hint=problem.hint)
    data = {"code": problem.code, **(problem.data or {})}
    return PartyRefused(f"{address} refused: {problem.message}", hint=problem.hint, data=data)


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
