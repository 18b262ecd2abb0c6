"""Evaluation: how good predictions are, for two classes, several classes and numbers."""

from fateflow_tui.components.evaluation.module import Evaluation

__all__ = ["Evaluation"]
