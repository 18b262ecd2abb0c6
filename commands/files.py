"""Answers that become files on this machine."""

from __future__ import annotations

import json
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commands.context import Session
from fateflow_tui.core.errors import FateFlowError


def write_documents(folder: Path, documents: Mapping[str, Any]) -> None:
    """Each document as NAME.json. Raises FateFlowError when the folder cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in documents.items():
            (folder / f"{name}.json").write_text(json.dumps(document, indent=4, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise FateFlowError(f"cannot write to {folder}: {error.strerror}") from error


def fetch_archive(session: Session, path: str, body: Mapping[str, Any], folder: Path) -> None:
    """Fetches a tar archive, unpacks it into a folder and answers as FATE's client does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as spool:
            archive = session.flow.fetch(path, body, Path(spool) / "archive.tar.gz")
            with tarfile.open(archive, "r:gz") as tar:
                tar.extractall(folder, filter="data")
    except OSError as error:
        raise FateFlowError(f"cannot write to {folder}: {error.strerror}") from error
    answer = {
        "retcode": 0,
        "directory": str(folder),
        "retmsg": f"download successfully, please check {folder} directory",
    }
    if session.output.is_table:
        session.output.lines([str(folder)])
    else:
        session.output.answer(answer, str(folder))
