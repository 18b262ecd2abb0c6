"""The dashboard on a real scheduler: what its screens show as text, and golden copies of that."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.integration.clusters import RunningSite, sleep_job, standalone
from tests.tui.job_jobs import upload_tables
from tests.tui.reading import ROLES, Dash, connected
from tests.tui.trained import Trained, train


@pytest.fixture(autouse=True)
def own_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or changes the user's keys and layout."""
    monkeypatch.setenv("FATEFLOW_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("FATEFLOW_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A scheduler that tests may do anything with. It begins with an upload, a job that succeeded, one that failed and
    one that was stopped, in that order.
    """
    with standalone(tmp_path_factory.mktemp("dash") / "site-a") as running:
        _fill(running)
        yield running


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """The same, for golden copies: nobody changes it."""
    with standalone(tmp_path_factory.mktemp("gallery") / "site-a") as running:
        _fill(running)
        yield running


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    """A scheduler for the tests of one job's screen, which submit jobs of their own; see `job_jobs`."""
    with standalone(tmp_path_factory.mktemp("dash-job") / "site-b") as running:
        upload_tables(running)
        yield running


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """A scheduler with two trained versions of a model, one of which is deployed. Each module has its own: some submit
    jobs, which the golden copies of others would show.
    """
    with standalone(tmp_path_factory.mktemp("trained") / "site-b") as running:
        yield train(running)


@pytest.fixture
def dash(site: RunningSite) -> Callable[..., AbstractAsyncContextManager[Dash]]:
    """`async with dash((80, 24)) as pilot:` the dashboard on the site of the session, connected."""

    @asynccontextmanager
    async def opened(size: tuple[int, int] = (140, 45), home: Path | None = None) -> AsyncIterator[Pilot[None]]:
        async with connected(home or site.home, size) as pilot:
            yield pilot

    return opened


def _fill(running: RunningSite) -> None:
    flow = running.flow
    people = running.home.parent / "people.csv"
    people.write_text("id,x\n1,2\n3,4\n")
    with pytest.MonkeyPatch.context() as patch:  # who submits is to be the same everywhere
        patch.setenv("LOGNAME", "anna")
        patch.setattr("socket.gethostname", lambda: "lab")
        running.upload("people", people)
        done = flow.submit(*sleep_job(3, ROLES)).job_id
        flow.wait(done, timeout=60)
        failed = flow.submit(*_failing()).job_id
        flow.wait(failed, timeout=60)
        stopped = flow.submit(*sleep_job(2, ROLES, seconds=30)).job_id
        flow.stop(stopped)
        flow.wait(stopped, timeout=60)


def _failing() -> tuple[dict[str, object], dict[str, object]]:
    """A job whose DataIO looks for a label that its table has not."""
    dsl = {
        "components": {
            "reader_0": {"module": "Reader", "output": {"data": ["data"]}},
            "dataio_0": {
                "module": "DataIO",
                "input": {"data": {"data": ["reader_0.data"]}},
                "output": {"data": ["data"]},
            },
        }
    }
    table = {"namespace": "experiment", "name": "people"}
    conf = {
        "dsl_version": 2,
        "initiator": {"role": "guest", "party_id": 9999},
        "role": {"guest": [9999]},
        "job_parameters": {"common": {}},
        "component_parameters": {
            "common": {"dataio_0": {"with_label": True, "label_name": "nope"}},
            "role": {"guest": {"0": {"reader_0": {"table": table}}}},
        },
    }
    return dsl, conf


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs tests that are coroutines."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
