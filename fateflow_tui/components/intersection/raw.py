"""Method `raw`: one role sends its ids or their hashes, and the joining role compares them with its own.

The joining role sees the ids of the others. With several hosts an id must be at all of them.

Each function returns the party's own ids in the intersection, or None if it does not receive them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fateflow_tui.components.contract import Context
from fateflow_tui.components.intersection import exchange
from fateflow_tui.components.intersection.exchange import encoded
from fateflow_tui.components.intersection.parameters import IntersectParam
from fateflow_tui.core.ids import Party


def run_guest(ctx: Context, ids: Sequence[str], parameters: IntersectParam) -> list[str] | None:
    own = _by_sent_form(ids, parameters)
    hosts = ctx.roles["host"]
    if parameters.join_role == "guest":
        common = _common(own, (_ids(ctx, "send_ids_host", host) for host in hosts))
        if parameters.sync_intersect_ids:
            ctx.send("intersect_ids_guest", common, to="host")
        return [own[one] for one in common]
    ctx.send("send_ids_guest", sorted(own), to="host")
    if not parameters.sync_intersect_ids:
        return None
    common = _common(own, (_ids(ctx, "intersect_ids_host", host) for host in hosts))
    if len(hosts) > 1:
        ctx.send("sync_intersect_ids_multi_hosts", common, to="host")
    return [own[one] for one in common]


def run_host(ctx: Context, ids: Sequence[str], parameters: IntersectParam) -> list[str] | None:
    own = _by_sent_form(ids, parameters)
    guest = ctx.roles["guest"][0]
    if parameters.join_role == "guest":
        ctx.send("send_ids_host", sorted(own), to=guest)
        if not parameters.sync_intersect_ids:
            return None
        common = _common(own, [_ids(ctx, "intersect_ids_guest", guest)])
        return [own[one] for one in common]
    common = _common(own, [_ids(ctx, "send_ids_guest", guest)])
    if parameters.sync_intersect_ids:
        ctx.send("intersect_ids_host", common, to=guest)
        if len(ctx.roles["host"]) > 1:
            common = _common(own, [_ids(ctx, "sync_intersect_ids_multi_hosts", guest)])
    return [own[one] for one in common]


def _by_sent_form(ids: Sequence[str], parameters: IntersectParam) -> dict[str, str]:
    """Return the ids by their sent form."""
    if not parameters.with_encode:
        return {one: one for one in ids}
    how = parameters.encode_params
    return dict(zip(encoded(ids, how.encode_method, how.salt, how.base64), ids, strict=True))


def _common(own: dict[str, str], others: Iterable[Iterable[str]]) -> list[str]:
    common = set(own)
    for other in others:
        common.intersection_update(other)
    return sorted(common)


def _ids(ctx: Context, name: str, source: Party) -> list[str]:
    return exchange.texts(ctx.receive(name, source), name, source)
