"""Processes that read tables: kept between questions, replaced when they are gone."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fateflow_tui.core.errors import FateFlowError, NotFound
from fateflow_tui.server.tables import process
from fateflow_tui.server.tables.reading import previews


@pytest.fixture(autouse=True)
def _none_kept() -> Iterator[None]:
    yield
    process._end_all()


def _pids() -> set[int]:
    return {reader._process.pid for reader in process._idle}


def _absent(root: Path) -> None:
    with pytest.raises(NotFound, match="table 'c' not found"):
        asyncio.run(previews(root, [("a", "b", "c")]))


def test_a_process_answers_one_question_after_the_other(tmp_path: Path) -> None:
    _absent(tmp_path)
    first = _pids()
    _absent(tmp_path)
    assert _pids() == first
    assert len(first) == 1


def test_one_that_is_gone_is_replaced(tmp_path: Path) -> None:
    _absent(tmp_path)
    first = _pids()
    for reader in process._idle:
        reader.kill()
    _absent(tmp_path)
    assert len(_pids()) == 1
    assert _pids().isdisjoint(first)


def test_many_questions_at_once_leave_few_processes(tmp_path: Path) -> None:
    async def ask() -> list[object]:
        questions = [previews(tmp_path, [("a", "b", "c")]) for _ in range(12)]
        return await asyncio.gather(*questions, return_exceptions=True)

    outcomes = asyncio.run(ask())
    assert [type(outcome) for outcome in outcomes] == [NotFound] * 12
    assert 1 <= len(_pids()) <= 2


def test_an_error_is_reported_and_the_process_keeps_running(tmp_path: Path) -> None:
    async def ask() -> None:
        with tempfile.TemporaryFile() as output:
            await process.ask("fateflow_tui.server.tables.reading:write_rows", b"no JSON", output)

    with pytest.raises(FateFlowError, match="the table could not be read: DecodeError"):
        asyncio.run(ask())
    assert len(_pids()) == 1


def test_a_question_that_is_given_up_leaves_nothing_behind(tmp_path: Path) -> None:
    async def ask() -> None:
        for turns in range(4):
            asking = asyncio.ensure_future(previews(tmp_path, [("a", "b", "c")]))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(ask())
    _absent(tmp_path)
    assert len(_pids()) == 1
