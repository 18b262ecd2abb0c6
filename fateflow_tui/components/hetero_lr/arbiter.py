"""The arbiter's task: it holds the private key and decrypts only sums over whole batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fateflow_tui.components import paillier
from fateflow_tui.components.hetero_lr import exchange
from fateflow_tui.components.hetero_lr.exchange import join
from fateflow_tui.components.hetero_lr.optimization import OPTIMIZERS, Optimizer, convergence_rule
from fateflow_tui.components.hetero_lr.tasks import Mode, flows, prefixes, receive_announcement
from fateflow_tui.components.hetero_lr.training import TrainingProgress
from fateflow_tui.components.paillier import CipherVector, decrypt
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Context
    from fateflow_tui.components.hetero_lr.exchange import Floats
    from fateflow_tui.components.hetero_lr.parameters import HeteroLogisticParam
    from fateflow_tui.core.ids import Party


class Arbiter:
    """Generates the key pair, turns gradients into update steps and checks convergence."""

    def __init__(self, ctx: Context, parameters: HeteroLogisticParam) -> None:
        self.ctx = ctx
        self.parameters = parameters
        self._guest, self._hosts = exchange.party(ctx, "guest"), exchange.hosts(ctx)
        if len(self._hosts) > 1 and parameters.early_stop != "weight_diff":
            raise ComponentFailed(
                f"early_stop {parameters.early_stop!r} needs the loss, which {len(self._hosts)} hosts cannot compute",
                hint='set early_stop to "weight_diff"',
            )
        self._key = paillier.generate(parameters.encrypt_param.key_length)
        for role in ("guest", "host"):
            ctx.send("paillier_pubkey", self._key.public.message(), role)

    def fit(self, flow: str, progress: TrainingProgress) -> dict[str, Any]:
        """Run one training and return its summary."""
        ctx, parameters = self.ctx, self.parameters
        sizes = exchange.batch_sizes(ctx, flow)
        optimizer = OPTIMIZERS[parameters.optimizer](parameters.learning_rate, parameters.decay, parameters.decay_sqrt)
        convergence = convergence_rule(parameters.early_stop, parameters.tol)
        losses: list[float] = []
        converged, best_iteration = False, -1
        for iteration in range(parameters.max_iter):
            loss, change, norm = self._iterate(flow, iteration, sizes, optimizer)
            if loss is not None:
                losses.append(loss)
                self._record(flow, iteration, loss)
            converged = convergence.reached(loss, change, norm)
            for role in ("guest", "host"):
                ctx.send("converge_flag", converged, role, join(flow, iteration))
            progress.advance()
            if parameters.early_stopping_rounds is not None and parameters.validates(iteration):
                status = ctx.receive("validation_status", self._guest, join(flow, iteration))
                best_iteration = iteration if status["best"] else best_iteration
                if status["stop"]:
                    break
            if converged:
                break
        progress.finish_training()
        return {"loss_history": losses, "is_converged": converged, "best_iteration": best_iteration}

    def _iterate(
        self, flow: str, iteration: int, sizes: list[int], optimizer: Optimizer
    ) -> tuple[float | None, float, float]:
        """Run one epoch. Return the mean loss, the norm of the weight update, and the norm of the weights."""
        loss, norm, change = 0.0, 0.0, np.zeros(1)
        for batch, size in enumerate(sizes):
            tag = join(flow, iteration, batch)
            gradients, norm = self._gradients(tag, size)
            step = optimizer.step(np.concatenate(gradients), iteration)
            self._send_steps(step, gradients, tag)
            change = change + step
            if len(self._hosts) == 1:
                message = self.ctx.receive("loss", self._guest, tag)
                loss += float(self._decrypted(message, "loss", self._guest).sum())
        mean = loss / sum(sizes) if len(self._hosts) == 1 else None
        return mean, float(np.linalg.norm(change)), norm

    def _gradients(self, tag: str, size: int) -> tuple[list[Floats], float]:
        """Return each party's mean gradient, guest first, and the norm of all weights if `early_stop` needs it."""
        gradients, squares = [], 0.0
        for party in (self._guest, *self._hosts):
            name = f"{party.role}_gradient"
            message = self.ctx.receive(name, party, tag)
            gradients.append(self._decrypted(message, "gradient", party) / size)
            if self.parameters.early_stop == "weight_diff":
                squares += float(self._decrypted(message, "norm", party).sum())
        return gradients, float(np.sqrt(squares))

    def _send_steps(self, step: Floats, gradients: list[Floats], tag: str) -> None:
        ends = np.cumsum([len(gradient) for gradient in gradients])
        for party, part in zip((self._guest, *self._hosts), np.split(step, ends[:-1]), strict=True):
            self.ctx.send(f"{party.role}_optim_gradient", part, party, tag)

    def _record(self, flow: str, iteration: int, loss: float) -> None:
        meta = {"curve_name": "loss", "metric_type": "LOSS", "name": "train", "unit_name": "iters"}
        self.ctx.metric("train", join("loss", flow), [(iteration, loss)], meta if iteration == 0 else None)
        self.ctx.log.info("iteration %d: loss %.6f", iteration, loss)

    def _decrypted(self, message: Any, field: str, source: Party) -> Floats:
        read = exchange.checked(field, source, lambda: CipherVector.from_message(self._key.public, message[field]))
        return decrypt(self._key, read)


def arbitrate(ctx: Context, parameters: HeteroLogisticParam) -> None:
    """Run the arbiter's task. Scoring does not involve the arbiter."""
    mode, classes, folds = receive_announcement(ctx)
    if mode is Mode.PREDICT:
        return
    arbiter = Arbiter(ctx, parameters)
    trainings = [flow for prefix in prefixes(folds) for flow in flows(prefix, classes)]
    progress = TrainingProgress(ctx, len(trainings), parameters.max_iter)
    summary = {flow: arbiter.fit(flow, progress) for flow in trainings}
    ctx.summary(summary if len(trainings) > 1 else summary[trainings[0]])
