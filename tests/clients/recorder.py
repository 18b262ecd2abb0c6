"""Writes down what a client says to a server: a proxy between the two, and the form in which its requests are kept.

What differs from run to run is kept by name: `<<id_3>>` is the third job or model version that an answer showed,
`<<table_1>>` the first table made by a component, `<<folder>>` the client's working folder, `<<file:guest.csv>>` the
content of a file there, `<<answer_2>>` a file that the server sent. So the requests can be replayed against another
server (replay.py).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.clients.job_waiting import ENDED

_IDENTIFIERS = {
    # of jobs and model versions: a date, a time and a counter
    "id": re.compile(r"(?<![0-9])20[0-9]{18,23}(?![0-9])"),
    # of tables that components make
    "table": re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"),
}
_SIGNED = "SIGNATURE"


class Names:
    """The names of what differs from run to run: identifiers in their order of appearance, folders, contents."""

    def __init__(self) -> None:
        self._identifiers: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}

    def learn(self, answer: str) -> list[str]:
        """Names the identifiers in an answer that have not been seen before, and gives the new names."""
        new = []
        for kind in _IDENTIFIERS:
            first = 1 + sum(name.startswith(f"{kind}_") for name in self._identifiers)
            new += [f"{kind}_{number}" for number, _ in enumerate(self._unknown(kind, answer), first)]
        self.learn_as(new, answer)
        return new

    def learn_as(self, names: list[str], answer: str) -> None:
        """Gives these names to the identifiers in an answer that have not been seen before, in their order."""
        for kind in _IDENTIFIERS:
            own = [name for name in names if name.startswith(f"{kind}_")]
            self._identifiers.update(zip(own, self._unknown(kind, answer), strict=False))

    def _unknown(self, kind: str, answer: str) -> list[str]:
        found = dict.fromkeys(_IDENTIFIERS[kind].findall(answer))
        return [value for value in found if value not in self._identifiers.values()]

    def keep(self, name: str, content: bytes) -> None:
        self._contents[name] = content

    def keep_answer(self, content: bytes) -> None:
        self.keep(f"answer_{sum(name.startswith('answer_') for name in self._contents) + 1}", content)

    def hidden(self, text: str) -> str:
        """Text (one character for a byte) with names for what differs."""
        for name, value in self._pairs():
            text = text.replace(value, f"<<{name}>>")
        return text

    def shown(self, text: str) -> str:
        """The reverse of `hidden`."""
        for name, value in reversed(self._pairs()):
            text = text.replace(f"<<{name}>>", value)
        return text

    def _pairs(self) -> list[tuple[str, str]]:
        contents = [(name, content.decode("latin-1")) for name, content in self._contents.items()]
        # The longest first, so that no content is torn apart by a name of something within it.
        contents.sort(key=lambda pair: -len(pair[1]))
        return [*contents, *self._identifiers.items()]


class Recorder:
    """A proxy on a port of its own that writes down all requests, with what the answer to each was."""

    def __init__(self, target: str) -> None:
        self._target = target.removeprefix("http://")
        self._lines: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self.names = Names()
        recorder = self

        class Handler(_Handler):
            def forward(self, body: bytes) -> None:
                recorder._forward(self, body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @contextmanager
    def running(self) -> Iterator[Recorder]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def note(self, title: str) -> None:
        """Begins a part: a test."""
        self._lines.append({"part": title})

    def file(self, name: str, content: str) -> None:
        """Writes down a file that the user has made in the working folder, which the server may read."""
        self._lines.append({"file": name, "content": content})

    def wait(self, job_id: str, statuses: Sequence[str]) -> None:
        """Writes down that the user waits here for a job."""
        self._lines.append({"wait": self.names.hidden(job_id), "statuses": list(statuses)})

    def save(self, path: Path, without: frozenset[str] = frozenset()) -> None:
        """Writes the file, without the parts that are named."""
        part, kept = "", []
        for line in self._lines:
            part = line.get("part", part)
            if part not in without:
                kept.append({key: value for key, value in line.items() if value not in (None, False, "", [])})
        path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in kept))

    def _forward(self, handler: _Handler, body: bytes) -> None:
        connection = HTTPConnection(self._target, timeout=100)
        headers = {key: value for key, value in handler.headers.items() if key.lower() != "connection"}
        connection.request(handler.command, handler.path, body=body or None, headers=headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        self._write_down(handler, body, response.status, content)
        handler.send_response(response.status)
        for key, value in response.getheaders():
            if key.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                handler.send_header(key, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _write_down(self, handler: _Handler, body: bytes, status: int, content: bytes) -> None:
        if handler.headers.get(_SIGNED):
            return  # it is good for a minute only
        line: dict[str, Any] = {
            "method": handler.command,
            "target": self.names.hidden(handler.path),
            "type": handler.headers.get("Content-Type"),
            "body": self.names.hidden(body.decode("latin-1")),
            "status": status,
        }
        answer = envelope(content)
        if answer is None:
            self.names.keep_answer(content)
        else:
            # Whether tasks run at this moment is not the same the next time.
            line["retcode"] = [0, 101] if _asks_what_runs(line) else [answer["retcode"]]
            line["learns"] = self.names.learn(content.decode())
            line["ended"] = _says_it_ended(line, answer)
        with self._lock:
            # A client that waits asks for its job, and perhaps for the running tasks, in turn.
            turn = self._lines[-2:] if self._lines and _asks_for_progress(self._lines[-1]) else []
            repeated = [before for before in turn if _same(before, line)]
            if repeated:
                repeated[0]["ended"] |= line["ended"]
            else:
                self._lines.append(line)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self, body: bytes) -> None:
        raise NotImplementedError

    def do_POST(self) -> None:
        self.forward(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    do_GET = do_POST  # noqa: N815

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


def envelope(content: bytes) -> dict[str, Any] | None:
    """FATE-Flow's answer in a body, None for a file."""
    try:
        document = json.loads(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) and "retcode" in document else None


def _asks_for_progress(line: dict[str, Any]) -> bool:
    return str(line.get("target")).endswith(("/job/query", "/job/task/query"))


def _asks_what_runs(line: dict[str, Any]) -> bool:
    return line["target"].endswith("/job/task/query") and '"running"' in line["body"]


def _says_it_ended(line: dict[str, Any], answer: dict[str, Any]) -> bool:
    """Whether this is a question for one job, and the job has ended."""
    jobs: list[dict[str, Any]] = (
        answer.get("data", []) if line["target"].endswith("/job/query") and '"job_id"' in line["body"] else []
    )
    return bool(jobs) and all(job["f_status"] in ENDED for job in jobs)


def _same(before: dict[str, Any], line: dict[str, Any]) -> bool:
    """Whether a client that waits repeats a request, whatever the answers were."""
    return _asks_for_progress(line) and all(before.get(key) == line[key] for key in ("method", "target", "body"))
