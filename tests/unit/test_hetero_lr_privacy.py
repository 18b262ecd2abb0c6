"""The messages that each party of HeteroLR receives in a full run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from gmpy2 import invert, mpz

from fateflow_tui.components.hetero_lr import HeteroLR, training
from fateflow_tui.components.paillier import CipherVector, PublicKey
from fateflow_tui.core.ids import Party
from fateflow_tui.worker.codec import Payload, decode
from fateflow_tui.worker.testing import MemoryBus
from tests.unit.hetero_lr_parties import ARBITER, GUEST, HOSTS, split, train

HOST = HOSTS[0]


class Seen(NamedTuple):
    """One value on the wire."""

    source: Party
    target: Party
    name: str
    tag: str
    value: Any
    octets: bytes


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> list[Seen]:
    """Everything that is sent while a test runs."""
    seen: list[Seen] = []
    put = MemoryBus.put

    def record(self: MemoryBus, source: Party, targets: Sequence[Party], name: str, tag: str, payload: Payload) -> None:
        octets = bytes(payload.joined())
        seen.extend(Seen(source, target, name, tag, decode(octets), octets) for target in targets)
        put(self, source, targets, name, tag, payload)

    monkeypatch.setattr(MemoryBus, "put", record)
    return seen


def arrived(wire: list[Seen], target: Party) -> set[str]:
    return {seen.name for seen in wire if seen.target == target}


def key_of(wire: list[Seen]) -> PublicKey:
    return next(PublicKey.from_message(seen.value) for seen in wire if seen.name == "paillier_pubkey")


def test_each_party_gets_only_what_it_needs(wire: list[Seen]) -> None:
    train(split(), {"early_stop": "weight_diff", "tol": 1e-9, "max_iter": 2})
    assert arrived(wire, ARBITER) == {"work", "batch_info", "guest_gradient", "host_gradient", "loss"}
    assert arrived(wire, HOST) == {
        *("work", "row_digest", "batch_info", "paillier_pubkey"),
        *("fore_gradient", "host_optim_gradient", "converge_flag"),
    }
    assert arrived(wire, GUEST) == {
        *("paillier_pubkey", "host_forward_dict", "guest_optim_gradient", "converge_flag", "host_prob")
    }
    declared = HeteroLR.facts().variables
    for seen in wire:
        assert seen.source.role in declared[seen.name].sources
        assert seen.target.role in declared[seen.name].targets


def test_gradients_residuals_shares_and_losses_are_ciphertexts(wire: list[Seen]) -> None:
    train(split(), {"early_stop": "weight_diff", "tol": 1e-9, "max_iter": 2})
    key = key_of(wire)
    secret = {"host_forward_dict", "fore_gradient", "guest_gradient", "host_gradient", "loss"}
    messages = [seen for seen in wire if seen.name in secret]
    assert {seen.name for seen in messages} == secret
    everything: list[mpz] = []
    for seen in messages:
        for field in seen.value.values():
            vector = CipherVector.from_message(key, field)
            everything += vector.ciphertexts
    assert len(set(everything)) == len(everything)


def test_no_ids_labels_or_column_names_are_sent(wire: list[Seen]) -> None:
    frames = split()
    frames = {
        party: frame.rename({name: f"{name}-{party.role}-column" for name in frame.columns if name not in ("id", "y")})
        for party, frame in frames.items()
    }
    train(frames, {"max_iter": 1, "validation_freqs": 1, "penalty": "L1"}, validate=frames)
    labels = np.where(frames[GUEST]["y"].to_numpy() == 1, 1.0, -1.0)
    for seen in wire:
        assert b"-column" not in seen.octets
        assert not any(identifier.encode() in seen.octets for identifier in frames[GUEST]["id"][10:])
        assert labels.tobytes() not in seen.octets


def test_a_host_cannot_subtract_its_share_from_the_residuals(wire: list[Seen]) -> None:
    """With zero weights a residual is -y/2. If the guest added that as a plaintext, the quotient of what the host
    gets and what it sent would be 1 + m n, which everybody can read.
    """
    train(split(), {"max_iter": 1})
    key = key_of(wire)
    (sent,) = (seen.value["forward"] for seen in wire if seen.name == "host_forward_dict")
    (got,) = (seen.value["residual"] for seen in wire if seen.name == "fore_gradient")
    pairs = zip(
        CipherVector.from_message(key, sent).ciphertexts, CipherVector.from_message(key, got).ciphertexts, strict=True
    )
    assert not any((b * invert(a, key.square) - 1) % key.modulus == 0 for a, b in pairs)


def test_a_share_of_the_wrong_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(self: training.HostLearner, part: slice, tag: str) -> CipherVector:
        vector = CipherVector.encrypt(self.key, np.zeros(3))
        self.ctx.send("host_forward_dict", {"forward": vector.message()}, "guest", tag)
        return vector

    monkeypatch.setattr(training.HostLearner, "residual", short)
    results = train(split(), {}, check=False)
    assert "the value forward from host:10000 is invalid" in str(results[GUEST].error)
