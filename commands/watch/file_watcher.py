"""Watches the two documents of a job, and returns them when they were saved with another content."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from fateflow_tui.commands.documents import Sources, read_text
from fateflow_tui.core.errors import BadRequest

_QUIET: Final = 150  # milliseconds without a change that end a save
_MAX_SAVE: Final = 1_600  # milliseconds after which continuous changes count as a save
_POLL_INTERVAL: Final = 2_000  # milliseconds; some file systems, and recreated directories, report no changes
_GRACE_PERIOD: Final = 1.0  # seconds for which a file may be missing: some editors delete it before writing it


class Texts(NamedTuple):
    """The texts of both documents."""

    dsl: str
    conf: str


class FilesChanged(NamedTuple):
    """The documents have changed. names: the changed files."""

    texts: Texts
    names: list[str]


class FileUnreadable(NamedTuple):
    """A file is missing or not text. why: the message that names it."""

    why: str


class FileWatcher:
    """Watches two files; as a context, from a thread that waits for changes."""

    def __init__(self, dsl: Path, conf: Path) -> None:
        self.paths = (dsl, conf)
        self._current: Texts | None = None
        self._changed = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="file watcher", daemon=True)
        self._missing_since: float | None = None
        self._is_missing_reported = False

    def __enter__(self) -> Self:
        import watchfiles  # noqa: F401  (imported before the thread starts watching)

        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def first(self) -> Texts:
        """Read both documents. Raises BadRequest for a file that cannot be read."""
        self._current = Texts(*map(read_text, self.paths))
        return self._current

    def sources(self, texts: Texts) -> Sources:
        """Return the files and texts for locating problems."""
        return dict(zip(("dsl", "conf"), zip(self.paths, texts, strict=True), strict=True))

    def next(self, timeout: float | None = None) -> FilesChanged | FileUnreadable | None:
        """Wait for the next save, or for a file to be missing too long. Returns None after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            grace = (
                None
                if self._missing_since is None
                else max(0.0, self._missing_since + _GRACE_PERIOD - time.monotonic())
            )
            pauses = [pause for pause in (left, grace) if pause is not None]
            changed = self._changed.wait(min(pauses, default=None))
            self._changed.clear()
            found = self._read() if changed or grace == 0 else None
            if found is not None or (end is not None and time.monotonic() >= end):
                return found

    def _read(self) -> FilesChanged | FileUnreadable | None:
        try:
            texts = Texts(*map(read_text, self.paths))
        except BadRequest as error:
            return self._missing(error.message)
        was_missing = self._is_missing_reported
        self._missing_since, self._is_missing_reported = None, False
        before = self._current
        if texts == before and not was_missing:
            return None
        self._current = texts
        names = [
            path.name
            for path, text, old in zip(self.paths, texts, before or (None, None), strict=True)
            if text != old or texts == before
        ]
        return FilesChanged(texts, names)

    def _missing(self, why: str) -> FileUnreadable | None:
        """Return a missing file once, after the grace period."""
        if self._is_missing_reported:
            return None
        if self._missing_since is None:
            self._missing_since = time.monotonic()
        if time.monotonic() < self._missing_since + _GRACE_PERIOD:
            return None
        self._missing_since, self._is_missing_reported = None, True
        return FileUnreadable(why)

    def _watch(self) -> None:
        """Set `_changed` after each save; every other second where the system reports no changes."""
        from watchfiles import watch

        names = {path.name for given in self.paths for path in (given, given.resolve())}
        folders = {path.parent for given in self.paths for path in (given.absolute(), given.resolve())}
        try:
            for _ in watch(
                *folders,
                watch_filter=lambda _, path: Path(path).name in names,
                debounce=_MAX_SAVE,
                step=_QUIET,
                stop_event=self._stop,
                rust_timeout=_POLL_INTERVAL,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=False,
            ):
                self._changed.set()
        except (OSError, RuntimeError):  # for example when the system has no watches left
            while not self._stop.wait(_POLL_INTERVAL / 1000):
                self._changed.set()
