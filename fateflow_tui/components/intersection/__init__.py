"""Intersection: which rows all parties have, and each party's part of them in the same order."""

from fateflow_tui.components.intersection.module import Intersection

__all__ = ["Intersection"]
