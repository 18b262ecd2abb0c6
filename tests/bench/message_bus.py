"""How fast a value of 100 MB goes from one site to another over loopback, and how long a small one takes.

    PYTHONPATH=tests/integration python tests/bench/message_bus.py

Two processes; signed, hashed and checked as always. Beside it the floor on this machine at this moment: the same bytes
over a bare socket between two processes, hashed in chunks at both ends. Medians of nine runs of each, in turn.
"""

from __future__ import annotations

import asyncio
import hashlib
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from fateflow_tui.runtime.messages.transfer import CHUNK_SIZE
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.site_config import SiteConfig

sys.path.insert(0, str(Path(__file__).parents[2]))  # the checkout: tests share helpers as `tests.…`

from tests.integration.peer_sites import GUEST, HOST, PeerSite, order, sent

SCRIPT = Path(__file__).parents[1] / "integration" / "peer_process.py"
RUNS, LARGE, SMALL = 9, 100_000_000, 200
SMALL_VALUES = 300


async def measure(floor: socket.socket) -> None:
    home = Path(tempfile.mkdtemp())
    guest = PeerSite(SiteConfig(name="site-a", parties=["guest:9999"]))
    host_key = SiteKey.load_or_create(home / "keys" / "site.pem")
    free = PeerSite(SiteConfig())
    free.close()
    guest.routes.add(str(HOST), free.url, host_key.public)
    tags = [f"large-{n}" for n in range(RUNS)] + [f"small-{n}" for n in range(SMALL_VALUES)]
    arguments = [str(SCRIPT), str(home), str(free.port), guest.key.public, *tags]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.DEVNULL)
    try:
        payload = os.urandom(LARGE)
        await guest.bus.send(order(GUEST), sent(b"", "warm-up"), b"")
        floors, rates = [], []
        for run in range(RUNS):
            floors.append(LARGE / 1e6 / await asyncio.to_thread(bare, floor, payload))
            rates.append(LARGE / 1e6 / await seconds(guest, payload, f"large-{run}"))
        waits = [await seconds(guest, bytes(SMALL), f"small-{n}") * 1000 for n in range(SMALL_VALUES)]
    finally:
        process.kill()
        await process.wait()
        await guest.peers.close()
    rate, least = statistics.median(rates), statistics.median(floors)
    print(f"100 MB: {rate:.0f} MB/s, best {max(rates):.0f}; bare socket {least:.0f} MB/s; ratio {rate / least:.2f}")
    print(f"{SMALL} bytes: {statistics.median(waits):.2f} ms")


async def seconds(guest: PeerSite, payload: bytes, tag: str) -> float:
    started = time.perf_counter()
    await guest.bus.send(order(GUEST), sent(payload, tag), payload)
    return time.perf_counter() - started


def bare(connection: socket.socket, payload: bytes) -> float:
    started = time.perf_counter()
    view = memoryview(payload)
    for start in range(0, LARGE, CHUNK_SIZE):
        hashlib.sha256(view[start : start + CHUNK_SIZE]).digest()
        connection.sendall(view[start : start + CHUNK_SIZE])
    connection.recv(1)
    return time.perf_counter() - started


def take_bare(port: int) -> None:
    """The other end of `bare`, until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        while True:
            value = bytearray()
            hasher = hashlib.sha256()
            while len(value) < LARGE:
                data = connection.recv(1 << 18)
                if not data:
                    return
                hasher.update(data)
                value += data
            connection.sendall(b"!")


if __name__ == "__main__":
    with socket.create_server(("127.0.0.1", 0)) as listener:
        other_end = multiprocessing.get_context("spawn").Process(target=take_bare, args=[listener.getsockname()[1]])
        other_end.start()
        with listener.accept()[0] as floor:
            uvloop.run(measure(floor))
        other_end.join()
