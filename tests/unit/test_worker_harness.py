"""Modules in the one-process harness: context, declared variables, outputs, failures."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from fateflow_tui.artifacts.models import ComponentModel
from fateflow_tui.artifacts.tables import Tables
from fateflow_tui.components.contract import Context, Module, Parameters, variable
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party
from fateflow_tui.core.status import Status
from fateflow_tui.worker.testing import Given, run_module

GUEST, HOST, SECOND_HOST = Party("guest", "9999"), Party("host", "10000"), Party("host", "10001")


class ShareParameters(Parameters):
    """What a test lets the module do."""

    factor: int = 2
    need_run: bool = True
    act: str = ""


class Share(Module[ShareParameters]):
    """The guest sends a vector, each host sends its product with a column back."""

    name = "Share"
    parameter_class = "ShareParam"
    parameter_type = ShareParameters
    variables = (variable("vector", "guest", "host"), variable("product", "host", "guest"))

    def run(self, ctx: Context) -> None:
        act = getattr(self, f"act_{self.parameters.act}", None)
        if act is not None:
            act(ctx)
            return
        table = ctx.inputs.table("train_data")
        assert table is not None
        frame = table.frame()
        ctx.log.info("%d rows", frame.height)
        if ctx.party.role == "guest":
            ctx.send("vector", frame["x"].to_numpy() * self.parameters.factor, to="host")
            products = ctx.receive_all("product", "host")
            ctx.metric("train", "loss", [(0, 0.5), (1, float("nan"))], {"metric_type": "LOSS", "curve_name": "loss"})
            ctx.summary({"products": products})
            ctx.save_model({"weight": {"x": np.float64(1.5)}}, {"factor": self.parameters.factor})
            ctx.progress(1, 1)
        else:
            vector = ctx.receive("vector", ctx.roles["guest"][0])
            ctx.send("product", float(vector @ frame["x"].to_numpy()), to=ctx.roles["guest"])
        with ctx.write(label=table.meta.label) as writer:
            writer.write(frame)

    def act_fail_at_guest(self, ctx: Context) -> None:
        if ctx.party.role == "guest":
            try:
                {}["no such column"]
            except KeyError as error:
                raise RuntimeError("the guest breaks") from error
        ctx.receive("vector", GUEST)

    def act_wrong_direction(self, ctx: Context) -> None:
        if ctx.party.role == "host":
            ctx.send("vector", 1, to="guest")

    def act_undeclared(self, ctx: Context) -> None:
        ctx.receive("gradient", HOST)

    def act_series(self, ctx: Context) -> None:
        if ctx.party == GUEST:
            for value in (1, 2):
                ctx.send("vector", value, to=HOST)
            ctx.send("vector", 3, to=HOST, tag="last")
        elif ctx.party == HOST:
            ctx.summary({"got": [ctx.receive("vector", GUEST, tag) for tag in ("last", "", "")]})

    def act_outsider(self, ctx: Context) -> None:
        if ctx.party.role == "guest":
            ctx.send("vector", 1, to=Party("host", "77"))

    def act_object(self, ctx: Context) -> None:
        if ctx.party.role == "guest":
            ctx.send("vector", {"rows": [1.5, object()]}, to=HOST)  # type: ignore[dict-item, list-item]

    def act_never_closed(self, ctx: Context) -> None:
        ctx.write().write(pl.DataFrame({"id": ["a"], "x": [1.0]}))

    def act_write_then_fail(self, ctx: Context) -> None:
        with ctx.write() as writer:
            writer.write(pl.DataFrame({"id": ["a"], "x": [1.0]}))
        raise ComponentFailed("after the table was written")

    def act_model(self, ctx: Context) -> None:
        model = ctx.inputs.model()
        assert model is not None
        ctx.summary({"weight": model.parameters["weight"], "module": model.module})


def frame(*xs: float) -> pl.DataFrame:
    return pl.DataFrame({"id": [str(i) for i in range(len(xs))], "y": [0] * len(xs), "x": list(xs)})


def all_parties(**parameters: Any) -> dict[Party, dict[str, Any]]:
    return {
        GUEST: {"parameters": parameters, "tables": {"train_data": [Given(frame(1.0, 2.0), label="y")]}},
        HOST: {"parameters": parameters, "tables": {"train_data": [frame(3.0, 4.0)]}},
        SECOND_HOST: {"parameters": parameters, "tables": {"train_data": [frame(5.0, 6.0)]}},
    }


def test_values_cross_and_outputs_are_kept() -> None:
    results = run_module(Share, all_parties(), data_ports=["train"])

    guest = results[GUEST]
    assert guest.status is Status.SUCCESS
    assert guest.summary == {"products": [22.0, 34.0]}
    assert guest.tables["train"].rows() == [("0", 0, 1.0), ("1", 0, 2.0)]
    assert (guest.metas["train"].label, guest.metas["train"].kind) == ("y", "instances")
    assert guest.metas["train"].namespace == "output_data_harness_tested_0_0"
    assert guest.metrics["train"]["loss"] == {
        "data": [[0, 0.5], [1, "NaN"]],
        "meta": {"name": "loss", "metric_type": "LOSS", "curve_name": "loss"},
    }
    assert guest.model == ComponentModel("tested_0", "Share", {"weight": {"x": 1.5}}, {"factor": 2})
    assert guest.progress == [(1, 1)]
    assert results[HOST].model is None
    assert results[SECOND_HOST].tables["train"]["x"].to_list() == [5.0, 6.0]


def test_a_component_that_is_not_to_run_passes_its_first_input_on() -> None:
    results = run_module(Share, all_parties(need_run=False))

    assert {result.status for result in results.values()} == {Status.PASS}
    assert results[HOST].tables["0"]["x"].to_list() == [3.0, 4.0]


def test_the_first_failure_is_raised_and_the_waiting_party_is_let_go() -> None:
    with pytest.raises(RuntimeError, match="the guest breaks") as caught:
        run_module(Share, all_parties(act="fail_at_guest"))
    assert caught.value.__notes__ == ["at guest:9999"]

    results = run_module(Share, all_parties(act="fail_at_guest"), check=False)
    card = results[GUEST].card
    assert card is not None
    assert (card.kind, card.cause) == ("exception", "KeyError: 'no such column'")
    assert card.where.partition(":")[0] == __file__
    assert card.hint
    assert "the guest breaks" in card.traceback
    assert isinstance(results[HOST].error, ComponentFailed)
    assert "guest:9999 ended without sending it" in str(results[HOST].error)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        ("wrong_direction", "vector of module Share may not be sent by a host"),
        ("undeclared", "does not declare the variable 'gradient'; it declares: vector, product"),
        ("outsider", "host:77 does not take part"),
        ("object", r"the value\['rows'\]\[1\] is a builtins.object"),
        ("never_closed", "output '0' was never closed"),
    ],
)
def test_what_a_module_must_not_do_is_refused(act: str, message: str) -> None:
    with pytest.raises(ComponentFailed, match=message):
        run_module(Share, all_parties(act=act))


def test_parameters_that_do_not_fit_are_named() -> None:
    with pytest.raises(ComponentFailed, match=r"tested_0.* Share: factor: .*integer"):
        run_module(Share, {GUEST: {"parameters": {"factor": "many"}}})


def test_a_failed_task_leaves_no_table(tmp_path: Any) -> None:
    with pytest.raises(ComponentFailed, match="after the table was written"):
        run_module(Share, all_parties(act="write_then_fail"), home=tmp_path)
    assert not list(Tables(tmp_path / "tables").names("output_data_harness_tested_0_0"))


def test_a_model_is_an_input() -> None:
    model = ComponentModel("hetero_lr_0", "HeteroLR", {"weight": {"x": 2.0}}, {})
    results = run_module(Share, {GUEST: {"parameters": {"act": "model"}, "models": {"model": [model]}}})
    assert results[GUEST].summary == {"weight": {"x": 2.0}, "module": "HeteroLR"}


def test_values_under_one_tag_keep_their_order() -> None:
    assert run_module(Share, all_parties(act="series"))[HOST].summary == {"got": [3, 1, 2]}
