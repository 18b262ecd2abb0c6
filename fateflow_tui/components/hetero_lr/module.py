"""The module HeteroLR and its parameters. Imports neither numbers nor cryptography."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fateflow_tui.components.contract import Module, variable
from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Context, Model
    from fateflow_tui.components.hetero_lr.tasks import Work
    from fateflow_tui.components.online import Step


class HeteroLR(Module[HeteroLogisticParam]):
    """Federated logistic regression: trains, cross-validates or predicts, by the inputs that it is given."""

    name = "HeteroLR"
    roles = frozenset({"guest", "host", "arbiter"})
    parameter_class = "HeteroLogisticParam"
    parameter_type = HeteroLogisticParam
    separate_arbiter = True
    variables = (
        # once
        variable("paillier_pubkey", "arbiter", "guest, host"),
        variable("row_digest", "guest", "host"),  # of all ids in their order, salted; shows that rows belong together
        variable("work", "guest", "host, arbiter"),  # what the task does, for how many classes and folds
        variable("validate_rows", "guest", "host"),  # positions of a fold's rows
        variable("batch_info", "guest", "host, arbiter"),  # rows per batch
        # each batch; all but the steps are ciphertexts
        variable("host_forward_dict", "host", "guest"),
        variable("fore_gradient", "guest", "host"),
        variable("guest_gradient", "guest", "arbiter"),
        variable("host_gradient", "host", "arbiter"),
        variable("guest_optim_gradient", "arbiter", "guest"),
        variable("host_optim_gradient", "arbiter", "host"),
        variable("loss", "guest", "arbiter"),
        # each iteration
        variable("converge_flag", "arbiter", "guest, host"),
        variable("validation_status", "guest", "host, arbiter"),  # whether to stop, and whether this was the best
        # scoring
        variable("host_prob", "host", "guest"),  # a host's share of each row's score
    )

    @classmethod
    def online(cls, model: Model | None) -> Step:
        from fateflow_tui.components.hetero_lr.online import scorer

        return scorer(model)

    def run(self, ctx: Context) -> None:
        """Guest and hosts decide by their inputs; an arbiter has none and follows the guest. Heavy imports wait
        until here, so that the scheduler can know the module without them.
        """
        match ctx.party.role:
            case "guest":
                from fateflow_tui.components.hetero_lr.guest import GuestTask

                GuestTask(ctx, self.parameters).run(self._work(ctx))
            case "host":
                from fateflow_tui.components.hetero_lr.host import HostTask

                HostTask(ctx, self.parameters).run(self._work(ctx))
            case _:
                from fateflow_tui.components.hetero_lr.arbiter import arbitrate

                arbitrate(ctx, self.parameters)

    def _work(self, ctx: Context) -> Work:
        from fateflow_tui.components.hetero_lr.tasks import Work, decide

        work = decide(ctx.inputs.keys(), self.parameters, ctx.component)
        if work is not Work.PREDICT and ctx.inputs.model() is not None:
            raise ComponentFailed(
                f"{ctx.component} has train_data and a model; continuing the training of a model is not supported",
                hint="leave input.model out to train, or pass the data as test_data to score it",
            )
        return work
