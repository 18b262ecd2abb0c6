"""Random graphs without loops, of the kinds that jobs are and of worse kinds."""

from __future__ import annotations

import random

KINDS = ("chains", "tree", "pipeline", "sparse", "dense", "layered")


def random_needs(seed: int, most: int = 40) -> dict[str, list[str]]:
    """What each node needs, in no particular order of the nodes."""
    chance = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    count = chance.randint(1, most)
    needs: dict[str, list[str]] = {}
    for number in range(count):
        least, fewest, greatest = {
            "chains": (number - 3, 0, 1),
            "tree": (0, 1, 1),
            "pipeline": (number - 4, 1, 2),
            "sparse": (0, 0, 2),
            "dense": (0, 0, 6),
            "layered": (number - 10, 1, 3),
        }[kind]
        before = [f"n{other}" for other in range(max(0, least), number)]
        needs[f"n{number}"] = chance.sample(before, min(len(before), chance.randint(fewest, greatest)))
    names = list(needs)
    chance.shuffle(names)
    return {name: needs[name] for name in names}


def children_of(needs: dict[str, list[str]]) -> dict[str, set[str]]:
    return {name: {other for other, sources in needs.items() if name in sources} for name in needs}
