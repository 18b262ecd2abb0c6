"""The main job's components one after the other: reader, data_io, intersection, hetero_lr, evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fateflow_tui.artifacts.table import Table
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.core.ids import Party
from fateflow_tui.worker.testing import Result, run_module
from tests.unit.component_tables import GUEST, HOST, raw_file

ARBITER = Party("arbiter", "10000")


class Chain:
    """Runs components in one home; a table of one is handed to the next as it lies on disk."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, module: str, component: str, parties: dict[Party, dict[str, Any]]) -> dict[Party, Result]:
        return run_module(module, parties, home=self.home, component=component, data_ports=["data"])

    def output(self, result: Result) -> Table:
        meta = result.metas["data"]
        return Tables(self.home / "tables").open(meta.namespace, meta.name)


@pytest.mark.parametrize("method", ["raw", "rsa"])
def test_the_main_job_matches_fates_metrics(method: str, tmp_path: Path, shared: Path) -> None:
    chain = Chain(tmp_path)
    tables: dict[Party, Table] = {}
    for party, file in ((GUEST, "breast_hetero_guest"), (HOST, "breast_hetero_host")):
        given = raw_file(shared / f"fate/data/{file}.csv")
        with Tables(tmp_path / "tables").create("experiment", file, **given.facts) as writer:
            writer.write(given.frame)
        parameters = {"table": {"name": file, "namespace": "experiment"}}
        tables[party] = chain.output(chain.run("Reader", "reader_0", {party: {"parameters": parameters}})[party])
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("DataIO", "dataio_0", {}),
        ("Intersection", "intersection_0", {"intersect_method": method}),
    ]
    for module, component, parameters in steps:
        parties = {
            party: {"parameters": dict(parameters), "tables": {"data": [table]}} for party, table in tables.items()
        }
        if module == "DataIO":
            parties[GUEST]["parameters"]["with_label"] = True
        results = chain.run(module, component, parties)
        tables = {party: chain.output(results[party]) for party in tables}
    learning = {
        "alpha": 0.01,
        "learning_rate": 0.15,
        "max_iter": 3,
        "init_param": {"init_method": "zeros"},
    }
    given_tables = {party: {"train_data": [tables[party]]} for party in tables} | {ARBITER: {}}
    learned = chain.run(
        "HeteroLR",
        "hetero_lr_0",
        {party: {"parameters": learning, "tables": given} for party, given in given_tables.items()},
    )
    scores = chain.output(learned[GUEST])
    evaluated = chain.run("Evaluation", "evaluation_0", {GUEST: {"tables": {"data": [scores]}}, HOST: {}, ARBITER: {}})
    recorded = json.loads((shared / "fate/wire/tracking_component_summary_evaluation_0.json").read_text())["data"]
    summary = evaluated[GUEST].summary
    assert summary is not None
    assert summary["hetero_lr_0"]["train"] == pytest.approx(recorded["hetero_lr_0"]["train"], abs=1e-6)
