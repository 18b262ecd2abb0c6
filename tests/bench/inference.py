"""How long an online inference takes over two sites on loopback, and how many a second there are.

    PYTHONPATH=tests python tests/bench/inference.py [ROWS]

Two scheduler processes: the guest's, with 10 features in each request, and a host's, which looks 20 features up among
10,000 rows. Beside it the floor on this machine at this moment: the same way there and back with nothing to do, a
client's call to the guest's site that makes it send a signed ping to the host's. In turn, so that both have the same
weather.
"""

from __future__ import annotations

import asyncio
import math
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

from fateflow_tui.runtime.serving.messages import ServingCode

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout: tests share helpers as `tests.…`

from tests.integration.clusters import RunningSite
from tests.integration.serving_sites import GUEST, HOST, INTERCEPT, MODEL, VERSION, ServingSite, models_of

ROWS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
KNOWN, WARM_UP, AT_ONCE = 10_000, 100, 16
RANDOM = random.Random(1)
WEIGHTS = {
    GUEST: {f"x{n}": RANDOM.uniform(-1, 1) for n in range(10)},
    HOST: {f"z{n}": RANDOM.uniform(-1, 1) for n in range(20)},
}
FEATURES = {name: [f"{RANDOM.gauss(0, 1):.6f}" for _ in range(KNOWN)] for name in WEIGHTS[HOST]}
IDS = [f"person-{n}" for n in range(KNOWN)]


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    for party in (GUEST, HOST):
        prepare(folder / party.role, str(party))
    guest, host = (RunningSite(folder / party.role, [str(party)]) for party in (GUEST, HOST))
    try:
        for site in (guest, host):
            site.start()
        for site, other, party in ((guest, host, HOST), (host, guest, GUEST)):
            site.flow.add_party(str(party), other.url)
            site.flow.trust_party(str(party))
        measure(guest.url, host.url)
    finally:
        guest.close()
        host.close()


def prepare(home: Path, party: str) -> None:
    """A home whose site has the model loaded and, at the host, features at hand."""
    site = ServingSite(home, [party])
    site._socket.close()
    own = GUEST if party == str(GUEST) else HOST
    site.load(own, hosts=(HOST,), models=models_of(own, WEIGHTS))
    if own == GUEST:
        site.serving.bind("credit", GUEST, MODEL, VERSION)
    else:
        site.give(HOST, "features", {"id": IDS, **FEATURES})
        asyncio.run(site.serving.bind_features(HOST, "online", "features"))


def measure(guest: str, host: str) -> None:
    with httpx.Client(trust_env=False, timeout=10) as client:

        def ping() -> None:
            answer = client.post(f"{guest}/v1/party/ping", json={"party": str(HOST)}).json()
            assert answer["retcode"] == 0, answer

        def infer(number: int) -> None:
            request, expected = question(number)
            answer = client.post(f"{guest}/federation/1.0/inference", json=request).json()
            assert answer["retcode"] == 0, answer
            assert abs(answer["data"]["score"] - expected) < 1e-9, answer

        for number in range(WARM_UP):
            infer(number)
            ping()
        scores, floors = [], []
        for number in range(ROWS):
            scores.append(milliseconds(infer, number))
            floors.append(milliseconds(ping))
    fifty, floor = statistics.median(scores), statistics.median(floors)
    print(f"one at a time, {ROWS} rows: p50 {fifty:.2f} ms, p99 {p99(scores):.2f} ms")
    print(f"floor, a signed ping:    p50 {floor:.2f} ms, p99 {p99(floors):.2f} ms; ratio {fifty / floor:.2f}")
    rate, times, late = asyncio.run(at_once(guest))
    print(
        f"{AT_ONCE} at once: {rate:.0f} rows/s, p50 {statistics.median(times):.2f} ms, p99 {p99(times):.2f} ms, "
        f"{late} beyond the host's time limit"
    )
    with httpx.Client(trust_env=False, timeout=10) as client:
        took = statistics.median(milliseconds(batch, client, guest) for _ in range(9))
    print(f"batches of 500: {500 / took * 1000:.0f} rows/s, {took:.0f} ms each")


async def at_once(guest: str) -> tuple[float, list[float], int]:
    """Rows per second, the time of each in ms, and how many a busy machine left without a score."""
    times: list[float] = []
    late: list[dict[str, Any]] = []
    numbers = iter(range(ROWS))
    async with httpx.AsyncClient(trust_env=False, timeout=10) as client:

        async def caller() -> None:
            for number in numbers:
                started = time.perf_counter()
                answer = (await client.post(f"{guest}/federation/1.0/inference", json=question(number)[0])).json()
                assert answer["retcode"] in (0, ServingCode.NETWORK), answer
                late.extend([answer] if answer["retcode"] else [])
                times.append((time.perf_counter() - started) * 1000)

        started = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
        return ROWS / (time.perf_counter() - started), times, len(late)


def batch(client: httpx.Client, guest: str) -> None:
    rows = [{"index": number, **question(number)[0]["body"]} for number in range(500)]
    request = {"head": {"serviceId": "credit"}, "body": {"batchDataList": rows}}
    answer = client.post(f"{guest}/federation/1.0/batchInference", json=request).json()
    assert [row["retcode"] for row in answer["batchDataList"]] == [0] * 500


def question(number: int) -> tuple[dict[str, Any], float]:
    """A request and the score that it must get."""
    place = number * 7919 % KNOWN
    features = {name: round(math.sin(number + position), 6) for position, name in enumerate(WEIGHTS[GUEST])}
    own = sum(features[name] * weight for name, weight in WEIGHTS[GUEST].items())
    other = sum(float(FEATURES[name][place]) * weight for name, weight in WEIGHTS[HOST].items())
    body = {"featureData": features, "sendToRemoteFeatureData": {"id": IDS[place]}}
    return {"head": {"serviceId": "credit"}, "body": body}, 1 / (1 + math.exp(-(own + INTERCEPT + other)))


def milliseconds(call: Any, *arguments: Any) -> float:
    started = time.perf_counter()
    call(*arguments)
    return (time.perf_counter() - started) * 1000


def p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98]


if __name__ == "__main__":
    main()
