"""Commands and groups: global options at every level, examples, and the values that functions get."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer

from fateflow_tui.commands.context import Session
from fateflow_tui.commands.groups import CommandGroup, older_letters, split_examples
from fateflow_tui.commands.output import Format, format_of
from fateflow_tui.core.errors import BadRequest

_GIVEN: dict[str, Any] = {}


def _group() -> CommandGroup:
    app = CommandGroup("Try.")

    @app.command()
    @older_letters(count="-k")
    def take(
        ctx: typer.Context,
        words: Annotated[list[str] | None, typer.Argument()] = None,
        name: Annotated[str | None, typer.Option("--name", "-n")] = None,
        count: Annotated[int, typer.Option("--count")] = 3,
        path: Annotated[Path | None, typer.Option("--output-path", "-o")] = None,
    ) -> int:
        """Take things.

        Examples:
        fateflow try take
        fateflow try take x --json
        """
        _GIVEN.clear()
        _GIVEN.update(words=words, name=name, count=count, path=path, options=dict(ctx.obj.options))
        return 5

    return app


def _run(*arguments: str) -> dict[str, Any]:
    code = typer.main.get_group(_group()).main(list(arguments), standalone_mode=False, obj=Session())
    assert code == 5
    return _GIVEN


def test_values_have_their_types() -> None:
    given = _run("take", "a", "b", "-n", "x", "--count", "4", "-o", "there")
    assert {key: given[key] for key in ("words", "name", "count", "path")} == {
        "words": ["a", "b"],
        "name": "x",
        "count": 4,
        "path": Path("there"),
    }


def test_defaults_are_left_as_they_are() -> None:
    given = _run("take")
    assert (given["words"], given["name"], given["count"], given["path"]) == (None, None, 3, None)
    assert given["options"] == {}


def test_a_value_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(typer.BadParameter):
        _run("take", "--count", "many")


def test_global_options_before_and_after_the_verb() -> None:
    assert _run("--json", "take", "--home", "h")["options"] == {"json": True, "home": "h"}
    assert _run("--home", "a", "take", "--home", "b", "-q")["options"] == {"home": "b", "quiet": True}


def test_a_command_keeps_its_own_letters() -> None:
    given = _run("-o", "yaml", "take", "-o", "folder", "--output", "jsonl")
    assert (given["path"], given["options"]) == (Path("folder"), {"output": "jsonl"})


def test_an_older_letter_works_and_is_in_no_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("take", "-k", "4")["count"] == 4
    assert _run("take", "-k4")["count"] == 4
    typer.main.get_group(_group()).main(["take", "--help"], standalone_mode=False, obj=Session())
    shown = capsys.readouterr().out
    assert "--count" in shown
    assert "-k" not in shown


def test_examples_stand_apart_from_the_help() -> None:
    text, examples = split_examples("Does it.\n\nMore.\n\nExamples:\nfateflow a b\nfateflow a c\n")
    assert (text, examples) == ("Does it.\n\nMore.", ["fateflow a b", "fateflow a c"])
    assert split_examples(None) == ("", [])
    assert typer.main.get_group(_group()).commands["take"].examples == [
        "fateflow try take",
        "fateflow try take x --json",
    ]


@pytest.mark.parametrize(
    ("word", "as_json", "form"),
    [(None, False, Format.TABLE), (None, True, Format.JSON), ("yaml", True, Format.JSON), ("name", False, Format.NAME)],
)
def test_the_requested_format(word: str | None, as_json: bool, form: Format) -> None:
    assert format_of(word, as_json=as_json) is form


def test_an_unknown_format() -> None:
    with pytest.raises(BadRequest, match="xml"):
        format_of("xml", as_json=False)
