"""The schema version of the stored files, and the migrations from older versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from fateflow_tui.core.errors import NewerSchema

Plain = dict[str, dict[str, dict[str, Any]]]


class Schema(msgspec.Struct, frozen=True):
    """One kind of file. current: the number written today. steps: by the number they start from; each gets the
    document in that form and returns it in the next one. A step may change its argument.
    """

    current: int
    steps: Mapping[int, Callable[[Plain], Plain]]

    def table(self) -> dict[str, dict[str, Any]]:
        """What a file carries to say its form."""
        return {"1": {"number": self.current}}

    def upgrade(self, document: Plain, found: int) -> Plain:
        """The document in today's form. Raises NewerSchema for a file that a newer version has written."""
        if found > self.current:
            raise NewerSchema(
                f"the file has schema {found}, this version knows up to {self.current}",
                hint="use the version of fateflow that wrote it, or a newer one",
                data={"found": found, "known": self.current},
            )
        for number in range(found, self.current):
            document = self.steps[number](document)
        return document


SCHEMA_TABLE: Final = "schema"
