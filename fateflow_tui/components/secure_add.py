"""SecureAddExample: the smallest federated job. Guest and hosts add their numbers without revealing them.

This is additive secret sharing: each party splits its numbers into random shares, keeps one and sends one to each
other party. Each party adds up its shares; the sums of all parties add up to the total. A single share, or a host's
sum alone, is uniformly random.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fateflow_tui.components.contract import Context, Module, PositiveInt, StrictParameters, variable
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party

if TYPE_CHECKING:
    import numpy as np

    Numbers = np.ndarray[Any, np.dtype[np.uint64]]


class SecureAddExampleParam(StrictParameters):
    """data_num: how many numbers, all 1, each party adds. partition: number of chunks that they are sent in.

    seed: makes the shares reproducible and therefore predictable; for tests only.
    """

    seed: int | None = None
    partition: PositiveInt = 1
    data_num: PositiveInt = 1000


class SecureAddExample(Module[SecureAddExampleParam]):
    """Reports the sum in the guest's summary and log: `data_num` times the number of parties."""

    name = "SecureAddExample"
    parameter_class = "SecureAddExampleParam"
    parameter_type = SecureAddExampleParam
    has_metrics = False
    variables = (
        variable("share", "guest, host", "guest, host"),
        variable("partial_sum", "host", "guest"),
    )

    def run(self, ctx: Context) -> None:
        import numpy as np

        others = [party for role in ("guest", "host") for party in ctx.roles.get(role, ()) if party != ctx.party]
        if not others:
            raise ComponentFailed(f"{ctx.component} needs at least two parties")
        numbers = np.ones(self.parameters.data_num, dtype=np.uint64)
        shares = list(self._shares(ctx.party, numbers, len(others) + 1))
        for other, share in zip(others, shares[1:], strict=True):
            for piece, part in enumerate(np.array_split(share, self.parameters.partition)):
                ctx.send("share", part, to=other, tag=piece)
        speaker = f"secure_add_{ctx.party.role}"  # `flow test toy` searches the log for this name
        ctx.log.info("%s: sent a share of the numbers to each of %s", speaker, ", ".join(map(str, others)))
        total = shares[0]
        for other in others:
            total = total + self._receive(ctx, other)
        mine = int(total.sum(dtype=np.uint64))
        if ctx.party.role == "host":
            ctx.send("partial_sum", mine, to="guest")
            return
        sums = [mine, *(_whole(value) for value in ctx.receive_all("partial_sum", "host"))]
        secure_sum = float(sum(sums) % 2**64)
        ctx.log.info("%s: secure_sum is %s", speaker, secure_sum)
        ctx.summary({"secure_sum": secure_sum})

    def _shares(self, party: Party, numbers: Numbers, count: int) -> Iterator[Numbers]:
        """Yield arrays that add up to the numbers modulo 2^64; all but the first are random."""
        import numpy as np

        seed = secrets.randbits(128) if self.parameters.seed is None else self.parameters.seed
        # The party is part of the seed, so that parties with the same seed draw different shares.
        generator = np.random.default_rng([seed, *str(party).encode()])
        randoms = [generator.integers(0, 2**64, len(numbers), dtype=np.uint64) for _ in range(count - 1)]
        first = numbers
        for random in randoms:
            first = first - random
        yield first
        yield from randoms

    def _receive(self, ctx: Context, other: Party) -> Numbers:
        import numpy as np

        pieces = [ctx.receive("share", other, tag=piece) for piece in range(self.parameters.partition)]
        good = all(isinstance(piece, np.ndarray) and piece.dtype == np.uint64 and piece.ndim == 1 for piece in pieces)
        if not good or sum(len(piece) for piece in pieces) != self.parameters.data_num:
            raise ComponentFailed(f"the share from {other} does not have {self.parameters.data_num} numbers")
        return np.concatenate(pieces)


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise ComponentFailed("a partial sum is not an integer")
    return value
