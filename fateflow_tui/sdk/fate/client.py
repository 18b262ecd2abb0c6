"""The client with its members."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from fateflow_tui.sdk.fate.data import Checkpoint, Component, Data, Table
from fateflow_tui.sdk.fate.jobs import Job, Queue, Task
from fateflow_tui.sdk.fate.models import Model, Privilege, RemoteVersion, Tag, Test
from fateflow_tui.sdk.fate.wire import Wire


class FlowClient:
    """Talks to the scheduler at `http://ip:port/version/`. app_key, secret_key: to sign every call with, as 1.7 does.

    A failure is an answer as well: look at `retcode`; 100 also means that nobody answers.
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
