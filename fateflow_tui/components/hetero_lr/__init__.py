"""Logistic regression over columns that several parties hold: one guest with the label, hosts, and an arbiter.

The arbiter generates a Paillier key pair. The parties exchange only ciphertexts under its public key: hosts send their
share of the scores, the guest sends the residuals, and each of them sends its gradient to the arbiter, which alone can
decrypt it and returns the update step.
"""

from fateflow_tui.components.hetero_lr.module import HeteroLR

__all__ = ["HeteroLR"]
