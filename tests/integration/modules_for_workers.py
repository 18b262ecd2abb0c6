"""Modules that the worker tests put into a site's folder of drop-in files."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

from fateflow_tui.components.contract import Context, Module, Parameters, variable


class ActParameters(Parameters):
    """What to do."""

    act: str = ""
    need_run: bool = True
    value: Any = None


class Act(Module[ActParameters]):
    """Does one thing, as its parameter says."""

    name = "Act"
    parameter_class = "ActParam"
    parameter_type = ActParameters
    variables = (variable("value", "guest, host", "guest, host"),)

    def run(self, ctx: Context) -> None:
        act = self.parameters.act
        if act:
            getattr(self, act)(ctx)

    def work(self, ctx: Context) -> None:
        import polars as pl

        ctx.log.info("at work")
        with ctx.write(label="y") as writer:
            writer.write(pl.DataFrame({"id": ["a", "b"], "y": [0, 1], "x": [0.5, 1.5]}))
        ctx.metric("train", "loss", [(0, 0.7), (1, 0.6)], {"metric_type": "LOSS"})
        ctx.progress(1, 1)
        ctx.summary({"rows": 2})
        ctx.save_model({"weight": [1.0]}, {})

    def random(self, ctx: Context) -> None:
        import numpy as np

        ctx.summary({"drawn": float(np.random.random())})

    def libraries(self, ctx: Context) -> None:
        import numpy as np
        import polars as pl
        from sklearn.metrics import roc_auc_score

        matrix = np.random.default_rng(0).random((300, 300))
        frame = pl.DataFrame({"k": [i % 7 for i in range(10_000)], "v": range(10_000)})
        ctx.summary(
            {
                "product": float(np.linalg.det(matrix @ matrix.T) > -1),
                "groups": frame.group_by("k").agg(pl.col("v").sum()).height,
                "auc": roc_auc_score([0, 1], [0.1, 0.9]),
                "threads": pl.thread_pool_size(),
            }
        )

    def fail(self, ctx: Context) -> None:
        ctx.log.warning("about to fail")
        raise ValueError("the label column holds 3 values")

    def leave(self, ctx: Context) -> None:
        sys.exit(0)

    def exit_silently(self, ctx: Context) -> None:
        os._exit(7)

    def be_killed(self, ctx: Context) -> None:
        ctx.log.info("last thing said")
        os.kill(os.getpid(), signal.SIGKILL)

    def crash(self, ctx: Context) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)

    def hog(self, ctx: Context) -> None:
        import numpy as np

        np.ones(1 << 28)

    def hang(self, ctx: Context) -> None:
        child = subprocess.Popen(["sleep", "600"])
        ctx.metric("pids", "child", [(0, child.pid)])
        time.sleep(600)

    def ignore_the_end(self, ctx: Context) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ctx.metric("pids", "self", [(0, os.getpid())])
        while True:
            time.sleep(600)

    def replace_the_end(self, ctx: Context) -> None:
        """As libraries do whose callbacks are interrupted."""
        ctx.metric("pids", "replacing", [(0, os.getpid())])
        try:
            time.sleep(600)
        except BaseException as error:
            raise RuntimeError("a callback failed") from error

    def close_everything(self, ctx: Context) -> None:
        os.closerange(0, 256)

    def send(self, ctx: Context) -> None:
        ctx.send("value", self.parameters.value, to=ctx.roles["host"][0])

    def send_large(self, ctx: Context) -> None:
        import numpy as np

        value = np.arange(self.parameters.value, dtype=np.float64)
        start = time.perf_counter()
        ctx.send("value", value, to=ctx.roles["host"][0])
        ctx.summary({"seconds": time.perf_counter() - start, "sum": float(value.sum())})

    def receive(self, ctx: Context) -> None:
        value = ctx.receive("value", ctx.roles["guest"][0])
        ctx.summary({"value": value})

    def receive_large(self, ctx: Context) -> None:
        value = ctx.receive("value", ctx.roles["guest"][0])
        start = time.perf_counter()
        ctx.summary({"sum": float(value.sum())})
        ctx.log.info("summed in %g s", time.perf_counter() - start)

    def receive_with_patience(self, ctx: Context) -> None:
        try:
            ctx.receive("value", ctx.roles["guest"][0], tag="late", timeout=0.05)
        except Exception as error:
            ctx.metric("waits", "first", [(0, str(error))])
        ctx.summary({"value": ctx.receive("value", ctx.roles["guest"][0], tag="other")})
