"""Sites that serve models and do nothing else, on real sockets of this machine, and a small model for them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
import polars as pl
import uvicorn

from fateflow_tui.artifacts.home import Home
from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.catalog import load_catalog
from fateflow_tui.core.ids import Party
from fateflow_tui.core.models import Pipeline
from fateflow_tui.registry import Part, Registry
from fateflow_tui.runtime.messages.bus import MessageBus
from fateflow_tui.runtime.peers.authenticator import PeerAuthenticator
from fateflow_tui.runtime.peers.client import Peers
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.peers.routes import RouteTable
from fateflow_tui.runtime.serving.messages import ShareAnswer, ShareRequest
from fateflow_tui.runtime.serving.serving import ServingService
from fateflow_tui.runtime.site_config import ServingLimits, SiteConfig
from fateflow_tui.server.address import Address
from fateflow_tui.server.app import create_app
from fateflow_tui.store.collections import open_collection

GUEST, HOST, SECOND_HOST = Party("guest", "9999"), Party("host", "10000"), Party("host", "10001")
MODEL, VERSION = "arbiter-10000#guest-9999#host-10000_10001#model", "202611240000000000001"

PREDICT_DSL: dict[str, Any] = {
    "components": {
        "reader_0": {"module": "Reader", "output": {"data": ["data"]}},
        "dataio_0": {
            "module": "DataIO",
            "input": {"data": {"data": ["reader_0.data"]}, "model": ["pipeline.dataio_0.dataio"]},
            "output": {"data": ["data"]},
        },
        "intersection_0": {
            "module": "Intersection",
            "input": {"data": {"data": ["dataio_0.data"]}},
            "output": {"data": ["data"]},
        },
        "hetero_lr_0": {
            "module": "HeteroLR",
            "input": {"data": {"test_data": ["intersection_0.data"]}, "model": ["pipeline.hetero_lr_0.hetero_lr"]},
            "output": {"data": ["data"]},
        },
        "evaluation_0": {"module": "Evaluation", "input": {"data": {"data": ["hetero_lr_0.data"]}}},
    }
}
WEIGHTS: Mapping[Party, Mapping[str, float]] = {
    GUEST: {"x0": 0.5, "x1": -1.0},
    HOST: {"z0": 2.0},
    SECOND_HOST: {"z1": -0.25, "z2": 1.5},
}
INTERCEPT = 0.125


class ServingSite:
    """One site: what serves, and its server while `running`. Made anew on the same home, it is as after a restart."""

    def __init__(self, home: Path, parties: list[str], port: int = 0, timeout: float = 5.0) -> None:
        self.home = Home(home)
        self.config = SiteConfig(name=home.name, parties=parties, serving=ServingLimits(timeout))
        self.name, self.started_at = home.name, 0
        self.tables, self.catalog, self.registry = Tables(self.home.tables), load_catalog(), Registry(self.home.models)
        self.key = SiteKey.load_or_create(self.home.keys / "site.pem")
        self.routes = RouteTable(open_collection(home, "parties"))
        self.authenticator = PeerAuthenticator(self.config, self.key, self.routes)
        self.peers = Peers(self.config, self.key, self.routes)
        self.bus = MessageBus(self.config, self.peers, self)
        self.serving = ServingService(
            self.config,
            self.home,
            self.catalog,
            self.tables,
            self.peers,
            self.registry.part,
            lambda name: open_collection(home, name),
        )
        self.asked: list[tuple[Party, ShareRequest]] = []
        self._socket = socket.create_server(("127.0.0.1", port), backlog=100)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def variable(self, *_: Any) -> None:
        """No job is under way here."""

    def has_ended(self, job_id: str) -> bool:
        return False

    async def on_share(self, source: Party, request: ShareRequest) -> ShareAnswer:
        self.asked.append((source, request))
        return await self.serving.share(source, request)

    def know(self, party: Party, other: ServingSite) -> None:
        self.routes.add(str(party), other.url, other.key.public)

    def give(self, party: Party, name: str, rows: Mapping[str, list[str]]) -> None:
        """A table of the party, as uploaded; in the place of one of that name."""
        frame = pl.DataFrame(dict(rows), schema=dict.fromkeys(rows, pl.String))
        with self.tables.create("online", name, replace=True, created_at=len(self.asked) + frame.height) as writer:
            writer.write(frame)

    def load(self, party: Party, **changes: Any) -> Part:
        part = register(self.registry, party, **changes)
        self.serving.load(part)
        return part

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[ServingSite]:
        app = create_app(self, Address(host="127.0.0.1", port=self.port, token="-"))  # type: ignore[arg-type]
        settings = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
        server = uvicorn.Server(settings)
        with _signals_left_alone():
            serving = asyncio.create_task(server.serve(sockets=[self._socket]))
            try:
                yield self
            finally:
                await self.serving.close()
                await self.peers.close()
                server.should_exit = server.force_exit = True
                await serving

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=20) as client:
            answer = await client.post(self.url + path, content=msgspec.json.encode(body))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def infer(self, features: Any, ids: Any = None, service: str = "credit") -> dict[str, Any]:
        ids = {"id": "a"} if ids is None else ids
        body = {"featureData": features, "sendToRemoteFeatureData": ids}
        return await self.post("/federation/1.0/inference", {"head": {"serviceId": service}, "body": body})


@contextlib.contextmanager
def _signals_left_alone() -> Iterator[None]:
    """Several servers run in this process, none of which may have its signals."""
    original = uvicorn.Server.capture_signals
    uvicorn.Server.capture_signals = lambda self: contextlib.nullcontext()  # type: ignore[method-assign,assignment,misc]
    try:
        yield
    finally:
        uvicorn.Server.capture_signals = original  # type: ignore[method-assign]


def models_of(party: Party, weights: Mapping[Party, Mapping[str, float]] = WEIGHTS) -> list[ComponentModel]:
    """What a party learned: every column a number, missing ones 7."""
    weight = weights[party]
    header = list(weight)
    words = ["", "NA"]
    data_io = ComponentModel(
        "dataio_0",
        "DataIO",
        {
            "header": header,
            "sidName": "id",
            "labelName": "y",
            "imputerParam": {
                "missingReplaceValue": dict.fromkeys(header, "7"),
                "missingValueRatio": dict.fromkeys(header, 0),
            },
            "outlierParam": {"outlierReplaceValue": {}, "outlierValueRatio": {}},
        },
        {
            "inputFormat": "dense",
            "delimitor": ",",
            "dataType": "float64",
            "exclusiveDataType": {},
            "tagWithValue": False,
            "tagValueDelimitor": ":",
            "withLabel": party == GUEST,
            "labelName": "y",
            "labelType": "int",
            "outputFormat": "dense",
            "needRun": True,
            "imputerMeta": {"isImputer": True, "missingValue": words, "strategy": "designated"},
            "outlierMeta": {"isOutlier": False, "outlierValue": [], "strategy": ""},
        },
        "dataio",
    )
    intercept = INTERCEPT if party == GUEST else 0.0
    parameters = {"header": header, "weight": dict(weight), "intercept": intercept, "iters": 3, "isConverged": True}
    lr = ComponentModel("hetero_lr_0", "HeteroLR", parameters, {"fitIntercept": party == GUEST}, "hetero_lr")
    return [data_io, lr]


def register(
    registry: Registry,
    party: Party,
    *,
    hosts: tuple[Party, ...] = (HOST, SECOND_HOST),
    version: str = VERSION,
    models: list[ComponentModel] | None = None,
    predict_dsl: dict[str, Any] | None = None,
    parts: Mapping[str, str] | None = None,
) -> Part:
    """A party's part of the model, as deploying it would have made it. parts: the digests of other parties' parts."""
    pipeline = Pipeline(
        party=party,
        model_id=MODEL,
        model_version=version,
        roles={"guest": [9999], "host": [int(host.party_id) for host in hosts], "arbiter": [10000]},
        initiator=GUEST,
        train_dsl=PREDICT_DSL,
        train_conf={"dsl_version": 2},
        conf_on_party={},
        predict_dsl=PREDICT_DSL if predict_dsl is None else predict_dsl,
        parent=False,
    )
    contents = [(model, msgspec.json.encode(model)) for model in (models if models is not None else models_of(party))]
    staged = registry.stage(pipeline, contents)
    return registry.publish(staged, {**(parts or {}), str(party): staged.digest})


@contextlib.asynccontextmanager
async def three_parties(
    folder: Path, timeout: float = 5.0
) -> AsyncIterator[tuple[ServingSite, ServingSite, ServingSite]]:
    """The guest's site and two hosts' sites; the model is loaded everywhere, its service is `credit`, and rows a and b
    can be looked up.
    """
    sites = (
        ServingSite(folder / "guest", ["guest:9999"], timeout=timeout),
        ServingSite(folder / "host", ["host:10000"], timeout=timeout),
        ServingSite(folder / "second", ["host:10001"], timeout=timeout),
    )
    guest, host, second = sites
    for party, site in ((HOST, host), (SECOND_HOST, second)):
        guest.know(party, site)
        site.know(GUEST, guest)
    async with guest.running(), host.running(), second.running():
        guest.load(GUEST)
        host.load(HOST)
        second.load(SECOND_HOST)
        guest.serving.bind("credit", GUEST, MODEL, VERSION)
        host.give(HOST, "features", {"id": ["a", "b", "bad"], "z0": ["1.5", "NA", "text"]})
        second.give(SECOND_HOST, "features", {"id": ["a", "b"], "z1": ["1", "2"], "z2": ["-1", "0.5"]})
        await host.serving.bind_features(HOST, "online", "features")
        await second.serving.bind_features(SECOND_HOST, "online", "features", MODEL)
        yield sites
