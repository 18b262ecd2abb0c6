"""Logs of jobs and tasks: who writes which file, and one line's form.

    2026-11-24T01:57:36.123+01:00 INFO    guest:9999 hetero_lr_0 | iteration 3: loss 0.41

A record is written by one call, so that several processes may append to one file. Further lines of a record (a
traceback) do not begin with a time.
"""

from __future__ import annotations

import logging
import os
import traceback
from datetime import datetime
from pathlib import Path
from typing import Final

from fateflow_tui.artifacts.home import Home
from fateflow_tui.core.ids import Party

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
SCHEDULE_LOG: Final = "fate_flow_schedule.log"
SCHEDULE_ERROR_LOG: Final = "fate_flow_schedule_error.log"
STD_LOG: Final = "std.log"  # what a worker's libraries print
STACKS: Final = "stacks.txt"  # the stacks of a worker's threads, when it was asked for them


def format_line(seconds: float, level: str, party: str, component: str, message: str) -> str:
    """One record. seconds: since the epoch. An empty party or component is written ``-``."""
    moment = datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")
    return f"{moment} {level:<7} {party or '-'} {component or '-'} | {message}\n"


class LogFile:
    """A file that is appended to, one write call per record, and made at the first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def append(self, text: str) -> None:
        if self._descriptor is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        os.write(self._descriptor, text.encode(errors="backslashreplace"))

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class TaskLogHandler(logging.Handler):
    """A worker's log: `<LEVEL>.log` holds this level and the worse ones, in the task's directory and in its party's."""

    def __init__(self, home: Home, job_id: str, party: Party, component: str) -> None:
        super().__init__()
        self.directory = home.task_logs(job_id, party, component)
        self._files = {
            level: [LogFile(place / f"{level}.log") for place in (self.directory, self.directory.parent)]
            for level in LEVELS
        }
        self._party = str(party)
        self._component = component

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
            if record.exc_info:
                message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
            name = "ERROR" if record.levelno >= logging.ERROR else record.levelname
            line = format_line(record.created, name, self._party, self._component, message)
            for level, files in self._files.items():
                if record.levelno >= logging.getLevelNamesMapping()[level]:
                    for file in files:
                        file.append(line)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        for files in self._files.values():
            for file in files:
                file.close()
        super().close()


class JobLog:
    """The scheduler's own lines about one job; errors also go to a file of their own."""

    def __init__(self, home: Home, job_id: str) -> None:
        directory = home.job_logs(job_id)
        self._all = LogFile(directory / SCHEDULE_LOG)
        self._errors = LogFile(directory / SCHEDULE_ERROR_LOG)

    def write(self, seconds: float, level: str, message: str, *, party: str = "", component: str = "") -> None:
        """level: DEBUG, INFO, WARNING or ERROR. seconds: since the epoch."""
        line = format_line(seconds, level, party, component, message)
        self._all.append(line)
        if level == "ERROR":
            self._errors.append(line)

    def close(self) -> None:
        self._all.close()
        self._errors.close()
