"""Event streams: what is sent, what is read, and that they end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fateflow_tui.sdk.streaming import Frame, FrameReader
from fateflow_tui.server.events import frame, until


def _read(text: str) -> list[Frame]:
    reader = FrameReader()
    return [found for line in text.split("\n") if (found := reader.feed(line)) is not None]


def test_what_is_written_is_read() -> None:
    text = (b": comment\n\n" + frame("job", {"a": "x\ny"}, 7) + frame("log", [])).decode()
    assert _read(text) == [Frame("job", b'{"a":"x\\ny"}', 7), Frame("log", b"[]")]


def test_several_data_lines_are_one() -> None:
    assert _read("data: a\ndata: b\nid: x\n\n") == [Frame("message", b"a\nb")]


async def _slow(items: list[int], gate: asyncio.Event) -> AsyncIterator[int]:
    for item in items:
        yield item
    await gate.wait()


def test_a_stream_says_when_it_is_quiet_and_ends_when_the_site_ends() -> None:
    async def scenario() -> list[int | None]:
        closing, gate = asyncio.Event(), asyncio.Event()
        seen: list[int | None] = []
        async for item in until(closing, _slow([1, 2], gate), quiet=0.01):
            seen.append(item)
            if item is None:
                closing.set()
        return seen

    assert asyncio.run(scenario()) == [1, 2, None]


def test_a_stream_ends_with_its_source() -> None:
    async def scenario() -> list[int | None]:
        gate = asyncio.Event()
        gate.set()
        return [item async for item in until(asyncio.Event(), _slow([1], gate), quiet=5)]

    assert asyncio.run(scenario()) == [1]
