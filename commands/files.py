"""Answers that are written to files on this machine."""

from __future__ import annotations

import json
import tarfile
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fateflow_tui.commands import fate
from fateflow_tui.commands.context import Session
from fateflow_tui.core.errors import FateFlowError


def write_documents(folder: Path, documents: Mapping[str, Any]) -> None:
    """Write each document to NAME.json. Raises FateFlowError when the directory cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in documents.items():
            (folder / f"{name}.json").write_text(_indented(document), encoding="utf-8")
    except OSError as error:
        raise FateFlowError(f"cannot write to {folder}: {error.strerror}") from error


def answer_document(session: Session, path: str, body: Mapping[str, Any], folder: Path | None, name: str) -> None:
    """Request a document and print it; with a directory, write it to NAME_TIME.json there and print the path as
    FATE's client does.
    """
    envelope = fate.request(session, path, body)
    if envelope["retcode"] != 0 or folder is None:
        fate.print_answer(session, envelope, lambda data: session.output.write(_indented(data) + "\n"))
        return
    stem = f"{name}_{time.strftime('%Y%m%d%H%M%S')}"
    write_documents(folder, {stem: envelope.pop("data", {})})
    file = folder.expanduser().absolute() / f"{stem}.json"
    envelope |= {"file": str(file), "directory": str(file.parent), "retmsg": f"success. File path is: {file}"}
    fate.print_answer(session, envelope, lambda _: session.output.lines([str(file)]), name=str(file))


def fetch_archive(session: Session, path: str, body: Mapping[str, Any], folder: Path, method: str = "GET") -> None:
    """Download a tar archive, unpack it into a directory, and print the answer of FATE's client."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as spool:
            archive = session.flow.fetch(path, body, Path(spool) / "archive.tar.gz", method)
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


def _indented(document: Any) -> str:
    return json.dumps(document, indent=4, ensure_ascii=False)
