"""Online inference over real sockets: scores, what crosses between sites, and everything that can be missing."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fateflow_tui.core.errors import BadRequest, Conflict, NotBuilt, NotFound, PartyRefused
from fateflow_tui.core.ids import Party
from fateflow_tui.runtime.serving.messages import ShareRequest
from tests.integration.serving_sites import (
    GUEST,
    HOST,
    INTERCEPT,
    MODEL,
    PREDICT_DSL,
    SECOND_HOST,
    VERSION,
    ServingSite,
    models_of,
    register,
    three_parties,
)

ROW = {"x0": 2, "x1": "0.25"}


def sigmoid(forward: float) -> float:
    return 1 / (1 + math.exp(-forward))


OWN = 2 * 0.5 - 0.25 + INTERCEPT
SCORE_A = sigmoid(OWN + 1.5 * 2.0 + (-0.25 - 1.5))
SCORE_B = sigmoid(OWN + 7 * 2.0 + (-0.5 + 0.75))


def scored(answer: dict[str, Any]) -> float:
    assert (answer["retcode"], answer["retmsg"], answer["flag"]) == (0, "", 0), answer
    return float(answer["data"]["score"])


def failed(answer: dict[str, Any], code: int, *texts: str) -> None:
    assert answer["retcode"] == code, answer
    assert "data" not in answer
    assert all(text in answer["retmsg"] for text in texts), answer["retmsg"]


def test_a_row_gets_the_score_of_all_parties(tmp_path: Path) -> None:
    async def run() -> None:
        async with three_parties(tmp_path) as (guest, host, second):
            answer = await guest.infer({**ROW, "y": "1", "unknown": 5})
            assert scored(answer) == pytest.approx(SCORE_A, abs=1e-12)
            assert answer["data"]["modelId"] == f"guest#9999#{MODEL}"
            assert answer["data"]["modelVersion"] == VERSION
            [loaded] = guest.serving.loaded()
            assert answer["data"]["timestamp"] == loaded.loaded_at
            other = {
                "head": {"serviceId": "credit"},
                "body": {"featureData": ROW, "sendToRemoteFeatureData": {"id": "b"}},
            }
            assert scored(await guest.post("/federation/v1/inference", other)) == pytest.approx(SCORE_B, abs=1e-12)

            # Ids go to the hosts, and nothing else; one number comes back.
            for site, party in ((host, HOST), (second, SECOND_HOST)):
                assert site.asked == [
                    (GUEST, ShareRequest(MODEL, VERSION, GUEST, party, [{"id": name}])) for name in ("a", "b")
                ]
            share = await guest.peers.ask_share(host.asked[0][1], 5)
            assert json.loads(msgspec.json.encode(share)) == {"shares": [{"numbers": [3.0]}]}

    asyncio.run(run())


def test_a_batch_answers_each_row_for_itself(tmp_path: Path) -> None:
    rows = [
        {"index": 3, "featureData": ROW, "sendToRemoteFeatureData": {"device_id": "b"}},
        {"index": 1, "featureData": {"x0": 1}, "sendToRemoteFeatureData": {"device_id": "a"}},
        {"index": 7, "featureData": ROW, "sendToRemoteFeatureData": {"device_id": "nobody"}},
        {"index": 8, "featureData": ROW, "sendToRemoteFeatureData": {"device_id": "a"}},
    ]

    async def run() -> None:
        async with three_parties(tmp_path) as (guest, host, _):
            body = {"head": {"serviceId": "credit"}, "body": {"batchDataList": rows}}
            answer = await guest.post("/federation/1.0/batchInference", body)
            assert (answer["retcode"], answer["data"]["modelVersion"]) == (0, VERSION)
            assert "score" not in answer["data"]
            lines = {line["index"]: line for line in answer["batchDataList"]}
            assert [line["index"] for line in answer["batchDataList"]] == [3, 1, 7, 8]
            assert lines[3]["data"]["score"] == pytest.approx(SCORE_B, abs=1e-12)
            assert lines[8]["data"]["score"] == pytest.approx(SCORE_A, abs=1e-12)
            failed(lines[1], 102, "x1")
            failed(lines[7], 2113, "host:10000 has no row with this id")
            assert answer["singleInferenceResultMap"] == {str(index): line for index, line in lines.items()}
            assert len(host.asked) == 1
            many = [{**rows[0], "index": index} for index in range(1001)]
            body = {"head": {"serviceId": "credit"}, "body": {"batchDataList": many}}
            failed(await guest.post("/federation/v1/batchInference", body), 100, "the limit is 1000")

    asyncio.run(run())


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with three_parties(tmp_path) as (guest, host, second):
            failed(await guest.infer(ROW, service="none"), 104, "'none'", "fateflow model bind")
            failed(await guest.infer({"x1": 1}), 102, "guest:9999", "x0", "needs")
            failed(await guest.infer({"x0": "much", "x1": 1}), 102, "x0", "cannot be read as float64")
            failed(await guest.infer(ROW, {}), 2100, "which id")
            failed(await guest.infer(ROW, {"id": "nobody"}), 2113, "host:10000", "no row with this id")
            bad = await guest.infer(ROW, {"id": "bad"})
            failed(bad, 2102, "host:10000", "log of its site")
            assert "z0" not in bad["retmsg"]
            second.serving.unload(SECOND_HOST, MODEL, VERSION)
            failed(await guest.infer(ROW), 2104, "not loaded at host:10001", "fateflow model load")
            second.load(SECOND_HOST)
            second.serving.unbind_features(SECOND_HOST, MODEL)
            failed(await guest.infer(ROW), 2116, "host:10001", "fateflow serving features bind")
            host.tables.delete("online", "features")
            failed(await guest.infer(ROW), 2116, "host:10000", "log of its site")
            guest.routes.remove("host:10000")
            failed(await guest.infer(ROW), 105, "no address is known for host:10000")
            guest.routes.add("host:10000", host.url)
            failed(await guest.infer(ROW), 105, "not trusted", "fateflow party trust host:10000")
            guest.serving.unload(GUEST, MODEL, VERSION)
            failed(await guest.infer(ROW), 104, "not loaded at guest:9999")

    asyncio.run(run())


def of_body(body: Any) -> dict[str, Any]:
    return {"head": {"serviceId": "credit"}, "body": body}


ODD: list[tuple[Any, str]] = [
    ({}, "no service id"),
    ({"head": []}, "no service id"),
    (None, "no service id"),
    ([], "must be a JSON object"),
    (of_body([]), "body must be an object"),
    (of_body({"featureData": [1]}), "featureData of body must be an object"),
    (of_body({"sendToRemoteFeatureData": {"id": ["a"]}}), "id in sendToRemoteFeatureData"),
    (of_body({"sendToRemoteFeatureData": {"id": "a" * 257}}), "longer than 256"),
    (of_body({"sendToRemoteFeatureData": dict.fromkeys("abcdefghijklmnopq", 1)}), "at most 16"),
]


def test_odd_requests_are_answered(tmp_path: Path) -> None:
    async def run() -> None:
        site = ServingSite(tmp_path / "guest", ["guest:9999"])
        async with site.running():
            for body, text in ODD:
                failed(await site.post("/federation/1.0/inference", body), 100, text)
                failed(await site.post("/federation/1.0/batchInference", body), 100)
            rows = {"batchDataList": [{"index": 1}, {"index": 1}]}
            failed(await site.post("/federation/v1/batchInference", of_body(rows)), 100, "same index")
            failed(await site.post("/federation/v1/batchInference", of_body({"batchDataList": [{"index": "1"}]})), 100)

    asyncio.run(run())


def test_a_host_that_is_silent_or_down_costs_no_more_than_the_timeout(tmp_path: Path) -> None:
    async def run() -> None:
        async with three_parties(tmp_path, timeout=0.5) as (guest, host, _):
            deaf = asyncio.Event()

            calls = 0

            async def silent(*_: Any) -> Any:
                nonlocal calls
                calls += 1
                await deaf.wait()

            answering = host.serving.share
            host.serving.share = silent  # type: ignore[method-assign]
            failed(await guest.infer(ROW), 105, "host:10000", "has not answered within 0.5 s")
            assert calls == 1
            deaf.set()
            host.serving.share = answering  # type: ignore[method-assign]
            assert scored(await guest.infer(ROW)) == pytest.approx(SCORE_A, abs=1e-12)
        # The hosts are gone now.
        again = ServingSite(tmp_path / "guest", ["guest:9999"], timeout=0.5)
        async with again.running():
            failed(await again.infer(ROW), 105, "host:10000", "does not answer")

    asyncio.run(run())


def test_models_bindings_and_features_stay_over_a_restart(tmp_path: Path) -> None:
    async def run() -> None:
        async with three_parties(tmp_path) as sites:
            ports = [site.port for site in sites]
            host = sites[1]
            host.load(HOST)
            assert host.serving.loaded_times(HOST, MODEL, VERSION) == 2
            [index] = (tmp_path / "host" / "serving").iterdir()
            made = index.stat().st_mtime_ns
        names = (("guest", "guest:9999"), ("host", "host:10000"), ("second", "host:10001"))
        guest, host, second = (
            ServingSite(tmp_path / name, [party], port) for (name, party), port in zip(names, ports, strict=True)
        )
        async with guest.running(), host.running(), second.running():
            assert scored(await guest.infer(ROW)) == pytest.approx(SCORE_A, abs=1e-12)
            assert index.stat().st_mtime_ns == made
            assert [(one.service_id, one.party) for one in guest.serving.bindings()] == [("credit", GUEST)]
            assert host.serving.loaded_times(HOST, MODEL, VERSION) == 2
            host.serving.unload(HOST, MODEL, VERSION)
            assert host.serving.loaded() == []
            host.load(HOST)
            assert host.serving.loaded_times(HOST, MODEL, VERSION) == 3

    asyncio.run(run())


def test_a_loaded_version_with_missing_files_is_reported(tmp_path: Path) -> None:
    async def run() -> None:
        async with three_parties(tmp_path) as sites:
            ports = [site.port for site in sites]
            sites[1].registry.delete(sites[1].registry.part(f"host#10000#{MODEL}", VERSION))
        guest = ServingSite(tmp_path / "guest", ["guest:9999"], ports[0])
        host = ServingSite(tmp_path / "host", ["host:10000"], ports[1])
        async with guest.running(), host.running():
            failed(await guest.infer(ROW), 2123, "host:10000", "no longer be read")

    asyncio.run(run())


def test_the_index_follows_its_table(tmp_path: Path) -> None:
    async def run() -> None:
        async with three_parties(tmp_path) as (guest, host, _):
            assert scored(await guest.infer(ROW)) == pytest.approx(SCORE_A, abs=1e-12)
            host.give(HOST, "features", {"id": ["new", "a"], "z0": ["0", "-3"]})
            own_and_second = OWN - 0.25 - 1.5
            assert scored(await guest.infer(ROW)) == pytest.approx(sigmoid(own_and_second - 6), abs=1e-12)
            failed(await guest.infer(ROW, {"id": "b"}), 2113, "host:10000")
            answer = await host.post("/v1/serving/features/list", {})
            [line] = answer["data"]
            assert (line["role"], line["party_id"], line["namespace"], line["name"]) == (
                "host",
                "10000",
                "online",
                "features",
            )

    asyncio.run(run())


def test_a_standalone_site_asks_itself(tmp_path: Path) -> None:
    async def run() -> None:
        site = ServingSite(tmp_path / "alone", [])
        async with site.running():
            for party in (GUEST, HOST, SECOND_HOST):
                site.load(party)
            site.serving.bind("credit", GUEST, MODEL, VERSION)
            site.give(HOST, "first", {"id": ["a"], "z0": ["1.5"]})
            site.give(SECOND_HOST, "second", {"id": ["a"], "z1": ["1"], "z2": ["-1"]})
            for party, name in ((HOST, "first"), (SECOND_HOST, "second")):
                body = {"role": "host", "party_id": party.party_id, "namespace": "online", "name": name}
                answer = await site.post("/v1/serving/features/bind", body)
                assert (answer["retcode"], answer["data"]["rows"], answer["data"]["name"]) == (0, 1, name)
            assert scored(await site.infer(ROW)) == pytest.approx(SCORE_A, abs=1e-12)
            assert site.asked == []  # not by way of the network
            listed = (await site.post("/v1/serving/list", {}))["data"]
            assert [(one["service_id"], one["role"], one["party_id"]) for one in listed["services"]] == [
                ("credit", "guest", "9999")
            ]
            assert {f"{one['role']}:{one['party_id']}" for one in listed["models"]} == {
                "guest:9999",
                "host:10000",
                "host:10001",
            }
            of_host = {"role": "host", "party_id": 10000, "model_id": MODEL, "model_version": VERSION}
            assert (await site.post("/v1/serving/unload", of_host))["retcode"] == 0
            assert (await site.post("/v1/serving/unload", of_host))["retcode"] == 101
            failed(await site.infer(ROW), 2104, "not loaded at host:10000")
            assert (await site.post("/v1/serving/features/unbind", {"role": "host", "party_id": "10000"}))[
                "retcode"
            ] == 0
            assert len(site.serving.feature_bindings()) == 1
            assert len(list((tmp_path / "alone" / "serving").iterdir())) == 1
            assert (await site.post("/v1/serving/unbind", {"service_id": "credit"}))["retcode"] == 0
            failed(await site.infer(ROW), 104)

    asyncio.run(run())


def test_a_guest_may_look_its_own_features_up(tmp_path: Path) -> None:
    async def run() -> None:
        async with three_parties(tmp_path) as (guest, *_):
            guest.give(GUEST, "own", {"id": ["a", "b"], "y": ["1", "0"], "x0": ["2", "0"], "x1": ["0.25", "0"]})
            await guest.serving.bind_features(GUEST, "online", "own")
            assert scored(await guest.infer({})) == pytest.approx(SCORE_A, abs=1e-12)
            assert scored(await guest.infer({"x0": 2, "x1": 0.25}, {"id": "b"})) == pytest.approx(SCORE_B, abs=1e-12)
            more = sigmoid(OWN - 1.0 + 1.5 * 2.0 - 1.75)
            assert scored(await guest.infer({"x0": 0})) == pytest.approx(more, abs=1e-12)
            failed(await guest.infer({}, {"id": "bad"}), 113, "guest:9999 has no row")

    asyncio.run(run())


def test_only_the_guests_of_a_model_get_shares(tmp_path: Path) -> None:
    async def run() -> None:
        async with three_parties(tmp_path) as (guest, host, _):
            stranger = ServingSite(tmp_path / "stranger", ["guest:8888", "host:10001"])
            stranger.know(HOST, host)
            host.know(Party("guest", "8888"), stranger)
            host.know(SECOND_HOST, stranger)
            request = ShareRequest(MODEL, VERSION, Party("guest", "8888"), HOST, [{"id": "a"}])
            with pytest.raises(PartyRefused, match="not a guest of model version"):
                await stranger.peers.ask_share(request, 5)
            as_host = msgspec.structs.replace(request, guest=SECOND_HOST)
            with pytest.raises(PartyRefused, match="not a guest of model version"):
                await stranger.peers.ask_share(as_host, 5)
            # It speaks for the guest, whose key it does not have.
            forged = msgspec.structs.replace(request, guest=GUEST)
            with pytest.raises(PartyRefused, match="was not signed with the key"):
                await stranger.peers.ask_share(forged, 5)
            unknown = ShareRequest(MODEL, "another", GUEST, HOST, [{"id": "a"}])
            assert (await guest.peers.ask_share(unknown, 5)).retcode == 104
            many = ShareRequest(MODEL, VERSION, GUEST, HOST, [{"id": "a"}] * 1001)
            with pytest.raises(PartyRefused, match="1000"):
                await guest.peers.ask_share(many, 5)
            await stranger.peers.close()
            stranger._socket.close()

    asyncio.run(run())


def test_parts_of_different_generations_are_not_added_up(tmp_path: Path) -> None:
    async def run() -> None:
        async with three_parties(tmp_path) as (guest, host, _):
            agreed = host.load(HOST, version="good", hosts=(HOST,)).digest
            host.load(HOST, version="bad", hosts=(HOST,))
            for version, digest in (("good", agreed), ("bad", "0" * 64)):
                guest.load(GUEST, version=version, hosts=(HOST,), parts={str(HOST): digest})
                guest.serving.bind(version, GUEST, MODEL, version)
            assert scored(await guest.infer(ROW, service="good")) == pytest.approx(sigmoid(OWN + 3), abs=1e-12)
            failed(await guest.infer(ROW, service="bad"), 2108, "host:10000", "does not match")

    asyncio.run(run())


def with_component(name: str, component: dict[str, Any]) -> dict[str, Any]:
    return {"components": {**PREDICT_DSL["components"], name: component}}


def test_what_cannot_be_served_is_refused_when_it_is_loaded(tmp_path: Path) -> None:
    site = ServingSite(tmp_path / "guest", ["guest:9999"])
    site._socket.close()

    def part(version: str, **changes: Any) -> Any:
        return register(site.registry, GUEST, version=version, **changes)

    with pytest.raises(Conflict):
        site.serving.load(part("1", predict_dsl={}))
    addition = {"module": "SecureAddExample", "input": {"data": {"data": ["intersection_0.data"]}}}
    with pytest.raises(NotBuilt, match=r"secure_add_0 \(SecureAddExample\)"):
        site.serving.load(part("2", predict_dsl=with_component("secure_add_0", addition)))
    second = {**PREDICT_DSL["components"]["hetero_lr_0"], "output": {"data": ["data"]}}
    with pytest.raises(NotBuilt, match="2 scoring components"):
        site.serving.load(part("3", predict_dsl=with_component("hetero_lr_1", second)))
    with pytest.raises(NotFound, match="hetero_lr_0"):
        site.serving.load(part("4", models=models_of(GUEST)[:1]))
    only_reader = {"components": {"reader_0": PREDICT_DSL["components"]["reader_0"]}}
    with pytest.raises(NotBuilt, match="has no scoring component"):
        site.serving.load(part("5", predict_dsl=only_reader))
    assert site.serving.loaded() == []
    with pytest.raises(Conflict, match="guest:9999"):
        site.serving.bind("credit", GUEST, MODEL, "1")
    with pytest.raises(BadRequest):
        site.serving.bind("credit", HOST, MODEL, "1")


def test_features_are_bound_by_this_sites_parties_to_tables_with_features(tmp_path: Path) -> None:
    async def run() -> None:
        site = ServingSite(tmp_path / "host", ["host:10000"])
        site._socket.close()
        with pytest.raises(BadRequest, match="not a guest or host of this site"):
            await site.serving.bind_features(SECOND_HOST, "online", "features")
        with pytest.raises(NotFound, match="'features'"):
            await site.serving.bind_features(HOST, "online", "features")
        site.give(HOST, "features", {"id": ["a"], "z0": ["1"]})
        site.tables.update("online", "features", kind="scores")
        with pytest.raises(BadRequest, match="not features"):
            await site.serving.bind_features(HOST, "online", "features")
        assert site.serving.feature_bindings() == []

    asyncio.run(run())
