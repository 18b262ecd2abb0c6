"""The module HeteroLR. Importing it loads neither NumPy nor cryptography."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fateflow_tui.components.contract import Module, variable
from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Context, Model
    from fateflow_tui.components.hetero_lr.tasks import Mode
    from fateflow_tui.components.online import Step


class HeteroLR(Module[HeteroLogisticParam]):
    """Federated logistic regression. Trains, cross-validates or predicts, depending on its inputs."""

    name = "HeteroLR"
    roles = frozenset({"guest", "host", "arbiter"})
    parameter_class = "HeteroLogisticParam"
    parameter_type = HeteroLogisticParam
    separate_arbiter = True
    variables = (
        # once
        variable("paillier_pubkey", "arbiter", "guest, host"),
        variable("row_digest", "guest", "host"),  # salted hash of the ordered ids; verifies that rows are aligned
        variable("work", "guest", "host, arbiter"),  # mode, number of classes, number of folds
        variable("validate_rows", "guest", "host"),  # positions of a fold's held-out rows
        variable("batch_info", "guest", "host, arbiter"),  # rows per batch
        # each batch; all but the update steps are ciphertexts
        variable("host_forward_dict", "host", "guest"),
        variable("fore_gradient", "guest", "host"),
        variable("guest_gradient", "guest", "arbiter"),
        variable("host_gradient", "host", "arbiter"),
        variable("guest_optim_gradient", "arbiter", "guest"),
        variable("host_optim_gradient", "arbiter", "host"),
        variable("loss", "guest", "arbiter"),
        # each iteration
        variable("converge_flag", "arbiter", "guest, host"),
        variable(
            "validation_status", "guest", "host, arbiter"
        ),  # whether to stop, and whether this iteration is the best
        # scoring
        variable("host_prob", "host", "guest"),  # a host's share of each row's linear score
    )

    @classmethod
    def online(cls, model: Model | None) -> Step:
        from fateflow_tui.components.hetero_lr.online import scorer

        return scorer(model)

    def run(self, ctx: Context) -> None:
        """Run the task of this party's role.

        Guest and hosts choose the mode by their inputs; the arbiter has no inputs and follows the guest. NumPy and
        cryptography are imported here, so that the scheduler can list the module without them.
        """
        match ctx.party.role:
            case "guest":
                from fateflow_tui.components.hetero_lr.guest import GuestTask

                GuestTask(ctx, self.parameters).run(self._mode(ctx))
            case "host":
                from fateflow_tui.components.hetero_lr.host import HostTask

                HostTask(ctx, self.parameters).run(self._mode(ctx))
            case _:
                from fateflow_tui.components.hetero_lr.arbiter import arbitrate

                arbitrate(ctx, self.parameters)

    def _mode(self, ctx: Context) -> Mode:
        from fateflow_tui.components.hetero_lr.tasks import Mode, choose_mode

        mode = choose_mode(ctx.inputs.keys(), self.parameters, ctx.component)
        if mode is not Mode.PREDICT and ctx.inputs.model() is not None:
            raise ComponentFailed(
                f"{ctx.component} has train_data and a model; continuing the training of a model is not supported",
                hint="remove input.model to train, or pass the data as test_data to score it",
            )
        return mode
