"""Values between the tasks of two sites: in order, once, resumed after a break, held back when there is no room."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.core.errors import BadRequest, Conflict, PartyRefused, PartyUnreachable
from fateflow_tui.core.ids import Party
from fateflow_tui.core.work import Sent
from fateflow_tui.runtime.messages.transfer import CHUNK_SIZE, Chunk, MailKey, TransferProgress
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.site_config import MailboxLimits, SiteConfig
from tests.integration.peer_sites import (
    ARBITER,
    COMPONENT,
    GUEST,
    HOST,
    JOB,
    PeerSite,
    guest_and_host,
    order,
    sent,
    wanted,
)

MIB = 1 << 20


async def send(site: PeerSite, payload: bytes, *frame: Any, version: int = 0) -> None:
    await site.bus.send(order(GUEST, version), sent(payload, *frame), payload)


async def receive(site: PeerSite, *frame: Any, version: int = 0, party: Party = HOST) -> bytes:
    return bytes((await site.bus.receive(order(party, version), wanted(*frame))).payload)


def test_values_of_all_sizes_arrive_whole_and_in_the_order_given() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            sizes = (0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE + 7)
            values = [os.urandom(size) for size in sizes]
            # All at once under one tag: they must not overtake each other although they take one to four calls.
            await asyncio.gather(*(send(guest, value, "loss") for value in values))
            assert [await receive(host, "loss") for _ in values] == values
            assert guest.trace == host.trace == [(JOB, COMPONENT, GUEST, HOST, "gradient", size) for size in sizes]

    asyncio.run(run())


def test_a_waiting_task_gets_its_value_at_once_and_only_that_one() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            first = asyncio.create_task(receive(host, "1"))
            second = asyncio.create_task(receive(host, "2"))
            await send(guest, b"two", "2")
            assert await second == b"two"
            assert not first.done()
            await send(guest, b"one", "1")
            assert await first == b"one"

    asyncio.run(run())


def test_values_stay_at_home_when_the_other_party_does() -> None:
    async def run() -> None:
        site = PeerSite(SiteConfig())
        await send(site, b"local")
        assert await receive(site) == b"local"
        assert len(site.trace) == 1
        site.close()

    asyncio.run(run())


def test_one_value_is_sent_to_several_parties() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            other = Party("host", "10001")
            for site in (guest, host):
                site.jobs.parties.add(other)
            guest.know(other, host)
            await guest.bus.send(order(GUEST), Sent(1, [HOST, other], "gradient", "", "numpy", 3), b"abc")
            assert [await receive(host, party=party) for party in (HOST, other)] == [b"abc", b"abc"]

    asyncio.run(run())


def test_only_declared_variables_pass_and_only_in_their_direction_at_both_ends() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            bad = [
                (order(GUEST), sent(b"x", name="labels"), "no variable 'labels'"),
                (order(GUEST), sent(b"x", to=ARBITER), "from guest to host, not from guest:9999 to arbiter:10000"),
                (order(HOST), sent(b"x", to=GUEST), "not from host:10000 to guest:9999"),
                (order(GUEST), sent(b"x", to=Party("host", "10001")), "of host:10001"),
            ]
            for task, frame, message in bad:
                with pytest.raises(PartyRefused, match=message):
                    await guest.bus.send(task, frame, b"x")
                key = MailKey(JOB, COMPONENT, 0, task.party, frame.to[0], frame.name, "")
                with pytest.raises(PartyRefused, match=message):
                    host.bus._check(key)
            with pytest.raises(PartyRefused, match="'labels'"):
                await host.bus.receive(order(HOST), wanted(name="labels"))
            with pytest.raises(BadRequest):
                await guest.bus.send(order(GUEST), sent(b"x", to=GUEST), b"x")

    asyncio.run(run())


def test_a_peer_cannot_bring_what_this_site_does_not_expect() -> None:
    """The sender's own checks are passed by: its calls are what the receiving site has to judge."""

    async def run() -> None:
        async with guest_and_host() as (guest, host):

            async def bring(**changes: Any) -> str:
                facts: dict[str, Any] = {
                    "job_id": JOB,
                    "component": COMPONENT,
                    "version": 0,
                    "source": GUEST,
                    "target": HOST,
                    "name": "gradient",
                    "tag": "",
                }
                key = MailKey(**(facts | changes))
                with pytest.raises(PartyRefused) as refused:
                    await guest.peers.send_chunk(Chunk(key, "t", "bytes", 1, 0), b"x")
                return str(refused.value.message)

            assert "no variable 'labels' of guest:9999" in await bring(name="labels")
            assert "not from guest:9999 to arbiter:10000" in await bring(target=ARBITER)
            assert "in other_0" in await bring(component="other_0")
            host.jobs.known = False
            assert f"of job {JOB}" in await bring()
            host.jobs.known = True
            host.bus.forget(JOB, COMPONENT, 1)
            assert "version 0 of hetero_lr_0" in await bring()
            host.jobs.parties.remove(GUEST)
            assert "of guest:9999 in hetero_lr_0" in await bring(version=1)

    asyncio.run(run())


def test_a_repeated_transfer_is_delivered_once() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            chunk = Chunk(MailKey(JOB, COMPONENT, 0, GUEST, HOST, "gradient", ""), "one", "bytes", 3, 0)
            for _ in range(3):
                assert (await guest.peers.send_chunk(chunk, b"abc")).progress is TransferProgress.DONE
            await send(guest, b"next")
            assert [await receive(host), await receive(host)] == [b"abc", b"next"]
            assert host.bus._mailboxes.used(JOB, COMPONENT, HOST) == 0

    asyncio.run(run())


def test_a_full_mailbox_holds_the_sender_until_there_is_room() -> None:
    async def run() -> None:
        async with guest_and_host(mailbox=MailboxLimits(quota=10)) as (guest, host):
            payload = os.urandom(4 * MIB)
            for tag in ("1", "2"):
                await send(guest, payload, tag)
            held = asyncio.create_task(send(guest, payload, "3"))
            asked = asyncio.Event()
            accept = host.bus.accept

            async def noticed(*call: Any) -> Any:
                asked.set()
                return await accept(*call)

            host.bus.accept = noticed  # type: ignore[method-assign,assignment]
            await asked.wait()
            assert not held.done()
            assert host.bus._mailboxes.used(JOB, COMPONENT, HOST) < 10 * MIB
            # What the task waits for is let in all the same, or neither would ever go on.
            waiting = asyncio.create_task(receive(host, "4"))
            await send(guest, b"wanted", "4")
            assert await waiting == b"wanted"
            assert not held.done()
            assert await receive(host, "1") == payload
            await held
            assert await receive(host, "3") == payload
            with pytest.raises(PartyRefused, match="accepts"):
                await send(guest, bytes(10 * MIB), "5")

    asyncio.run(run())


def test_a_replaced_run_ends_the_waiting_of_both_sides() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            waiting = asyncio.create_task(receive(host))
            await send(guest, b"old", "left over")
            await send(guest, b"new", "left over", version=1)
            host.bus.forget(JOB, COMPONENT, 1)
            with pytest.raises(Conflict, match="version 0 of hetero_lr_0"):
                await waiting
            with pytest.raises(Conflict):
                await receive(host, "left over")
            with pytest.raises(PartyRefused, match="replaced by a newer run"):
                await send(guest, b"late")
            assert await receive(host, "left over", version=1) == b"new"
            waiting = asyncio.create_task(receive(host, version=1))
            await send(guest, b"for", "nobody", version=1)
            host.bus.close_job(JOB)
            with pytest.raises(Conflict, match="has ended"):
                await waiting
            assert host.bus._mailboxes.used(JOB, COMPONENT, HOST) == 0

    asyncio.run(run())


def test_a_sender_stops_trying_when_its_own_run_is_replaced() -> None:
    async def run() -> None:
        guest = PeerSite(SiteConfig(parties=["9999"]))
        away = PeerSite(SiteConfig(parties=["10000"]))
        guest.know(HOST, away)
        away.close()
        sending = asyncio.create_task(send(guest, b"x"))
        await asyncio.sleep(0)
        guest.bus.forget(JOB, COMPONENT, 1)
        with pytest.raises(PartyUnreachable, match="host:10000 at http"):
            await sending
        await guest.peers.close()
        guest.close()

    asyncio.run(run())


def test_a_late_value_does_not_fail_its_sender() -> None:
    """Its task is about to be ended as well, and by the driver, who knows why."""

    async def run() -> None:
        async with guest_and_host() as (guest, host):
            host.jobs.ended = True
            sending = asyncio.create_task(send(guest, b"x"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.7):
                    await asyncio.shield(sending)
            host.jobs.ended = False  # such as by a rerun
            assert await receive(host) == b"x"
            await sending

    asyncio.run(run())


class Line:
    """A TCP line between two sites that can be cut. passed: bytes that went through it to the receiver."""

    def __init__(self, port: int, cut_at: int) -> None:
        self._port = port
        self._cut_at = cut_at
        self.passed = 0
        self.cuts = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)

        async def back() -> None:
            while data := await there_reader.read(1 << 16):
                writer.write(data)

        answers = asyncio.create_task(back())
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                self.passed += len(data)
                if self.cuts == 0 and self.passed > self._cut_at:
                    self.cuts += 1
                    break
                there_writer.write(data)
                await there_writer.drain()
        answers.cancel()
        for end in (writer, there_writer):
            end.transport.abort()


def test_a_cut_line_costs_no_more_than_what_was_on_it() -> None:
    async def run() -> None:
        async with guest_and_host() as (guest, host):
            payload = os.urandom(12 * CHUNK_SIZE)
            line = Line(host.port, cut_at=8 * CHUNK_SIZE + CHUNK_SIZE // 2)
            server = await asyncio.start_server(line.carry, "127.0.0.1")
            guest.know(HOST, host, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            await send(guest, payload)
            assert await receive(host) == payload
            assert line.cuts == 1
            assert line.passed < len(payload) + 3 * CHUNK_SIZE
            await guest.peers.close()
            server.close()

    asyncio.run(run())


@contextlib.asynccontextmanager
async def host_process(home: Path, port: int, guest_key: str, *tags: str) -> AsyncIterator[asyncio.subprocess.Process]:
    script = Path(__file__).with_name("peer_process.py")
    process = await asyncio.create_subprocess_exec(
        sys.executable, script, home, str(port), guest_key, *tags, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def line_with(process: asyncio.subprocess.Process, start: str) -> str:
    assert process.stdout is not None
    while line := (await process.stdout.readline()).decode():
        if line.startswith(start):
            return line.strip()
    raise AssertionError(f"the host's site ended before it said {start!r}")


def test_a_peer_killed_in_the_middle_of_a_value_gets_the_whole_of_it_when_it_is_back(tmp_path: Path) -> None:
    async def run() -> None:
        guest = PeerSite(SiteConfig(name="site-a", parties=["guest:9999"]))
        host_key = SiteKey.load_or_create(tmp_path / "keys" / "site.pem")
        reserved = PeerSite(SiteConfig())
        reserved.close()
        guest.routes.add(str(HOST), reserved.url, host_key.public)
        payload = os.urandom(16 * CHUNK_SIZE)
        async with host_process(tmp_path, reserved.port, guest.key.public, "big") as first:
            await line_with(first, "ready")
            sending = asyncio.create_task(send(guest, payload, "big"))
            await line_with(first, "chunk 4")
            first.kill()
        assert not sending.done()
        async with host_process(tmp_path, reserved.port, guest.key.public, "big", "small") as second:
            await sending
            await send(guest, b"after", "small")
            expected = hashlib.sha256(payload).hexdigest()
            assert await line_with(second, "value") == f"value big {len(payload)} {expected}"
            assert (await line_with(second, "value")).startswith("value small 5 ")
        await guest.peers.close()
        guest.close()

    asyncio.run(run())
