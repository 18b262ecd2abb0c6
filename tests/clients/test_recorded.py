"""Replays the recorded requests of the published clients, for machines without these clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients.flow_user import FlowSite, demo_files
from tests.clients.recorder import Names
from tests.clients.replay import Replay

pytestmark = pytest.mark.timeout(300)
_RECORDINGS = sorted((Path(__file__).parent / "recorded").glob("*.jsonl"))


@pytest.mark.parametrize("recording", _RECORDINGS, ids=lambda path: path.stem)
def test_every_recorded_request_is_answered_as_it_was(recording: Path, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    names = Names()
    names.keep("folder", str(folder).encode())
    for name, content in demo_files().items():
        (folder / name).write_bytes(content)
        names.keep(f"file:{name}", content)
    site = FlowSite(tmp_path / "home", folder)
    try:
        replay = Replay(site.address, names, folder)
        replay.run(recording)
    finally:
        site.close()
    advice = "when the new answers are right, record again: python tests/clients/record.py"
    assert not replay.differences, "\n".join([*replay.differences, advice])
    assert replay.said > 50


def test_there_is_a_recording_of_each_client() -> None:
    assert [path.stem for path in _RECORDINGS] == ["fate_client-1.11.2", "fate_client-1.6.1"]
