"""Messages about model versions, as one site handles them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

from fateflow_tui.artifacts.home import Home
from fateflow_tui.registry import Registry
from fateflow_tui.runtime.models.messages import MigrateChange, ModelAnswer, PublishVersion, StageVersion, VersionOrder
from fateflow_tui.runtime.models.participant import ModelArchives, ModelParticipant
from fateflow_tui.runtime.peers.keys import SiteKey
from fateflow_tui.runtime.serving.serving import ServingService
from tests.unit.registry_parts import ELSEWHERE, GUEST, MODEL, pipeline, registered


def test_a_migration_that_is_delivered_several_times_at_once_is_done_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    registry = Registry(home.models)
    registered(registry, pipeline())
    participant = ModelParticipant(
        registry, ModelArchives(home, registry, SiteKey.generate()), cast(ServingService, None)
    )
    change = MigrateChange({"guest:9999": "guest:9998", "host:10000": "host:10000", "arbiter:10000": "arbiter:10000"})
    new_model_id = MODEL.replace("guest-9999", "guest-9998")
    order = VersionOrder(MODEL, "1", new_model_id, "2", change, 1_700_000_000_000)

    async def migrate() -> tuple[str, list[ModelAnswer]]:
        staged = await participant.handle(GUEST, GUEST, StageVersion(order))
        publish = PublishVersion(order, {**ELSEWHERE, "guest:9998": staged.digest})
        return staged.digest, await asyncio.gather(*(participant.handle(GUEST, GUEST, publish) for _ in range(16)))

    digest, answers = asyncio.run(migrate())
    assert {answer.digest for answer in answers} == {digest}
    assert [part.model_version for part in registry.find()] == ["1"], "the new version is at its own site only"
    [archive] = home.migrated.iterdir()
    assert archive.name.startswith("guest#9998#")
