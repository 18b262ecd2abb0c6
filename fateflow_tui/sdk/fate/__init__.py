"""A client with the names of FATE's own SDK, for programs written for it; answers are decoded JSON envelopes.

from fateflow_tui.sdk import FlowClient

client = FlowClient("127.0.0.1", 9380, "v1")
print(client.job.submit({"initiator": ...}, {"components": ...})["jobId"])

Arguments may be passed as in 1.6 (paths of JSON files) or as in 1.11 (objects). Use `FateFlow` for new programs.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from fateflow_tui.sdk.fate.data import Checkpoint, Component, Data, Table
from fateflow_tui.sdk.fate.jobs import Job, Queue, Task
from fateflow_tui.sdk.fate.models import Model, Privilege, RemoteVersion, Tag, Test
from fateflow_tui.sdk.fate.wire import Wire


class FlowClient:
    """A client of the scheduler at `http://ip:port/version/`. app_key, secret_key: sign every call, as 1.7 does.

    Failures are answers too, with a `retcode` other than 0; 100 also when no scheduler answers.
    """

    def __init__(
        self,
        ip: str,
        port: int | str,
        version: str,
        app_key: str | None = None,
        secret_key: str | None = None,
    ) -> None:
        self._wire = wire = Wire(f"http://{ip}:{port}/{version}/", app_key or "", secret_key or "")
        self.job = Job(wire)
        self.task = Task(wire)
        self.queue = Queue(wire)
        self.component = Component(wire)
        self.checkpoint = Checkpoint(wire)
        self.data = Data(wire)
        self.table = Table(wire)
        self.model = Model(wire)
        self.tag = Tag(wire)
        self.privilege = Privilege(wire)
        self.priviledge = self.privilege  # as 1.6 wrote it
        self.remote_version = RemoteVersion(wire)
        self.test = Test(wire)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()
