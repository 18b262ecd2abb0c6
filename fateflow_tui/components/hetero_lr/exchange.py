"""What crosses between the parties, read with distrust: forms and lengths are checked before use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from fateflow_tui.components.paillier import CipherVector, PublicKey
from fateflow_tui.core.errors import ComponentFailed

if TYPE_CHECKING:
    from fateflow_tui.components.contract import Context
    from fateflow_tui.core.ids import Party

T = TypeVar("T")
Floats = NDArray[np.float64]


def join(*words: object) -> str:
    """A flow's name, or a tag within one: its words with dots between; empty ones are left out."""
    return ".".join(text for word in words if (text := str(word)))


def party(ctx: Context, role: str) -> Party:
    """The only party of a role. Raises ComponentFailed when there are none or several."""
    parties = ctx.roles.get(role, ())
    if len(parties) != 1:
        raise ComponentFailed(f"{ctx.component} needs exactly one {role}; the job has {len(parties)}")
    return parties[0]


def hosts(ctx: Context) -> list[Party]:
    """All hosts in party order. Raises ComponentFailed when there are none."""
    parties = list(ctx.roles.get("host", ()))
    if not parties:
        raise ComponentFailed(f"{ctx.component} needs at least one host; the job has none")
    return parties


def public_key(ctx: Context, minimum_bits: int) -> PublicKey:
    """The arbiter's. Raises ComponentFailed when it is shorter than this party expects."""
    source = party(ctx, "arbiter")
    key = _read(ctx, "paillier_pubkey", source, "", PublicKey.from_message)
    if key.bits < minimum_bits:
        raise ComponentFailed(
            f"{source} sent a key of {key.bits} bits; encrypt_param.key_length requires {minimum_bits}"
        )
    return key


def vector(key: PublicKey, message: Any, field: str, source: Party, length: int, places: int) -> CipherVector:
    """The ciphertexts under a field of a received message."""

    def read() -> CipherVector:
        found = CipherVector.from_message(key, message[field])
        if len(found) != length or found.places != places:
            raise ValueError(f"{len(found)} numbers with {found.places} places, not {length} with {places}")
        return found

    return checked(field, source, read)


def floats(ctx: Context, name: str, source: Party, tag: str, length: int) -> Floats:
    """A received vector of finite numbers."""

    def read(value: Any) -> Floats:
        found = np.asarray(value, dtype=np.float64)
        if found.shape != (length,) or not np.isfinite(found).all():
            raise ValueError(f"not {length} finite numbers")
        return found

    return _read(ctx, name, source, tag, read)


def positions(ctx: Context, name: str, source: Party, tag: str, rows: int) -> NDArray[np.int64]:
    """A received choice of rows."""

    def read(value: Any) -> NDArray[np.int64]:
        found = np.asarray(value)
        if found.ndim != 1 or found.dtype.kind not in "iu" or np.any((found < 0) | (found >= rows)):
            raise ValueError(f"not positions among {rows} rows")
        return found.astype(np.int64)

    return _read(ctx, name, source, tag, read)


def batch_sizes(ctx: Context, flow: str, rows: int | None = None) -> list[int]:
    """The guest's batches: how many of the rows, in their order, belong to each. rows: that they must make up."""

    def read(value: Any) -> list[int]:
        sizes = [int(size) for size in value]
        if not sizes or min(sizes) < 1 or rows not in (None, sum(sizes)):
            raise ValueError(f"batches of {sum(sizes)} rows, where this party has {rows}")
        return sizes

    return _read(ctx, "batch_info", party(ctx, "guest"), flow, read)


def _read(ctx: Context, name: str, source: Party, tag: str, read: Callable[[Any], T]) -> T:
    value = ctx.receive(name, source, tag)
    return checked(name, source, lambda: read(value))


def checked(name: str, source: Party, read: Callable[[], T]) -> T:
    """What `read` makes of a received value; ComponentFailed, naming its sender, when it cannot."""
    try:
        return read()
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ComponentFailed(f"the value {name} from {source} is invalid: {error}") from error
