"""Thousands of small worlds with all their faults. A failure names its seed; `World(draw(seed), seed)` replays it."""

from __future__ import annotations

import os

import pytest

from tests.simulation.scenario import draw
from tests.simulation.world import World

SEEDS = int(os.environ.get("FATEFLOW_SEEDS", "300"))
CHUNK = 50


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_world_keeps_the_invariants_and_comes_to_its_end(first: int) -> None:
    for seed in range(first, first + CHUNK):
        world = World(draw(seed), seed)
        try:
            world.run_to_end()
        except Exception as error:
            error.add_note(f"seed {seed}, {world.now} ms")
            raise


@pytest.mark.parametrize("seed", [3, 51, 106])
def test_a_seed_replays_exactly(seed: int) -> None:
    first, second = World(draw(seed), seed), World(draw(seed), seed)
    first.run_to_end()
    second.run_to_end()
    assert first.turns > 20
    assert (first.trace, first.turns, first.now) == (second.trace, second.turns, second.now)


def test_different_seeds_make_different_worlds() -> None:
    worlds = [World(draw(seed), seed) for seed in (3, 51)]
    for world in worlds:
        world.run_to_end()
    assert worlds[0].trace != worlds[1].trace
