"""Calls between sites over real sockets, and rejected callers."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from fateflow_tui.core.clock import now_ms
from fateflow_tui.core.errors import Conflict, PartyRefused, PartyUnreachable
from fateflow_tui.core.ids import Party
from fateflow_tui.core.messages import Acknowledgement, Report
from fateflow_tui.runtime.peers.client import DIRECTIVE_PATH, PING_PATH
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.peers.signing import SignedCall
from fateflow_tui.runtime.site_config import SiteConfig, Timeouts, Tls
from tests.integration.peer_sites import ARBITER, GUEST, HOST, JOB, PeerSite, directive, guest_and_host

BODY = msgspec.json.encode(directive())


def call(host: PeerSite, **changes: Any) -> SignedCall:
    """A call of the guest that the host takes, unless something is changed."""
    facts: dict[str, Any] = {
        "method": "POST",
        "path": DIRECTIVE_PATH,
        "body_sha256": hashlib.sha256(BODY).hexdigest(),
        "time": now_ms(),
        "nonce": secrets.token_hex(16),
        "session": host.authenticator.session,
        "source": GUEST,
        "destination": HOST,
    }
    return SignedCall(**(facts | changes))


async def post(host: PeerSite, headers: dict[str, str], body: bytes = BODY, path: str = DIRECTIVE_PATH) -> Any:
    async with httpx.AsyncClient() as client:
        answer = await client.post(host.url + path, headers=headers, content=body)
    return answer.status_code, answer.json()


async def refused(host: PeerSite, *message: Any, **more: Any) -> dict[str, Any]:
    """The problem that the host answers with; it must not have acted."""
    before = len(host.handlers.messages)
    status, problem = await post(host, *message, **more)
    assert (status, problem["code"]) == (401, "not_authentic")
    assert len(host.handlers.messages) == before
    return dict(problem)


def test_messages_reach_the_other_site_and_their_answers_come_back() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            report = await guest.peers.send_directive(directive(revision=7))
            assert (report.party, report.seen_revision) == (HOST, 7)
            report = Report(JOB, HOST, 12, 1, 7, 1)
            acknowledgement = await host.peers.send_report(GUEST, report)
            assert acknowledgement == Acknowledgement(JOB, HOST, 12)
            assert host.handlers.messages == [(GUEST, directive(7))]
            assert guest.handlers.messages == [(HOST, report)]

    asyncio.run(run())


def test_a_good_call_passes_once_and_only_once() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            headers = call(host).signed_by(guest.key)
            assert (await post(host, headers))[0] == 200
            assert (await refused(host, headers))["data"] == {"reason": "replayed"}

    asyncio.run(run())


def test_what_is_not_authentic_is_refused_each_for_its_own_reason() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):

            async def reason(key: SiteKey = guest.key, **changes: Any) -> str:
                problem = await refused(host, call(host, **changes).signed_by(key))
                return str(problem["data"]["reason"])

            assert (await refused(host, {}))["data"]["reason"] == "unsigned"
            garbled = call(host).signed_by(guest.key) | {"fateflow-time": "noon"}
            assert (await refused(host, garbled))["data"]["reason"] == "unsigned"
            assert await reason(SiteKey.generate()) == "wrong_signature"
            assert await reason(destination=Party("host", "10002")) == "misaddressed"
            assert await reason(destination=Party("host", "0")) == "misaddressed"
            assert await reason(source=Party("guest", "9998")) == "unknown_source"
            assert await reason(source=ARBITER) == "unknown_source"
            assert await reason(session="another run") == "stale_session"

            late = await refused(host, call(host, time=now_ms() - 61_000).signed_by(guest.key))
            assert late["data"]["reason"] == "expired"
            assert 61_000 <= late["data"]["clock_difference_ms"] < 66_000
            assert "behind" in late["message"]
            assert await reason(time=now_ms() + 65_000) == "expired"

    asyncio.run(run())


def test_no_signed_part_can_be_changed_on_the_way() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            headers = call(host).signed_by(guest.key)
            problem = await refused(host, headers, msgspec.json.encode(directive(revision=2)))
            assert problem["data"]["reason"] == "altered"
            body_too = headers | {"fateflow-body-sha256": hashlib.sha256(b"null").hexdigest()}
            assert (await refused(host, body_too, b"null"))["data"]["reason"] == "wrong_signature"
            for path in (PING_PATH, DIRECTIVE_PATH + "?force=1"):
                assert (await refused(host, headers, path=path))["data"]["reason"] == "wrong_signature"
            for change in (
                {"fateflow-time": str(now_ms() + 1000)},
                {"fateflow-nonce": "another"},
                {"fateflow-destination": str(ARBITER)},
            ):
                assert (await refused(host, headers | change))["data"]["reason"] == "wrong_signature"

    asyncio.run(run())


def test_a_call_must_come_from_the_party_that_signed_it() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            host.routes.add("guest:9998", "http://127.0.0.1:1", SiteKey.generate().public)
            foreign = (
                msgspec.structs.replace(directive(), driver=Party("guest", "9998")),
                msgspec.structs.replace(directive(), party=ARBITER),
            )
            for message in foreign:
                body = msgspec.json.encode(message)
                headers = call(host, body_sha256=hashlib.sha256(body).hexdigest()).signed_by(guest.key)
                assert (await refused(host, headers, body))["data"]["reason"] == "wrong_speaker"

    asyncio.run(run())


def test_a_call_recorded_before_a_restart_is_worthless_after_it_and_peers_sign_anew() -> None:
    async def run() -> None:
        guest = PeerSite(SiteConfig(name="site-a", parties=["9999"]))
        host = PeerSite(SiteConfig(name="site-b", parties=["10000"]))
        guest.know(HOST, host)
        host.know(GUEST, guest)
        async with guest.running():
            async with host.running():
                await guest.peers.send_directive(directive(1))
                recorded = call(host).signed_by(guest.key)
            host.restarted()
            async with host.running():
                assert (await refused(host, recorded))["data"]["reason"] == "stale_session"
                report = await guest.peers.send_directive(directive(2))
                assert report.seen_revision == 2

    asyncio.run(run())


def test_an_unreachable_peer_is_reported_with_party_and_address() -> None:
    async def run() -> None:
        guest = PeerSite(SiteConfig(parties=["9999"], timeouts=Timeouts(peer=3600)))
        gone = PeerSite(SiteConfig(parties=["10000"]))
        guest.know(HOST, gone)
        gone.close()
        guest.close()
        with pytest.raises(PartyUnreachable, match=f"host:10000 at {gone.url}"):
            await guest.peers.send_directive(directive())  # does not wait for the hour of its time limit
        await guest.peers.close()

    asyncio.run(run())


def test_a_peer_that_hangs_is_given_up_in_bounded_time() -> None:
    async def run() -> None:
        guest = PeerSite(SiteConfig(parties=["9999"], timeouts=Timeouts(peer=0.3)))
        mute = PeerSite(SiteConfig(parties=["10000"]))  # its socket takes connections, nobody serves them
        guest.know(HOST, mute)
        with pytest.raises(PartyUnreachable, match=r"0\.3 s"):
            await guest.peers.send_directive(directive())
        await guest.peers.close()
        guest.close()
        mute.close()

    asyncio.run(run())


def test_another_site_at_the_address_is_not_believed() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            guest.routes.pin(str(HOST), SiteKey.generate().public)
            with pytest.raises(PartyUnreachable, match="SHA256:"):
                await guest.peers.send_directive(directive())
            assert host.handlers.messages == []

    asyncio.run(run())


def test_peers_see_refusals_but_not_the_details_of_failures() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            host.handlers.fails = Conflict("job x is not known", hint="submit it again")
            with pytest.raises(PartyRefused, match=r"host:10000 at http\S+.*: job x is not known") as told:
                await guest.peers.send_directive(directive())
            assert told.value.hint == "submit it again"
            assert told.value.data == {"code": "conflict"}
            host.handlers.fails = RuntimeError("/home/secret/path")
            with pytest.raises(PartyUnreachable) as silent:
                await guest.peers.send_directive(directive())
            assert "secret" not in silent.value.message

    asyncio.run(run())


def test_a_key_is_exchanged_pinned_and_then_spoken_with() -> None:
    async def run() -> None:
        guest = PeerSite(SiteConfig(name="site-a", parties=["guest:9999"]))
        host = PeerSite(SiteConfig(name="site-b", parties=["host:10000"]))
        async with guest.running(), host.running():
            with pytest.raises(PartyUnreachable, match="host:10000"):
                await guest.peers.ping(HOST)
            guest.routes.add("host:10000", host.url)
            host.routes.add("guest:9999", guest.url)
            with pytest.raises(PartyUnreachable, match="not trusted yet"):
                await guest.peers.ping(HOST)
            guest.routes.trust("host:10000", await guest.peers.identity(host.url))
            with pytest.raises(PartyRefused) as one_sided:
                await guest.peers.ping(HOST)
            assert one_sided.value.data == {"code": "not_authentic", "reason": "unknown_source"}
            host.routes.trust("guest:9999", await host.peers.identity(guest.url))
            state = await guest.peers.ping(HOST)
            assert (state.name, state.version) == ("site-b", "0.1.0")
            assert 0 < state.rtt < 1000
            assert abs(state.clock_skew) < 1000

    asyncio.run(run())


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate for this machine's loopback address that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "site-b")])
    today = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "site.crt", folder / "site.key"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(paths[0]), str(paths[1])


def test_sites_use_tls_when_they_have_certificates(tmp_path: Path) -> None:
    async def run() -> None:
        own, key = certificate(tmp_path)
        host = PeerSite(SiteConfig(name="site-b", parties=["10000"], tls=Tls(own, key)))
        trusting = PeerSite(SiteConfig(parties=["9999"], tls=Tls(authority=own)))
        doubting = PeerSite(SiteConfig(parties=["9998"]))
        for guest, party in ((trusting, GUEST), (doubting, Party("guest", "9998"))):
            guest.know(HOST, host)
            host.know(party, guest)
        async with host.running():
            assert (await trusting.peers.send_directive(directive())).party == HOST
            with pytest.raises(PartyUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
                await doubting.peers.ping(HOST)
        for guest in (trusting, doubting):
            await guest.peers.close()
            guest.close()

    asyncio.run(run())


def test_bodies_of_unauthenticated_calls_are_not_read() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            forged = call(host).signed_by(SiteKey.generate())
            lines = [f"POST {DIRECTIVE_PATH} HTTP/1.1", "host: x", "content-length: 1000000"]
            lines += [f"{name}: {value}" for name, value in forged.items()]
            reader, writer = await asyncio.open_connection("127.0.0.1", host.port)
            writer.write("\r\n".join([*lines, "", ""]).encode() + b"only the beginning")
            assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 401")
            writer.close()
            assert (await guest.peers.send_directive(directive())).seen_revision == 1

    asyncio.run(run())


def test_a_message_that_is_too_long_or_no_message_is_refused() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            for body in (b"{}", b"\xff", bytes((16 << 20) + 1)):
                headers = call(host, body_sha256=hashlib.sha256(body).hexdigest()).signed_by(guest.key)
                status, problem = await post(host, headers, body)
                assert (status, problem["code"]) == (400, "bad_request")
            assert (await guest.peers.send_directive(directive())).seen_revision == 1

    asyncio.run(run())
