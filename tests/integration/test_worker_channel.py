"""Both ends of the worker's channel over a real socket."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fateflow_tui.core.errors import ComponentFailed, PartyRefused
from fateflow_tui.core.ids import Party
from fateflow_tui.core.plan import TaskPlan
from fateflow_tui.core.status import Status
from fateflow_tui.core.work import (
    Finished,
    Hello,
    MetricsWritten,
    ProcessExit,
    Progressed,
    Sent,
    TaskOutcome,
    TaskSpec,
    Wanted,
    WorkerFrame,
)
from fateflow_tui.runtime.workers.channel import ChannelServer, Payload
from fateflow_tui.worker.channel import SiteChannel
from fateflow_tui.worker.codec import decode, encode
from fateflow_tui.worker.protocol import pack

GUEST, HOST = Party("guest", "9999"), Party("host", "10000")
ORDER = TaskSpec("1", "lr_0", 0, GUEST, TaskPlan("lr_0", "HeteroLR", [], {}), "", {}, {})


class Echo:
    """Hands a value back to whoever asks for it; keeps what workers report."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[str, Payload]] = {}
        self.reported: list[Any] = []
        self.frames: list[str] = []
        self.asked = asyncio.Event()
        self.cancelled = asyncio.Event()

    async def send(self, order: TaskSpec, frame: Sent, payload: Payload) -> None:
        if frame.tag == "refused":
            raise PartyRefused("this tag is refused")
        if frame.tag == "broken":
            raise ZeroDivisionError
        self.values[frame.tag] = (frame.codec, payload)

    async def receive(self, order: TaskSpec, frame: Wanted) -> tuple[str, Payload]:
        if frame.tag in self.values:
            return self.values[frame.tag]
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled.set()
        raise AssertionError

    def on_frame(self, order: TaskSpec, frame: WorkerFrame) -> None:
        self.frames.append(type(frame).__name__)

    def answered(self, order: TaskSpec, frame: Sent | Wanted) -> None:
        self.frames.append(f"answered {frame.number}")

    def progressed(self, order: TaskSpec, done: int, total: int) -> None:
        self.reported.append((order.component, done, total))

    def metrics_written(self, order: TaskSpec, frame: MetricsWritten) -> None:
        self.reported.append((order.component, frame.namespace, frame.points))

    def finished(self, order: TaskSpec, frame: Finished) -> None:
        self.reported.append((order.component, frame.outcome.status, frame.outcome.exit.peak_memory))


@asynccontextmanager
async def serving(directory: Path) -> AsyncIterator[tuple[ChannelServer, Echo]]:
    echo = Echo()
    server = ChannelServer(directory, echo, echo)
    await server.start()
    try:
        yield server, echo
    finally:
        await server.close()


def test_values_and_reports(tmp_path: Path) -> None:
    large = np.arange(1_000_000.0)

    def worker(path: str, token: str) -> list[Any]:
        with SiteChannel(path, token) as channel:
            got = []
            for tag, value in (("small", {"a": 1}), ("large", large), ("many", [b"x" * 5000] * 1500)):
                channel.send([HOST], "value", tag, encode(value))
                got.append(decode(channel.receive(HOST, "value", tag, None)))
            for tag in ("refused", "broken"):
                with pytest.raises(ComponentFailed) as refusal:
                    channel.send([HOST], "value", tag, encode(1))
                got.append(refusal.value.message)
            with pytest.raises(ComponentFailed, match=r"did not arrive within 0\.01 s"):
                channel.receive(HOST, "value", "never", 0.01)
            channel.metrics_written(MetricsWritten("train", "loss", [[0, 0.7], [1, 0.6]]))
            for done in range(100):
                channel.progress(done + 1, 100)
            channel.finish(TaskOutcome(Status.SUCCESS, exit=ProcessExit(0, peak_memory=7)))
            return got

    async def main() -> None:
        async with serving(tmp_path) as (server, echo):
            token = server.expect(ORDER)
            small, got, many, *refusals = await asyncio.to_thread(worker, server.path, token)
            await server.drained(token)
            assert small == {"a": 1}
            assert np.array_equal(got, large)
            assert many == [b"x" * 5000] * 1500
            assert refusals == ["this tag is refused", "value: the site failed to deliver it; see its log"]
            assert echo.reported[0] == ("lr_0", "train", [[0, 0.7], [1, 0.6]])
            assert echo.reported[-2:] == [("lr_0", 100, 100), ("lr_0", Status.SUCCESS, 7)]
            assert len(echo.reported) < 50  # progress is thinned out
            assert echo.cancelled.is_set()

    asyncio.run(main())


def test_reports_of_a_worker_that_died_are_read(tmp_path: Path) -> None:
    """A worker may be gone before the site has even let it in."""

    async def main() -> None:
        async with serving(tmp_path) as (server, echo):
            token = server.expect(ORDER)
            with SiteChannel(server.path, token) as channel:  # no await up to its end: the site is not there yet
                channel.finish(TaskOutcome(Status.FAILED))
            await server.drained(token)
            assert echo.reported == [("lr_0", Status.FAILED, 0)]
            unheard = server.expect(ORDER)
            await server.drained(unheard)
            assert len(echo.reported) == 1

    asyncio.run(main())


def test_a_question_ends_with_its_worker(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as (server, echo):
            _, writer = await asyncio.open_unix_connection(server.path)
            writer.write(pack(Hello(server.expect(ORDER))) + pack(Wanted(1, HOST, "value", "never")))
            async with asyncio.timeout(5):
                await echo.asked.wait()
                writer.close()
                await echo.cancelled.wait()
            await writer.wait_closed()

    asyncio.run(main())


@pytest.mark.parametrize(
    "data",
    [
        pack(Hello("guessed")),
        pack(Progressed(1, 2)),
        b"\x00\x00\x00\x02{}",
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_unauthenticated_connections_are_rejected(
    tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with serving(tmp_path) as (server, echo):
            server.expect(ORDER)
            assert await answer_to(server, data) == b""
            assert echo.reported == []

    asyncio.run(main())
    assert "did not send a valid secret" in caplog.text


def test_a_secret_is_good_for_one_connection(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path) as (server, echo):
            hello = pack(Hello(server.expect(ORDER)))
            assert await answer_to(server, hello + pack(Progressed(1, 2)) + hello) == b""
            assert await answer_to(server, hello + pack(Progressed(3, 4))) == b""
            forgotten = server.expect(ORDER)
            server.forget(forgotten)
            assert await answer_to(server, pack(Hello(forgotten)) + pack(Progressed(5, 6))) == b""
            assert echo.reported == [("lr_0", 1, 2)]

    asyncio.run(main())


async def answer_to(server: ChannelServer, data: bytes) -> bytes:
    """What comes back until the site hangs up."""
    reader, writer = await asyncio.open_unix_connection(server.path)
    writer.write(data)
    got = b""
    try:
        async with asyncio.timeout(5):
            got = await reader.read()
    except ConnectionResetError:
        pass  # it hung up on unread bytes
    writer.close()
    return got


def test_a_home_with_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(tmp_path / ("long" * 30)) as (server, _):
            directory = Path(server.path).parent
            assert len(server.path) <= 100
            assert directory.stat().st_mode & 0o777 == 0o700
        assert not directory.exists()


def test_nothing_is_left_of_a_closed_server(tmp_path: Path) -> None:
    async def main() -> list[str]:
        async with serving(tmp_path):
            return os.listdir(tmp_path)

    assert len(asyncio.run(main())) == 1
    assert os.listdir(tmp_path) == []
