"""Mailboxes: order, exactly-once delivery, quotas, and failing of receivers."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fateflow_tui.core.errors import BadRequest, Conflict, PartyUnreachable
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.messages.mailbox import Mailboxes, Value
from fateflow_tui.runtime.messages.transfer import (
    CHUNK_SIZE,
    Chunk,
    ChunkAnswer,
    MailKey,
    TransferProgress,
    chunk_prefix,
    push,
    split_body,
)

GUEST, HOST = Party("guest", "9999"), Party("host", "10000")
KEY = MailKey("job", "lr_0", 0, GUEST, HOST, "gradient", "")
DONE, FULL, MORE = TransferProgress.DONE, TransferProgress.FULL, TransferProgress.MORE


def key(**changes: Any) -> MailKey:
    return msgspec.structs.replace(KEY, **changes)


def boxes(quota: int = 100_000) -> Mailboxes:
    return Mailboxes(quota, lambda key, size: None)


def chunk(transfer: str, size: int, offset: int = 0, of: MailKey = KEY) -> Chunk:
    return Chunk(of, transfer, "bytes", size, offset)


async def settle() -> None:
    """Lets everything run that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_values_come_out_in_order_once_and_under_their_own_key() -> None:
    async def run() -> None:
        mail = boxes()
        for number in range(3):
            await mail.put(KEY, Value("int", bytes([number])))
        await mail.put(key(tag="other"), Value("int", b"x"))
        await mail.put(key(version=1), Value("int", b"y"))
        assert [(await mail.take(KEY)).payload for _ in range(3)] == [b"\0", b"\1", b"\2"]
        waiting = asyncio.create_task(mail.take(KEY))
        await settle()
        assert not waiting.done()
        assert (await mail.take(key(tag="other"))).payload == b"x"
        assert (await mail.take(key(version=1))).payload == b"y"
        waiting.cancel()
        assert mail.used("job", "lr_0", HOST) == 0

    asyncio.run(run())


def test_each_receiver_gets_one_value_and_a_cancelled_one_none() -> None:
    async def run() -> None:
        mail = boxes()
        takers = [asyncio.create_task(mail.take(KEY)) for _ in range(3)]
        await settle()
        await mail.put(KEY, Value("", b"1"))
        takers[0].cancel()  # woken already, but not yet there
        await settle()
        assert takers[0].cancelled()
        await mail.put(KEY, Value("", b"2"))
        assert [(await taker).payload for taker in takers[1:]] == [b"1", b"2"]

    asyncio.run(run())


def test_chunks_in_any_order_and_number_make_the_value_once() -> None:
    async def run() -> None:
        mail = boxes()
        assert await mail.accept(chunk("t", 6), [b"ab"]) == ChunkAnswer(MORE, 2)
        assert await mail.accept(chunk("t", 6), [b"ab"]) == ChunkAnswer(MORE, 2)
        early = asyncio.create_task(mail.accept(chunk("t", 6, 4), [b"e", b"f"]))
        await settle()
        assert not early.done()
        assert await mail.accept(chunk("t", 6, 2), [b"cd"]) == ChunkAnswer(MORE, 4)
        assert await early == ChunkAnswer(DONE, 6)
        assert await mail.accept(chunk("t", 6, 2), [b"cd"]) == ChunkAnswer(DONE, 6)
        assert (await mail.take(KEY)).payload == b"abcdef"
        assert await mail.accept(chunk("u", 6, 4), [b"ef"], patience=0) == ChunkAnswer(MORE, 0)
        with pytest.raises(BadRequest, match="7"):
            await mail.accept(chunk("u", 6), [b"too", b"long"])

    asyncio.run(run())


def test_two_sources_may_use_the_same_transfer_id() -> None:
    async def run() -> None:
        mail = boxes()
        other = key(source=Party("guest", "9998"))
        await mail.accept(chunk("t", 1), [b"a"])
        assert await mail.accept(chunk("t", 1, of=other), [b"b"]) == ChunkAnswer(DONE, 1)
        assert (await mail.take(other)).payload == b"b"

    asyncio.run(run())


def test_room_is_kept_for_what_was_announced_and_given_back_when_taken() -> None:
    async def run() -> None:
        mail = boxes(10_000)
        await mail.accept(chunk("t", 6000), [b"begun"])
        assert await mail.accept(chunk("u", 6000, of=key(tag="2")), [], patience=0) == ChunkAnswer(FULL)
        putting = asyncio.create_task(mail.put(key(tag="3"), Value("", bytes(6000))))
        asking = asyncio.create_task(mail.accept(chunk("u", 6000, of=key(tag="2")), [], patience=30))
        await settle()
        assert not putting.done()
        assert not asking.done()
        await mail.accept(chunk("t", 6000, 5), [bytes(5995)])
        await mail.take(KEY)
        await putting
        assert not asking.done()
        await mail.take(key(tag="3"))
        assert await asking == ChunkAnswer(MORE, 0)
        with pytest.raises(BadRequest, match="8976"):
            await mail.put(KEY, Value("", bytes(9000)))

    asyncio.run(run())


def test_empty_values_take_room_too() -> None:
    async def run() -> None:
        mail = boxes(10_000)
        answers = [await mail.accept(chunk(str(n), 0, of=key(tag=str(n))), [], patience=0) for n in range(12)]
        assert [answer.progress for answer in answers] == [DONE] * 9 + [FULL] * 3

    asyncio.run(run())


def test_a_full_mailbox_accepts_only_awaited_values() -> None:
    async def run() -> None:
        mail = boxes(2000)
        await mail.put(key(tag="filling"), Value("", bytes(900)))
        held = asyncio.create_task(mail.put(KEY, Value("", bytes(900))))
        await settle()
        assert not held.done()
        await mail.take(KEY)  # asking for it is what lets it in
        waiting = asyncio.create_task(mail.take(KEY))
        await settle()
        assert (await mail.accept(chunk("t", 900), [b"x"], patience=0)).progress is MORE
        assert (await mail.accept(chunk("u", 900), [b"x"], patience=0)).progress is FULL
        await mail.accept(chunk("t", 900, 1), [bytes(899)])
        assert len((await waiting).payload) == 900

    asyncio.run(run())


def test_discarding_old_versions_frees_them_and_fails_their_receivers() -> None:
    async def run() -> None:
        mail = boxes(3000)
        await mail.put(KEY, Value("", bytes(900)))
        taking = asyncio.create_task(mail.take(key(tag="2")))
        putting = asyncio.create_task(mail.put(key(tag="3"), Value("", bytes(900))))
        newer = asyncio.create_task(mail.put(key(version=1), Value("", bytes(900))))
        await settle()
        mail.forget("job", "lr_0", 1)
        for old in (taking, putting):
            with pytest.raises(Conflict, match=r"version 0 of lr_0"):
                await old
        await newer
        assert (await mail.take(key(version=1))).payload == bytes(900)
        assert mail.used("job", "lr_0", HOST) == 0
        for late in (mail.take(KEY), mail.put(KEY, Value("", b"")), mail.accept(chunk("t", 1), [b"x"])):
            with pytest.raises(Conflict):
                await late
        mail.forget("job", "lr_0", 0)
        assert not mail.is_open(KEY)
        assert mail.is_open(key(component="lr_1"))

    asyncio.run(run())


def test_closing_a_job_fails_receivers_and_frees_everything() -> None:
    async def run() -> None:
        mail = boxes(4000)
        await mail.put(KEY, Value("", bytes(900)))
        assert await mail.accept(chunk("t", 700, of=key(tag="1")), [b"x"]) == ChunkAnswer(MORE, 1)
        waiting = [
            asyncio.create_task(mail.take(key(tag="2"))),
            asyncio.create_task(mail.put(key(tag="3"), Value("", bytes(900)))),
            asyncio.create_task(mail.accept(chunk("t", 700, 100, of=key(tag="1")), [b"x"], patience=30)),
        ]
        await settle()
        mail.close_job("job")
        for task in waiting:
            with pytest.raises(Conflict, match="job job"):
                await task
        assert mail.used("job", "lr_0", HOST) == 0

    asyncio.run(run())


def test_a_chunk_and_its_header_share_a_body() -> None:
    whole = chunk("t", 5)
    body = chunk_prefix(whole) + b"hello"
    for pieces in ([body], [body[:2], body[2:9], body[9:]], [bytes([byte]) for byte in body]):
        header, data = split_body(pieces)
        assert (header, b"".join(data)) == (whole, b"hello")
    for broken in ([], [b"\0"], [b"\0\0\0\x05{}"], [b"\0\0\0\x02{}"], [b"\xff\xff\xff\xff" + bytes(100)]):
        with pytest.raises(BadRequest):
            split_body(broken)
    negative = chunk_prefix(chunk("t", -1))
    with pytest.raises(BadRequest):
        split_body([negative])


@given(chunks=st.integers(0, 4), faults=st.lists(st.sampled_from(["lost", "unanswered", "restart"]), max_size=5))
def test_a_value_arrives_once_whatever_the_line_does(chunks: int, faults: list[str]) -> None:
    """lost: the call never arrives; unanswered: it does, its answer does not; restart: the receiver is a new one."""

    async def run() -> None:
        payload = bytes(range(256)) * (CHUNK_SIZE // 256) * chunks + b"end"
        first = chunk("t", len(payload))
        mail = boxes(1 << 30)
        pending = list(faults)
        posts = 0

        async def post(part: Chunk, data: memoryview) -> ChunkAnswer:
            nonlocal mail, posts
            posts += 1
            fault = pending.pop(0) if pending and posts % 2 == 0 else ""
            if fault == "restart":
                if not await has_arrived():
                    mail = boxes(1 << 30)
                raise PartyUnreachable("restarts")
            if fault == "lost":
                raise PartyUnreachable("lost")
            answer = await mail.accept(part, [data], patience=0.01)
            if fault == "unanswered":
                raise PartyUnreachable("unanswered")
            return answer

        async def has_arrived() -> bool:
            return (await mail.accept(first, [], patience=0)).progress is DONE

        await push(first, payload, post, lambda: True)
        assert (await mail.take(KEY)).payload == payload
        assert mail.used("job", "lr_0", HOST) == 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fateflow_tui.runtime.messages.transfer._FIRST_PAUSE", 0.001)
        asyncio.run(run())
