"""A host's site in a process of its own, which a test starts and kills. Says on stdout what happens, a line each.

    python peer_process.py HOME PORT GUEST_KEY TAG ...

`ready`, `chunk N` after the Nth chunk has been taken, `value TAG SIZE SHA256` for each value that its task got.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from pathlib import Path
from typing import Any

import uvloop

from fateflow_tui.runtime.messages.transfer import Payload
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.site_config import SiteConfig

sys.path.insert(0, str(Path(__file__).parents[2]))  # this file runs as a script

from tests.integration.peer_sites import GUEST, HOST, PeerSite, order, wanted


def say(*words: object) -> None:
    print(*words, flush=True)


def sha256(payload: Payload) -> str:
    return hashlib.sha256(payload).hexdigest()


async def serve(home: Path, port: int, guest_key: str, tags: list[str]) -> None:
    key = SiteKey.load_or_create(home / "keys" / "site.pem")
    site = PeerSite(SiteConfig(name="site-b", parties=["host:10000"]), key, port)
    site.routes.add(str(GUEST), "http://127.0.0.1:1", guest_key)
    accept, taken = site.bus.accept, 0

    async def counted(*call: Any) -> Any:
        nonlocal taken
        answer = await accept(*call)
        taken += 1
        say("chunk", taken)
        return answer

    site.bus.accept = counted  # type: ignore[method-assign,assignment]
    async with site.running():
        say("ready")
        for tag in tags:
            value = await site.bus.receive(order(HOST), wanted(tag))
            say("value", tag, len(value.payload), await asyncio.to_thread(sha256, value.payload))
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
