"""Option groups that several commands share."""

from __future__ import annotations

import inspect

import pytest
import typer

from fateflow_tui.commands.options import (
    JobNames,
    LimitOption,
    TableName,
    TaskOptions,
    component_list,
    expand_option_groups,
    listed,
)
from fateflow_tui.core.errors import BadRequest


def test_an_option_group_becomes_options_of_the_command() -> None:
    def command(ctx: typer.Context, which: TableName, limit: LimitOption = 3) -> tuple[TableName, int]:
        """Does it."""
        return which, limit

    shown = expand_option_groups(command)
    assert list(inspect.signature(shown).parameters) == ["ctx", "names", "namespace", "table_name", "limit"]
    assert shown.__doc__ == "Does it."
    assert shown.__name__ == "command"
    assert shown(ctx=None, names=None, namespace="n", table_name="t", limit=3) == (TableName(None, "n", "t"), 3)


def test_a_function_without_groups_is_not_changed() -> None:
    def command(ctx: typer.Context, limit: LimitOption = 3) -> None: ...

    assert expand_option_groups(command) is command


def test_a_table_by_position_or_by_options() -> None:
    wanted = {"namespace": "a", "table_name": "b"}
    assert (
        TableName(["a", "b"]).body() == TableName(None, "a", "b").body() == TableName(["a"], None, "b").body() == wanted
    )
    with pytest.raises(BadRequest, match="-t"):
        TableName(["a"]).body()


def test_all_of_a_task_is_needed() -> None:
    with pytest.raises(BadRequest, match="-j"):
        TaskOptions(None, "guest", "1", "lr_0").body(None)  # type: ignore[arg-type]


def test_jobs_are_named_in_two_ways() -> None:
    assert JobNames(["a"], "b").words == ["a", "b"]
    assert JobNames(None, "b").by_job_option
    assert not JobNames(["a"], "b").by_job_option


@pytest.mark.parametrize("text", ["a,b", " [a, b] ", "a,\nb,", ",a,b"])
def test_lists_are_read_as_fates_client_reads_them(text: str) -> None:
    assert listed(text) == ["a", "b"]
    assert listed(None) == listed("[]") == []


def test_a_given_list_takes_precedence_over_a_file(tmp_path: object) -> None:
    assert component_list("a", None) == "a"
    assert component_list(None, None) == ""
