"""Upload: a delimited text file becomes a stored table."""

from fateflow_tui.components.upload.module import Upload

__all__ = ["Upload"]
