"""Method `rsa`: private set intersection by RSA blind signatures.

The host generates a key (n, e, d) and sends n and e. For each id the guest sends H(id) * r^e with a random r, which
the host cannot distinguish from random numbers. The host answers with the d-th powers, from which the guest removes
r to get the signature H(id)^d. The host also sends hashes of the signatures of its own ids. Equal hashes are the
intersection; the others reveal nothing to the guest, because it cannot sign. With several hosts an id must be at all
of them; the guest learns the intersection with each.

Each function returns the party's own ids in the intersection, or None if it does not receive them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from fateflow_tui.components.contract import Context
from fateflow_tui.components.intersection import exchange
from fateflow_tui.components.intersection.exchange import full_domain, of_number
from fateflow_tui.components.intersection.parameters import IntersectParam, RSAParam
from fateflow_tui.core.errors import ComponentFailed
from fateflow_tui.core.ids import Party

_EXPONENT = 65537
_CHUNK = 5_000  # ids between two progress updates


def run_guest(ctx: Context, ids: Sequence[str], parameters: IntersectParam) -> list[str] | None:
    how = parameters.rsa_params
    shuffled = list(ids)
    secrets.SystemRandom().shuffle(shuffled)
    hosts = ctx.roles["host"]
    blindings = [_Blinding(ctx, host, shuffled, how) for host in hosts]
    for blinding in blindings:
        blinding.send()
    places = [blinding.matches() for blinding in blindings]
    common = [one for one in ids if all(one in found for found in places)]
    if parameters.sync_intersect_ids:
        for host, found in zip(hosts, places, strict=True):
            ctx.send("intersect_positions", sorted(found[one] for one in common), to=host)
    return common


def run_host(ctx: Context, ids: Sequence[str], parameters: IntersectParam) -> list[str] | None:
    from cryptography.hazmat.primitives.asymmetric import rsa

    how = parameters.rsa_params
    guest = ctx.roles["guest"][0]
    key = rsa.generate_private_key(_EXPONENT, how.key_length).private_numbers()
    modulus = key.public_numbers.n
    ctx.send("host_pubkey", {"n": modulus, "e": _EXPONENT}, to=guest)
    shuffled = list(ids)
    secrets.SystemRandom().shuffle(shuffled)
    blinded = ctx.receive("guest_pubkey_ids", guest)
    count = len(blinded) if isinstance(blinded, list) else 0
    blinded = exchange.numbers(blinded, "guest_pubkey_ids", guest, modulus, count)
    hashed = [full_domain(one, how.hash_method, how.salt, modulus) for one in shuffled]
    signed = _sign(ctx, blinded + hashed, key)
    ctx.send("host_sign_guest_ids", signed[: len(blinded)], to=guest)
    own = (of_number(one, how.final_hash_method, how.salt) for one in signed[len(blinded) :])
    ctx.send("host_prvkey_ids", b"".join(own), to=guest)
    if not parameters.sync_intersect_ids:
        return None
    found = ctx.receive("intersect_positions", guest)
    return [shuffled[place] for place in exchange.positions(found, "intersect_positions", guest, len(shuffled))]


class _Blinding:
    """The guest's side of the exchange with one host."""

    def __init__(self, ctx: Context, host: Party, ids: Sequence[str], how: RSAParam) -> None:
        """Wait for the host's public key. ids: in the order in which they are sent."""
        self._ctx = ctx
        self._host = host
        self._ids = ids
        self._how = how
        self._modulus, self._exponent = _public_key(ctx.receive("host_pubkey", host), host, how.key_length)
        self._factors = [1 + secrets.randbelow(self._modulus - 1) for _ in ids]

    def send(self) -> None:
        import gmpy2

        n, how = self._modulus, self._how
        blinded = [
            int(full_domain(one, how.hash_method, how.salt, n) * gmpy2.powmod(factor, self._exponent, n) % n)
            for one, factor in zip(self._ids, self._factors, strict=True)
        ]
        self._ctx.send("guest_pubkey_ids", blinded, to=self._host)

    def matches(self) -> dict[str, int]:
        """Return the own ids that the host has, each with the position of its hash in the host's list."""
        import gmpy2

        n, how = self._modulus, self._how
        answer = self._ctx.receive("host_sign_guest_ids", self._host)
        signed = exchange.numbers(answer, "host_sign_guest_ids", self._host, n, len(self._ids))
        size = len(of_number(1, how.final_hash_method, how.salt))
        answer = self._ctx.receive("host_prvkey_ids", self._host)
        theirs = exchange.pieces(answer, "host_prvkey_ids", self._host, size)
        places = {value: place for place, value in enumerate(theirs)}
        found: dict[str, int] = {}
        for one, factor, value in zip(self._ids, self._factors, signed, strict=True):
            signature = int(value * gmpy2.invert(factor, n) % n)
            place = places.get(of_number(signature, how.final_hash_method, how.salt))
            if place is not None:
                found[one] = place
        return found


def _public_key(value: Any, host: Party, min_bits: int) -> tuple[int, int]:
    """Validate the host's key; return modulus and exponent. A short key or another exponent would not protect the
    ids.
    """
    modulus = value.get("n") if isinstance(value, dict) else None
    if not isinstance(modulus, int) or modulus.bit_length() < min_bits or modulus % 2 == 0:
        raise ComponentFailed(f"host_pubkey from {host} is not an RSA key of at least {min_bits} bits")
    if value.get("e") != _EXPONENT:
        raise ComponentFailed(f"host_pubkey from {host} does not have the exponent {_EXPONENT}")
    return modulus, _EXPONENT


def _sign(ctx: Context, values: list[int], key: Any) -> list[int]:
    """Sign the values: return their d-th powers, computed by the Chinese remainder theorem."""
    import gmpy2

    p, q = key.p, key.q
    signed: list[int] = []
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK]
        by_p = gmpy2.powmod_base_list(chunk, key.dmp1, p)
        by_q = gmpy2.powmod_base_list(chunk, key.dmq1, q)
        signed += [int(b + q * ((a - b) * key.iqmp % p)) for a, b in zip(by_p, by_q, strict=True)]
        ctx.progress(len(signed), len(values))
    return signed
