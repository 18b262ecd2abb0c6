"""Metrics: appended live, read in FATE's shape."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from fateflow_tui.artifacts.metrics import MetricsWriter, delete, read


def test_series_read_as_the_original_answers_them(tmp_path: Path, shared: Path) -> None:
    for component in ("evaluation_0", "intersection_0", "reader_0", "arbiter"):
        answer = json.loads((shared / f"fate/wire/tracking_component_metric_all_{component}.json").read_text())
        path = tmp_path / f"{component}.jsonl"
        with MetricsWriter(path) as writer:
            for namespace, names in answer["data"].items():
                for name, series in names.items():
                    writer.append(namespace, name, series["data"], series["meta"])
        assert read(path) == answer["data"]


def test_points_sort_by_key_and_equal_keys_keep_their_order(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path / "m.jsonl") as writer:
        writer.append("train", "loss", [(10, 0.1), (9, 0.2)])
        writer.append("train", "loss", [(2, 0.5), (2, 0.4)], {"metric_type": "LOSS"})
        writer.append("train", "summary", [("ks", 0.8), ("auc", 0.9)])
    found = read(tmp_path / "m.jsonl")["train"]
    assert found["loss"]["data"] == [[2, 0.5], [2, 0.4], [9, 0.2], [10, 0.1]]
    assert found["loss"]["meta"] == {"name": "loss", "metric_type": "LOSS"}
    assert [key for key, _ in found["summary"]["data"]] == ["auc", "ks"]


def test_values_that_json_lacks_become_text(tmp_path: Path) -> None:
    with MetricsWriter(tmp_path / "m.jsonl") as writer:
        points = [(np.int64(0), np.float32(0.5)), (1, float("nan")), (2, float("inf")), (3, np.array([1, 2]))]
        writer.append("train", "loss", points, {"thresholds": (np.float64(0.5), -float("inf"))})
    series = read(tmp_path / "m.jsonl")["train"]["loss"]
    assert series["data"] == [[0, 0.5], [1, "NaN"], [2, "Infinity"], [3, [1, 2]]]
    assert series["meta"]["thresholds"] == [0.5, "-Infinity"]


def test_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    with MetricsWriter(path) as writer:
        writer.append("train", "loss", [(0, 0.5)])
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    assert read(path)["train"]["loss"]["data"] == [[0, 0.5]]
    with path.open("ab") as file:
        file.write(b"\n" + whole)
    assert read(path)["train"]["loss"]["data"] == [[0, 0.5], [0, 0.5]]


def test_nothing_written_nothing_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "m.jsonl"
    MetricsWriter(path).close()
    assert read(path) == {}
    assert not delete(path)
    with MetricsWriter(path) as writer:
        writer.append("train", "empty")
    assert read(path) == {"train": {"empty": {"data": [], "meta": {"name": "empty", "metric_type": ""}}}}
    assert delete(path)
    assert read(path) == {}
