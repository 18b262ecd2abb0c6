"""Access to the API: addresses, tokens and client signatures, checked before a request reaches a route."""

from __future__ import annotations

import base64
import hmac
import io
import logging
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import IO, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import FateFlowError, NotAuthentic
from fateflow_tui.runtime.peers.signing import ReplayGuard
from fateflow_tui.runtime.site_config import ClientKeys
from fateflow_tui.server.address import Address
from fateflow_tui.server.errors import system_error
from fateflow_tui.server.fate.envelope import failure
from fateflow_tui.server.requests import BODY_LIMIT, OversizedBody, read_bytes
from fateflow_tui.server.uploads import PartWriter

WINDOW: Final = 60_000  # ms between signing a call and its arrival
_CHUNK: Final = 1 << 18
_MAX_HEADER: Final = 256  # characters
# Bodies that Python clients send but do not sign.
_EMPTY_BODIES: Final = frozenset({b"{}", b"[]", b"null", b'""', b"0", b"false"})


class ClientSignatures:
    """Checks signed calls. spool: a directory for bodies with files, until their signature is checked."""

    def __init__(self, keys: ClientKeys, spool: Path, clock: Callable[[], int] = now_ms) -> None:
        self._keys = keys
        self._spool = spool
        self._clock = clock
        self._replays = ReplayGuard()

    @asynccontextmanager
    async def checked(self, request: Request) -> AsyncIterator[Receive]:
        """Read the body, check its signature, and yield a `receive` that replays the body to the application.

        Raises NotAuthentic; OversizedBody for a body without files that is too large.
        """
        stamp, nonce, signature = self._read_headers(request.headers)
        begins = [
            "\n".join((str(stamp), nonce, self._keys.app_key, target)).encode("latin-1")
            for target in _signed_targets(request)
        ]
        kind = request.headers.get("content-type", "")
        if kind.lower().startswith("multipart/"):
            self._spool.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._spool) as file:
                fields = await _spooled(request, kind, file)
                self._check(signature, [b"\n".join((begin, b"", _form(fields))) for begin in begins])
                self._remember(nonce, stamp)
                file.seek(0)
                yield _replay(file, request.receive)
            return
        body = await read_bytes(request, BODY_LIMIT)
        texts = [b"\n".join((begin, *parts)) for begin in begins for parts in _signed_parts(kind, body)]
        self._check(signature, texts)
        self._remember(nonce, stamp)
        yield _replay(io.BytesIO(body), request.receive)

    def _read_headers(self, headers: Mapping[str, str]) -> tuple[int, str, str]:
        """Return timestamp, nonce and signature, checked as far as possible without the body."""
        found = {name: _header(headers, name) for name in ("TIMESTAMP", "NONCE", "APP_KEY", "SIGNATURE")}
        missing = [name for name, value in found.items() if not value]
        if missing:
            raise NotAuthentic(
                f"this site accepts signed calls only; missing headers: {', '.join(missing)}",
                hint="give the client the site's app key and secret key; a proxy must pass header names with `_`",
            )
        if not hmac.compare_digest(found["APP_KEY"].encode(), self._keys.app_key.encode()):
            raise NotAuthentic("the call is signed with a different app key")
        stamp = found["TIMESTAMP"]
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 16):
            raise NotAuthentic("invalid TIMESTAMP: expected milliseconds since the epoch")
        late = self._clock() - int(stamp)
        if abs(late) > WINDOW:
            raise NotAuthentic(
                f"the call was signed {abs(late) / 1000:.0f} s {'ago' if late > 0 else 'in the future'}; "
                f"{WINDOW // 1000} s are allowed",
                hint="synchronize the clocks of the client and the site",
            )
        if stamp != str(int(stamp)):
            raise NotAuthentic("invalid TIMESTAMP: leading zeros")
        return int(stamp), found["NONCE"], found["SIGNATURE"]

    def _check(self, signature: str, texts: list[bytes]) -> None:
        given = signature.encode()
        secret = self._keys.secret_key.encode()
        expected = [base64.b64encode(hmac.digest(secret, text, "sha1")) for text in texts]
        if not any(hmac.compare_digest(given, one) for one in expected):
            raise NotAuthentic(
                "the signature does not match the call",
                hint="check the secret key; a proxy may have changed the call",
            )

    def _remember(self, nonce: str, stamp: int) -> None:
        if not self._replays.is_first(self._keys.app_key, nonce, stamp, self._clock()):
            raise NotAuthentic("a call with this nonce was already received")


def _header(headers: Mapping[str, str], name: str) -> str:
    """Return a header; some clients write `-` for `_`, as most proxies require."""
    value = headers.get(name) or headers.get(name.replace("_", "-")) or ""
    return value if len(value) <= _MAX_HEADER and value.isascii() else ""


def _signed_targets(request: Request) -> list[str]:
    """Return path and query as sent, and as FATE's clients signed them: afterwards, their HTTP library escapes
    brackets, and every `%` a second time if the query has a literal one.
    """
    path, query = (request.scope[name].decode("latin-1") for name in ("raw_path", "query_string"))
    before = query.replace("%5B", "[").replace("%5D", "]")
    queries = [query, before.replace("%25", "%") if query.startswith("%257B") else before]
    return [f"{path}?{one}" if one else path for one in dict.fromkeys(queries)]


def _signed_parts(content_type: str, body: bytes) -> list[tuple[bytes, bytes]]:
    """Return the last two parts of the signed text, in all forms that a client may have signed."""
    if body.strip() in _EMPTY_BODIES:
        return [(body, b""), (b"", b"")]
    is_form = content_type.lower().startswith("application/x-www-form-urlencoded")
    # A JSON body is signed byte for byte, whatever its content type.
    if is_form and body.lstrip()[:1] not in (b"{", b"["):
        return [(b"", _form(dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True))))]
    return [(body, b"")]


def _form(fields: Mapping[str, str]) -> bytes:
    return urlencode(sorted(fields.items()), quote_via=quote, safe="-._~").encode()


async def _spooled(request: Request, content_type: str, file: IO[bytes]) -> dict[str, str]:
    """Write the whole body to the file and return its text fields."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise NotAuthentic("the multipart body has no boundary, so its signature cannot be checked")
    with _discard() as nowhere:
        parts = PartWriter(nowhere)
        parser = MultipartParser(boundary, parts.callbacks())
        try:
            async for chunk in request.stream():
                parser.write(chunk)
                file.write(chunk)
            parser.finalize()
        except ValueError as error:
            raise NotAuthentic(f"the multipart body is damaged, so its signature cannot be checked: {error}") from None
    return parts.fields


def _discard() -> IO[bytes]:
    return open(os.devnull, "wb")


def _replay(file: IO[bytes], live: Receive) -> Receive:
    """Replay the body, then pass on what the client sends next (that it disconnected)."""
    ended = False

    async def receive() -> Message:
        nonlocal ended
        if ended:
            return await live()
        chunk = file.read(_CHUNK)
        ended = len(chunk) < _CHUNK
        return {"type": "http.request", "body": chunk, "more_body": not ended}

    return receive


log = logging.getLogger(__name__)

# Calls between sites carry a signature of their own, which neither browsers nor stolen tokens can produce.
_PEER_CALLS: Final = "/v1/peer/"


class AccessPolicy:
    """Decides whether a request is accepted.

    A page in the user's browser can send requests to this address under a host name of its own (DNS rebinding) or from
    another origin; the Host and Origin headers reveal both. On any address but loopback the token is required.
    signed: the site has a secret for clients; then the token or a signature is required on loopback, too.
    """

    def __init__(self, address: Address, *, signed: bool = False) -> None:
        self._address = address
        self._signed = signed

    def rejection(self, request: Request) -> tuple[int, NotAuthentic] | None:
        """Return the HTTP status and the error; None for a request that is accepted."""
        if request.url.path.startswith(_PEER_CALLS):
            return None
        host = _host_of(request.headers.get("host", ""))
        if not self._address.covers(host):
            hint = "use the address that `fateflow server status` shows, or set `advertised` in site.toml"
            return 403, NotAuthentic(f"this site is not called {host!r}", hint=hint)
        origin = request.headers.get("origin")
        if origin is not None and not self._address.covers(_host_of(urlsplit(origin).netloc)):
            return 403, NotAuthentic(f"requests from pages of {origin!r} are not accepted")
        if not self._address.is_loopback and not self._signed and not self._has_token(request):
            hint = "send `Authorization: Bearer TOKEN`; the token is in run.json in the site's home"
            return 401, NotAuthentic("missing or invalid token", hint=hint)
        return None

    def requires_signature(self, request: Request) -> bool:
        """Whether a call without a `rejection` must be signed."""
        return self._signed and not request.url.path.startswith(_PEER_CALLS) and not self._has_token(request)

    def _has_token(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(
            token.strip().encode(), self._address.token.encode()
        )


class AuthMiddleware:
    """The outermost middleware: rejects unauthorized requests, and turns every exception into an answer."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy, signatures: ClientSignatures | None = None) -> None:
        self._app = app
        self._policy = policy
        self._signatures = signatures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        rejected = self._policy.rejection(request)
        if rejected is not None:
            status, error = rejected
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            await failure(request, error, status=status, headers=headers)(scope, receive, send)
            return
        async with AsyncExitStack() as stack:
            if self._signatures is not None and self._policy.requires_signature(request):
                try:
                    receive = await stack.enter_async_context(self._signatures.checked(Request(scope, receive)))
                except ClientDisconnect:
                    return
                except FateFlowError as error:
                    status = 413 if isinstance(error, OversizedBody) else 200  # as 1.x clients expect
                    await failure(request, error, status=status)(scope, receive, send)
                    return
            await self._serve(request, receive, send)

    async def _serve(self, request: Request, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(request.scope, receive, watch)
        except ClientDisconnect:
            log.info("%s %s: the client disconnected before the request was complete", request.method, request.url.path)
        except Exception as fault:
            log.exception("%s %s failed", request.method, request.url.path)
            if started:
                raise  # too late for another answer; the connection is closed, so that the client notices
            await failure(request, _as_error(fault))(request.scope, receive, send)


def _as_error(fault: Exception) -> FateFlowError:
    return system_error(fault) or FateFlowError(
        f"internal error: {type(fault).__name__}: {fault}",
        hint="the traceback is in the site's log (`fateflow log show --site`); please report it",
    )


def _host_of(header: str) -> str:
    """Return the name in a Host header, without port and brackets."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""
