"""Sites and users for the tests with published clients; how their requests are recorded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.client import new_client
from tests.clients.environment import VERSIONS
from tests.clients.flow_user import FlowSite, FlowUser, Trained
from tests.clients.recorder import Recorder

# Where the requests are to be written down (record.py), if they are.
_RECORDINGS = os.environ.get("FATEFLOW_CLIENT_RECORDINGS")
_recorders: dict[str, Recorder] = {}
_failed: set[str] = set()


@pytest.fixture(scope="session", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """Each published client in turn."""
    found: str = request.param
    return found


@pytest.fixture(scope="session")
def user(version: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlowUser]:
    """A user of one client with a site of its own."""
    root = tmp_path_factory.mktemp("user")
    client = new_client(version, root / "client")
    site = FlowSite(root / "home", client.folder)
    with ExitStack() as stack:
        stack.callback(site.close)
        recorder = stack.enter_context(Recorder(site.address).running()) if _RECORDINGS else None
        if recorder:
            _recorders[version] = recorder
        yield FlowUser(client, site, recorder)
        if recorder and _RECORDINGS:
            recorder.save(Path(_RECORDINGS) / f"fate_client-{version}.jsonl", frozenset(_failed))


@pytest.fixture(scope="session")
def trained(user: FlowUser) -> Trained:
    """The demo's tables and its job, which has succeeded."""
    return Trained(user)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tells the recordings which test speaks."""
    for recorder in _recorders.values():
        recorder.note(item.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Remembers which tests failed: what they said is not kept."""
    report = yield
    if call.excinfo is not None and not isinstance(call.excinfo.value, pytest.skip.Exception):
        _failed.add(item.name)
    return report
