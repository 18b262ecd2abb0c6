"""DataIO and DataTransform: uploaded text becomes instances, that is numbers, maybe with a label."""

from fateflow_tui.components.data_io.module import DataIO, DataTransform

__all__ = ["DataIO", "DataTransform"]
