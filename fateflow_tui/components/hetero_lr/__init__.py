"""Logistic regression over columns that several parties hold: one guest with the label, hosts, and an arbiter.

The arbiter makes a Paillier key pair. Parties only ever exchange ciphertexts under it: the hosts their share of the
scores, the guest the residuals, everybody its gradient, which the arbiter alone decrypts and turns into steps.
"""

from fateflow_tui.components.hetero_lr.module import HeteroLR

__all__ = ["HeteroLR"]
