"""The site's own log, `logs/fate_flow/fate_flow.log`: what concerns no job, one line's form as in job logs."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from fateflow_tui.artifacts.logs import format_line

SITE_LOG = "fate_flow.log"
_SIZE = 10 << 20
_KEPT = 5


class _LineFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        message = f"{record.name}: {record.getMessage()}"
        if record.exc_info:
            message += f"\n{self.formatException(record.exc_info)}"
        level = "ERROR" if record.levelno >= logging.ERROR else record.levelname
        return format_line(record.created, level, "", "", message).removesuffix("\n")


def log_to(directory: Path) -> None:
    """Sends all log records of this process to the site's log, which is cut into five files of 10 MiB."""
    directory.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(directory / SITE_LOG, maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8")
    handler.setFormatter(_LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every request
