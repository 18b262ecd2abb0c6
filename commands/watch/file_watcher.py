"""The two documents of a job as they are saved: whole, settled, and only when they differ from before."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from fateflow_tui.commands.documents import Sources, read_text
from fateflow_tui.core.errors import BadRequest

_QUIET: Final = 150  # milliseconds without a change after which several are one save
_LONGEST: Final = 1_600  # milliseconds after which changes that do not cease are taken for a save
_LOOK_ANYWAY: Final = 2_000  # milliseconds; some file systems, and folders made anew, report no changes
_GRACE: Final = 1.0  # seconds for which a file may be away: some editors delete it before they write it anew


class Texts(NamedTuple):
    """Both documents."""

    dsl: str
    conf: str


class Saved(NamedTuple):
    """Documents that differ from those before. names: of the files that do."""

    texts: Texts
    names: list[str]


class Unreadable(NamedTuple):
    """A file is away, or is no text. why: names it."""

    why: str


class Saves:
    """Looks at two files. As a context it is told of changes to them, by a thread of its own."""

    def __init__(self, dsl: Path, conf: Path) -> None:
        self.paths = (dsl, conf)
        self._taken: Texts | None = None
        self._changed = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="saves", daemon=True)
        self._away_since: float | None = None
        self._is_away_told = False

    def __enter__(self) -> Self:
        import watchfiles  # noqa: F401  (here, so that the thread listens at once)

        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def first(self) -> Texts:
        """Both documents as they are. Raises BadRequest for a file that cannot be read."""
        self._taken = Texts(*map(read_text, self.paths))
        return self._taken

    def sources(self, texts: Texts) -> Sources:
        """Where problems of the documents are to be placed."""
        return dict(zip(("dsl", "conf"), zip(self.paths, texts, strict=True), strict=True))

    def next(self, timeout: float | None = None) -> Saved | Unreadable | None:
        """The next save, or that a file stays away. None: nothing of that within `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else max(0.0, end - time.monotonic())
            grace = None if self._away_since is None else max(0.0, self._away_since + _GRACE - time.monotonic())
            pauses = [pause for pause in (left, grace) if pause is not None]
            told = self._changed.wait(min(pauses, default=None))
            self._changed.clear()
            found = self._look() if told or grace == 0 else None
            if found is not None or (end is not None and time.monotonic() >= end):
                return found

    def _look(self) -> Saved | Unreadable | None:
        try:
            texts = Texts(*map(read_text, self.paths))
        except BadRequest as error:
            return self._away(error.message)
        is_back = self._is_away_told
        self._away_since, self._is_away_told = None, False
        before = self._taken
        if texts == before and not is_back:
            return None
        self._taken = texts
        names = [
            path.name
            for path, text, old in zip(self.paths, texts, before or (None, None), strict=True)
            if text != old or texts == before
        ]
        return Saved(texts, names)

    def _away(self, why: str) -> Unreadable | None:
        """Told once, and only when it has lasted."""
        if self._is_away_told:
            return None
        if self._away_since is None:
            self._away_since = time.monotonic()
        if time.monotonic() < self._away_since + _GRACE:
            return None
        self._away_since, self._is_away_told = None, True
        return Unreadable(why)

    def _listen(self) -> None:
        """Sets `_changed` after each save; where the system reports none, every other second."""
        from watchfiles import watch

        names = {path.name for given in self.paths for path in (given, given.resolve())}
        folders = {path.parent for given in self.paths for path in (given.absolute(), given.resolve())}
        try:
            for _ in watch(
                *folders,
                watch_filter=lambda _, path: Path(path).name in names,
                debounce=_LONGEST,
                step=_QUIET,
                stop_event=self._stop,
                rust_timeout=_LOOK_ANYWAY,
                yield_on_timeout=True,
                raise_interrupt=False,
                recursive=False,
            ):
                self._changed.set()
        except (OSError, RuntimeError):  # as when the system has no watches left
            while not self._stop.wait(_LOOK_ANYWAY / 1000):
                self._changed.set()
