"""What Upload is told."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from fateflow_tui.components.parameters import AnyCase, StrictParameters

Format = Annotated[Literal["dense", "svmlight", "libsvm", "sparse", "tag"], AnyCase]


class FormatParam(StrictParameters):
    """How the values of a row are written, for those who read the table: the `meta` of FATE 1.11, kept in the schema.

    What would change the rows while they are stored is not built: match ids and lists or ranges of them.
    """

    input_format: Format = "dense"
    delimiter: Annotated[str, Field(min_length=1)] = ","
    tag_with_value: bool = False
    tag_value_delimiter: Annotated[str, Field(min_length=1)] = ":"
    with_label: bool = False
    label_name: str = "y"
    label_type: str = "int"
    data_type: str = "float64"
    exclusive_data_type: dict[str, str] | None = None
    with_match_id: bool = False
    id_list: list[str] | None = None
    id_range: int = 0

    @model_validator(mode="after")
    def _built(self) -> Self:
        if self.with_match_id or self.id_list or self.id_range:
            raise ValueError(
                "match ids (with_match_id, id_list, id_range) are not built: leave them out, and make the id that "
                "parties match by the first column"
            )
        return self


class UploadParam(StrictParameters):
    """file: a path on the site. file_name: what people call it, in messages. namespace, name: of the table to make.
    head: 1 if the first line is a header.

    id_delimiter: between the fields; the id is the first. partition: 1 to 1023. destroy: an existing table gives
    way, once the new one is complete. duplicate_ids: what becomes of rows with an id that was there before: the
    first or the last row of an id is kept and the others are rejected and counted, or the upload fails. (FATE keeps
    the last one and does not say so.)
    extend_sid: rows get ids of their own, and the first column becomes one like the others. auto_increasing_sid:
    these ids are 0, 1, 2 and so on, otherwise they are unique over all tables. meta: see FormatParam; it
    counts only with with_meta, as 1.11's clients always send it.
    table_schema: {"sid": name, "header": "a,b"} names the columns of a file without a header line; other members are
    kept.
    storage_engine, storage_address: accepted; tables are stored by the site itself.
    """

    file: str = ""
    file_name: str = ""
    head: Literal[0, 1] = 1
    id_delimiter: Annotated[str, Field(min_length=1)] = ","
    partition: Annotated[int, Field(ge=1, le=1023)] = 10
    namespace: str = ""
    name: str = ""
    storage_engine: str | None = ""
    storage_address: dict[str, Any] | None = None
    destroy: bool = False
    duplicate_ids: Annotated[Literal["first", "last", "fail"], AnyCase] = "first"
    extend_sid: bool = False
    auto_increasing_sid: bool = False
    with_meta: bool = False
    meta: FormatParam | None = None
    table_schema: dict[str, Any] | None = None

    @field_validator("table_schema")
    @classmethod
    def _named(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        for member in ("sid", "header"):
            if value and not isinstance(value.get(member, ""), str):
                raise ValueError(f'its member {member!r} must be a text, as in {{"sid": "id", "header": "x0,x1"}}')
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.auto_increasing_sid and not self.extend_sid:
            raise ValueError("auto_increasing_sid numbers the ids that extend_sid makes: set that true as well")
        form = self.meta.input_format if self.with_meta and self.meta else "dense"
        if form != "dense" and (self.head or self.columns):
            raise ValueError(f"rows of input_format {form} have no columns to name: set head 0")
        if self.head and self.columns:
            raise ValueError("the header line (head 1) names the columns: leave sid and header out of the schema")
        return self

    @property
    def columns(self) -> list[str]:
        """The names that `table_schema` gives to a file's columns, in their order."""
        given = self.table_schema or {}
        header = [name.strip() for name in str(given.get("header", "")).split(",") if name.strip()]
        sid = str(given.get("sid", "")).strip()
        return [sid, *header] if sid else header

    @property
    def schema_members(self) -> dict[str, Any]:
        """What the table's schema says beyond the names of its columns."""
        members = {name: value for name, value in (self.table_schema or {}).items() if name not in ("sid", "header")}
        if self.extend_sid:
            members["extend_tag"] = True
        if self.with_meta:
            members["meta"] = (self.meta or FormatParam()).model_dump()
        return members
