"""The module Intersection and the variables that its parties exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fateflow_tui.artifacts.table import by_id
from fateflow_tui.components.contract import Context, Module, variable
from fateflow_tui.components.intersection.parameters import IntersectParam
from fateflow_tui.components.online import pass_on
from fateflow_tui.core.errors import ComponentFailed, NotBuilt
from fateflow_tui.core.ports import Variable

if TYPE_CHECKING:
    import polars as pl

    from fateflow_tui.artifacts.table import Table
    from fateflow_tui.components.contract import Model
    from fateflow_tui.components.online import Step


VARIABLES: Final[tuple[Variable, ...]] = (
    # raw: ids or their hashes, sorted
    variable("send_ids_host", "host", "guest"),
    variable("send_ids_guest", "guest", "host"),
    variable("intersect_ids_guest", "guest", "host"),
    variable("intersect_ids_host", "host", "guest"),
    variable("sync_intersect_ids_multi_hosts", "guest", "host"),
    # rsa
    variable("host_pubkey", "host", "guest"),  # {"n": modulus, "e": exponent}
    variable("guest_pubkey_ids", "guest", "host"),  # blinded ids, one number each, in random order
    variable("host_sign_guest_ids", "host", "guest"),  # the same numbers signed, in the same order
    variable("host_prvkey_ids", "host", "guest"),  # hashes of the host's signed ids, in random order
    # ecdh
    variable("guest_blinded_ids", "guest", "host"),  # 32 bytes each, in random order
    variable("guest_double_blinded_ids", "host", "guest"),  # the same points blinded by the host, in the same order
    variable("host_blinded_ids", "host", "guest"),  # 32 bytes each, in random order
    # rsa, ecdh: positions of the intersection in the values that the host sent
    variable("intersect_positions", "guest", "host"),
    # repeated ids: id -> ids of the guest's rows, for the intersection only
    variable("id_map_from_guest", "guest", "host"),
)


class Intersection(Module[IntersectParam]):
    """Reads `data` and outputs the rows whose ids the guest and all hosts have.

    The outputs of all parties have the same ids in the same order (see `row_order`), so rows match by position. A
    party that does not receive the intersection (`sync_intersect_ids` false) has no output.
    """

    name = "Intersection"
    parameter_class = "IntersectParam"
    parameter_type = IntersectParam
    variables = VARIABLES

    @classmethod
    def online(cls, model: Model | None) -> Step:
        return pass_on

    def run(self, ctx: Context) -> None:
        parameters = self.parameters
        if parameters.allow_info_share:
            raise NotBuilt("sharing a column with the intersection (allow_info_share) is not supported by this version")
        if parameters.intersect_cache_param.use_cache:
            ctx.log.warning("use_cache has no effect: ids are encrypted again in each run")
        for role in ("guest", "host"):
            if not ctx.roles.get(role):
                raise ComponentFailed(f"{ctx.component} needs a {role}; the job has none")
        table = next((found for key in ctx.inputs.keys() for found in ctx.inputs.tables(key)), None)  # noqa: SIM118
        if table is None:
            raise ComponentFailed(f"{ctx.component} at {ctx.party} has no input table")
        rows = self._intersected(ctx, table)
        if rows is None:
            ctx.log.info("%s does not receive the intersection (sync_intersect_ids is false)", ctx.party)
            return
        _write(ctx, table, rows.select(rows.columns[0]) if parameters.only_output_key else rows)
        rate = rows.height / table.meta.count if table.meta.count else 0.0
        ctx.metric(
            "train",
            "intersection",
            [("intersect_count", rows.height), ("intersect_rate", rate)],
            {"name": "intersection", "metric_type": "INTERSECTION"},
        )
        ctx.summary({"intersect_num": rows.height, "intersect_rate": rate})
        if not rows.height:
            ctx.log.warning("the parties have no ids in common")

    def _intersected(self, ctx: Context, table: Table) -> pl.DataFrame | None:
        import polars as pl

        frame = table.frame()
        sid = frame.columns[0]
        if not self.parameters.repeated_id_process:
            common = self._common(ctx, frame[sid].to_list())
            return None if common is None else frame.filter(pl.col(sid).is_in(common))
        return self._repeated(ctx, table, frame)

    def _repeated(self, ctx: Context, table: Table, frame: pl.DataFrame) -> pl.DataFrame | None:
        """Repeat a host's rows to match the guest's rows that share an id."""
        import polars as pl

        from fateflow_tui.components.intersection import repeated

        owner = ctx.party.role == self.parameters.repeated_id_owner
        if owner or self.parameters.with_sample_id:
            frame = repeated.by_first_feature(frame, table)
        else:
            frame = frame.with_columns(pl.col(frame.columns[0]).alias(repeated.REAL_ID))
        ids = frame[repeated.REAL_ID].unique(maintain_order=True).to_list()
        common = self._common(ctx, ids)
        if common is None:
            return None
        found = frame.filter(pl.col(repeated.REAL_ID).is_in(common))
        if not owner:
            guest = ctx.roles["guest"][0]
            found = repeated.spread(found, ctx.receive("id_map_from_guest", guest), str(guest))
        elif self.parameters.sync_intersect_ids:
            ctx.send("id_map_from_guest", repeated.id_map(found), to="host")
        return found.drop(repeated.REAL_ID)

    def _common(self, ctx: Context, ids: list[str]) -> list[str] | None:
        """Return the party's own ids in the intersection, found by the chosen method."""
        from fateflow_tui.components.intersection import ecdh, raw, rsa

        method: Any = {"raw": raw, "rsa": rsa, "ecdh": ecdh}[self.parameters.intersect_method]
        run = method.run_guest if ctx.party.role == "guest" else method.run_host
        common: list[str] | None = run(ctx, ids, self.parameters)
        return common


def _write(ctx: Context, table: Table, rows: pl.DataFrame) -> None:
    """Write the rows with the metadata of the input table."""
    meta = table.meta
    label = meta.label if meta.label in rows.columns else ""
    facts: dict[str, Any] = {
        "partitions": meta.partitions,
        "id_delimiter": meta.id_delimiter,
        "have_head": meta.have_head,
    }
    with ctx.write(kind=meta.kind, label=label, **facts) as writer:
        writer.write(by_id(rows))
