"""Says recorded requests of the published clients to a site, and compares its answers with what was written down."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

from tests.clients.job_waiting import wait_for_job
from tests.clients.recorder import Names, envelope


class Replay:
    """Goes through a recording line by line; what was different is in `differences`."""

    def __init__(self, address: str, names: Names, folder: Path) -> None:
        """folder: where the user's files are."""
        self._address = address
        self._connection = HTTPConnection(address, timeout=60)
        self._names = names
        self._folder = folder
        self.said = 0
        self.differences: list[str] = []

    def run(self, recording: Path) -> None:
        part = ""
        for number, text in enumerate(recording.read_text().splitlines(), 1):
            line = json.loads(text)
            part = line.get("part", part)
            if "file" in line:
                (self._folder / line["file"]).write_text(line["content"])
            elif "wait" in line and self._names.shown(line["wait"]) == line["wait"]:
                self.differences.append(
                    f"line {number} ({part}): there is no job {line['wait']}; the rest was not said"
                )
                break
            elif "wait" in line:
                wait_for_job(self._address, self._names.shown(line["wait"]), line["statuses"])
            elif "target" in line:
                self._say(f"line {number} ({part})", line)
        self._connection.close()

    def _say(self, where: str, line: dict[str, Any]) -> None:
        job_id = json.loads(self._names.shown(line["body"]))["job_id"] if line.get("ended") else "<<"
        if not job_id.startswith("<<"):
            wait_for_job(self._address, job_id)
        status, content = self._request(line)
        answer = envelope(content)
        if answer is None:
            self._names.keep_answer(content)
        else:
            self._names.learn_as(line.get("learns", []), content.decode())
        self.said += 1
        retcode = None if answer is None else answer["retcode"]
        if (status, retcode) not in [(line["status"], wanted) for wanted in line.get("retcode", [None])]:
            said = content[:300].decode("latin-1") if answer is None else str(answer.get("retmsg"))
            wanted = f"{line['status']} and {line.get('retcode', 'a file')}"
            path = line["target"].partition("?")[0]
            self.differences.append(f"{where}: {path}: {wanted} was written down, now {status} and {retcode}: {said}")

    def _request(self, line: dict[str, Any]) -> tuple[int, bytes]:
        headers = {"Content-Type": line["type"]} if "type" in line else {}
        body = self._names.shown(line.get("body", "")).encode("latin-1")
        return self._send(line["method"], self._names.shown(line["target"]), body, headers)

    def _send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self._connection.request(method, target, body=body or None, headers={**headers, "Accept": "*/*"})
        response: HTTPResponse = self._connection.getresponse()
        return response.status, response.read()
