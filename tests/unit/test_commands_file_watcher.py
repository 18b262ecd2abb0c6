"""FileWatcher on two files as editors write them: several saves at once, by renaming, with a file missing briefly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fateflow_tui.commands.watch import file_watcher
from fateflow_tui.commands.watch.file_watcher import FilesChanged, FileUnreadable, FileWatcher, Texts
from fateflow_tui.core.errors import BadRequest

_TIMEOUT = 20.0  # seconds


@pytest.fixture
def _frequent_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a change that comes before the thread has begun to watch, and is found by the next poll."""
    monkeypatch.setattr(file_watcher, "_POLL_INTERVAL", 300)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[FileWatcher]:
    (tmp_path / "dsl.json").write_text("dsl 0")
    (tmp_path / "conf.json").write_text("conf 0")
    watcher = FileWatcher(tmp_path / "dsl.json", tmp_path / "conf.json")
    with watcher:
        assert watcher.first() == Texts("dsl 0", "conf 0")
        yield watcher


def test_rapid_saves_of_both_files_are_one(files: FileWatcher, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / "dsl.json").write_text(f"dsl {number}")
        (tmp_path / "conf.json").write_text(f"conf {number}")
    assert files.next(_TIMEOUT) == FilesChanged(Texts("dsl 19", "conf 19"), ["dsl.json", "conf.json"])
    assert files.next(0.5) is None


def test_saving_without_a_change_is_ignored(files: FileWatcher, tmp_path: Path) -> None:
    (tmp_path / "dsl.json").write_text("dsl 0")
    assert files.next(0.5) is None
    (tmp_path / "conf.json").write_text("conf 1")
    assert files.next(_TIMEOUT) == FilesChanged(Texts("dsl 0", "conf 1"), ["conf.json"])


@pytest.mark.usefixtures("_frequent_polls")
def test_an_editor_may_write_beside_and_rename(files: FileWatcher, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / ".conf.json.swp").write_text(f"conf {number}")
        os.replace(tmp_path / ".conf.json.swp", tmp_path / "conf.json")
        assert files.next(_TIMEOUT) == FilesChanged(Texts("dsl 0", f"conf {number}"), ["conf.json"])


def test_a_file_may_be_missing_briefly(files: FileWatcher, tmp_path: Path) -> None:
    (tmp_path / "dsl.json").rename(tmp_path / "dsl.json~")
    assert files.next(0.3) is None
    (tmp_path / "dsl.json").write_text("dsl 1")
    assert files.next(_TIMEOUT) == FilesChanged(Texts("dsl 1", "conf 0"), ["dsl.json"])


@pytest.mark.usefixtures("_frequent_polls")
def test_a_missing_file_is_reported_once_and_its_return_is_a_save(files: FileWatcher, tmp_path: Path) -> None:
    (tmp_path / "dsl.json").rename(tmp_path / "elsewhere.json")
    found = files.next(_TIMEOUT)
    assert isinstance(found, FileUnreadable)
    assert found.why == f"cannot read {tmp_path / 'dsl.json'}: No such file or directory"
    assert files.next(0.3) is None
    (tmp_path / "elsewhere.json").rename(tmp_path / "dsl.json")
    assert files.next(_TIMEOUT) == FilesChanged(Texts("dsl 0", "conf 0"), ["dsl.json", "conf.json"])


@pytest.mark.usefixtures("_frequent_polls")
def test_a_file_that_is_not_text_is_reported(files: FileWatcher, tmp_path: Path) -> None:
    (tmp_path / "conf.json").write_bytes(b"\xff")
    found = files.next(_TIMEOUT)
    assert isinstance(found, FileUnreadable)
    assert "not UTF-8" in found.why
    (tmp_path / "conf.json").write_text("conf 1")
    assert files.next(_TIMEOUT) == FilesChanged(Texts("dsl 0", "conf 1"), ["conf.json"])


@pytest.mark.usefixtures("_frequent_polls")
def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "conf.json").write_text("conf 0")
    (tmp_path / "dsl.json").write_text("dsl 0")
    (tmp_path / "conf.json").symlink_to(tmp_path / "real" / "conf.json")
    with FileWatcher(tmp_path / "dsl.json", tmp_path / "conf.json") as files:
        files.first()
        (tmp_path / "real" / "conf.json").write_text("conf 1")
        assert files.next(_TIMEOUT) == FilesChanged(Texts("dsl 0", "conf 1"), ["conf.json"])


@pytest.mark.usefixtures("_frequent_polls")
def test_a_directory_may_be_recreated(tmp_path: Path) -> None:
    folder, new = tmp_path / "folder", tmp_path / "new"
    for made, text in ((folder, "0"), (new, "1")):
        made.mkdir()
        for name in ("dsl.json", "conf.json"):
            (made / name).write_text(text)
    with FileWatcher(folder / "dsl.json", folder / "conf.json") as files:
        files.first()
        folder.rename(tmp_path / "old")
        new.rename(folder)
        found = files.next(_TIMEOUT)
        found = files.next(_TIMEOUT) if isinstance(found, FileUnreadable) else found
        assert isinstance(found, FilesChanged)
        assert found.texts == Texts("1", "1")


def test_both_files_must_exist_at_first(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="No such file"):
        FileWatcher(tmp_path / "dsl.json", tmp_path / "conf.json").first()
