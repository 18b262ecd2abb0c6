"""How long drawings take to lay out: `python tests/bench/graph.py`. To be under 100 ms for 200 nodes."""

from __future__ import annotations

import random
import time

from fateflow_tui.graph import Dag, lay_boxes, lay_lanes, render_text

NODES = 200
ROUNDS = 7


def graph(kind: str) -> dict[str, list[str]]:
    chance = random.Random(1)
    needs: dict[str, list[str]] = {}
    for number in range(NODES):
        before = list(needs)
        match kind:
            case "chain":
                needs[f"n{number}"] = before[-1:]
            case "ladder":
                needs[f"n{number}"] = before[-2:]
            case "job":
                near = before[-12:]
                needs[f"n{number}"] = chance.sample(near, min(len(near), chance.randint(1, 2)))
            case "tangle":
                needs[f"n{number}"] = chance.sample(before, min(len(before), chance.randint(1, 3)))
    return needs


def milliseconds(work: object) -> float:
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()  # type: ignore[operator]
        taken.append(1000 * (time.process_time() - start))
    return min(taken)


def main() -> None:
    print(f"{NODES} nodes, least of {ROUNDS} rounds, ms of processor time")
    print(f"{'graph':8}{'lanes':>8}{'boxes':>8}{'drawing lanes':>15}{'drawing boxes':>15}   size of lanes, boxes")
    for kind in ("chain", "ladder", "job", "tangle"):
        dag = Dag.of_needs(graph(kind))
        lanes, boxes = lay_lanes(dag), lay_boxes(dag)
        figures = [
            milliseconds(lambda: lay_lanes(dag)),  # noqa: B023
            milliseconds(lambda: lay_boxes(dag)),  # noqa: B023
            milliseconds(lambda: render_text(lanes)),  # noqa: B023
            milliseconds(lambda: render_text(lay_boxes(dag))),  # noqa: B023
        ]
        laid, placed, drawn, whole = figures
        print(
            f"{kind:8}{laid:8.0f}{placed:8.0f}{drawn:15.0f}{whole - placed:15.0f}"
            f"   {lanes.width}x{lanes.height}, {boxes.width}x{boxes.height}"
        )


if __name__ == "__main__":
    main()
