"""Values exchanged between the parties. Types and lengths are validated before use."""

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
    """Join the non-empty words with dots: the name of a flow (one training), or a message tag within it."""
    return ".".join(text for word in words if (text := str(word)))


def party(ctx: Context, role: str) -> Party:
    """Return the only party of a role. Raises ComponentFailed when there are none or several."""
    parties = ctx.roles.get(role, ())
    if len(parties) != 1:
        raise ComponentFailed(f"{ctx.component} needs exactly one {role}; the job has {len(parties)}")
    return parties[0]


def hosts(ctx: Context) -> list[Party]:
    """Return all hosts in party order. Raises ComponentFailed when there are none."""
    parties = list(ctx.roles.get("host", ()))
    if not parties:
        raise ComponentFailed(f"{ctx.component} needs at least one host; the job has none")
    return parties


def public_key(ctx: Context, minimum_bits: int) -> PublicKey:
    """Receive the arbiter's public key. Raises ComponentFailed if it is shorter than `minimum_bits`."""
    source = party(ctx, "arbiter")
    key = _read(ctx, "paillier_pubkey", source, "", PublicKey.from_message)
    if key.bits < minimum_bits:
        raise ComponentFailed(
            f"{source} sent a key of {key.bits} bits; encrypt_param.key_length requires {minimum_bits}"
        )
    return key


def vector(key: PublicKey, message: Any, field: str, source: Party, length: int, fraction_bits: int) -> CipherVector:
    """Read the ciphertexts in a field of a received message."""

    def read() -> CipherVector:
        found = CipherVector.from_message(key, message[field])
        if len(found) != length or found.fraction_bits != fraction_bits:
            raise ValueError(
                f"expected {length} values with {fraction_bits} fractional bits, "
                f"got {len(found)} with {found.fraction_bits}"
            )
        return found

    return checked(field, source, read)


def floats(ctx: Context, name: str, source: Party, tag: str, length: int) -> Floats:
    """Receive a vector of finite numbers."""

    def read(value: Any) -> Floats:
        found = np.asarray(value, dtype=np.float64)
        if found.shape != (length,) or not np.isfinite(found).all():
            raise ValueError(f"expected {length} finite numbers")
        return found

    return _read(ctx, name, source, tag, read)


def positions(ctx: Context, name: str, source: Party, tag: str, rows: int) -> NDArray[np.int64]:
    """Receive a selection of rows, as their positions."""

    def read(value: Any) -> NDArray[np.int64]:
        found = np.asarray(value)
        if found.ndim != 1 or found.dtype.kind not in "iu" or np.any((found < 0) | (found >= rows)):
            raise ValueError(f"expected positions below {rows}")
        return found.astype(np.int64)

    return _read(ctx, name, source, tag, read)


def batch_sizes(ctx: Context, flow: str, rows: int | None = None) -> list[int]:
    """Receive the guest's batch sizes. Batches are consecutive rows. rows: the sum that the sizes must have."""

    def read(value: Any) -> list[int]:
        sizes = [int(size) for size in value]
        if not sizes or min(sizes) < 1 or rows not in (None, sum(sizes)):
            raise ValueError(f"the batches have {sum(sizes)} rows in total, but this party has {rows}")
        return sizes

    return _read(ctx, "batch_info", party(ctx, "guest"), flow, read)


def _read(ctx: Context, name: str, source: Party, tag: str, read: Callable[[Any], T]) -> T:
    value = ctx.receive(name, source, tag)
    return checked(name, source, lambda: read(value))


def checked(name: str, source: Party, read: Callable[[], T]) -> T:
    """Return the result of `read`. Raises ComponentFailed that names the sender if the value is invalid."""
    try:
        return read()
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ComponentFailed(f"the value {name} from {source} is invalid: {error}") from error
