"""Private set intersection: the rows whose ids all parties have, aligned at all parties."""

from fateflow_tui.components.intersection.module import Intersection

__all__ = ["Intersection"]
