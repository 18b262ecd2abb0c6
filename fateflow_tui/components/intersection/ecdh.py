"""Method `ecdh`: private set intersection by Diffie-Hellman on Curve25519.

Ids are hashed to points, which both parties blind with secret scalars; the order of blinding does not matter. The
guest sends a * P(id) for its ids. The host answers with b * a * P(id) in the same order and sends b * P(id) for its
own ids, which the guest blinds in turn. Equal points are the intersection; neither party can remove the other's
scalar. With several hosts the guest uses a new scalar for each, and an id must be at all of them.

Each function returns the party's own ids in the intersection, or None if it does not receive them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from fateflow_tui.components.contract import Context
from fateflow_tui.components.intersection import exchange
from fateflow_tui.components.intersection.parameters import IntersectParam
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

_POINT = 32  # bytes


def run_guest(ctx: Context, ids: Sequence[str], parameters: IntersectParam) -> list[str] | None:
    hosts = ctx.roles["host"]
    shuffled = list(ids)
    secrets.SystemRandom().shuffle(shuffled)
    points = [_point(one, parameters) for one in shuffled]
    factors = [_factor() for _ in hosts]
    for host, factor in zip(hosts, factors, strict=True):
        ctx.send("guest_blinded_ids", b"".join(_blind(factor, points, ctx.party)), to=host)
    places: list[dict[str, int]] = []
    for host, factor in zip(hosts, factors, strict=True):
        name = "guest_double_blinded_ids"
        own = exchange.pieces(ctx.receive(name, host), name, host, _POINT, len(shuffled))
        theirs = exchange.pieces(ctx.receive("host_blinded_ids", host), "host_blinded_ids", host, _POINT)
        at = {point: place for place, point in enumerate(_blind(factor, theirs, host))}
        places.append({one: at[point] for one, point in zip(shuffled, own, strict=True) if point in at})
    common = [one for one in ids if all(one in found for found in places)]
    if parameters.sync_intersect_ids:
        for host, found in zip(hosts, places, strict=True):
            ctx.send("intersect_positions", sorted(found[one] for one in common), to=host)
    return common


def run_host(ctx: Context, ids: Sequence[str], parameters: IntersectParam) -> list[str] | None:
    guest = ctx.roles["guest"][0]
    factor = _factor()
    shuffled = list(ids)
    secrets.SystemRandom().shuffle(shuffled)
    own = _blind(factor, (_point(one, parameters) for one in shuffled), ctx.party)
    ctx.send("host_blinded_ids", b"".join(own), to=guest)
    theirs = exchange.pieces(ctx.receive("guest_blinded_ids", guest), "guest_blinded_ids", guest, _POINT)
    ctx.send("guest_double_blinded_ids", b"".join(_blind(factor, theirs, guest)), to=guest)
    if not parameters.sync_intersect_ids:
        return None
    found = ctx.receive("intersect_positions", guest)
    return [shuffled[place] for place in exchange.positions(found, "intersect_positions", guest, len(shuffled))]


def _factor() -> X25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.generate()


def _point(one: str, parameters: IntersectParam) -> bytes:
    """Hash an id to a point. Any 32 bytes are a coordinate on the curve or its twist, and both are safe."""
    return hashlib.sha256(f"{one}{parameters.rsa_params.salt}".encode()).digest()


def _blind(factor: X25519PrivateKey, points: Iterable[bytes], source: Party) -> list[bytes]:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    try:
        return [factor.exchange(X25519PublicKey.from_public_bytes(point)) for point in points]
    except ValueError as error:  # a point of small order, which hashing never produces
        raise ComponentFailed(f"a blinded id from {source} is not a valid point") from error
