"""Tables by command: what there is, what is in them, where they come from, and files bound as tables."""

from __future__ import annotations

import csv

from tests.contract.command_line import CommandLine
from tests.contract.test_cli_live import on_terminal


def test_tables_are_listed(cli: CommandLine, job: str) -> None:
    tables = cli("data", "list", "-n", "demo", "-l", "0", "--json").data
    [host] = [one for one in tables if one["table_name"] == "breast_host"]
    assert (host["count"], host["partition"], host["enable"]) == (569, 4, True)
    assert "demo breast_host" in cli("table", "list", "-l", "0", "-o", "name").out.splitlines()
    outputs = cli("data", "list", "-l", "0", "--outputs", "--json").data
    assert any(one["namespace"].startswith(f"output_data_{job}") for one in outputs)


def test_the_first_rows_of_a_table(cli: CommandLine) -> None:
    lines = cli("data", "peek", "demo", "breast_host", "-l", "3", COLUMNS="60").out.splitlines()
    assert len(lines) == 5
    assert lines[0].endswith("…")
    assert all(line.startswith("p") for line in lines[1:4])
    assert lines[-1] == "… 566 more rows"
    assert max(map(len, lines)) <= 60
    found = cli("table", "peek", "-n", "demo", "-t", "breast_host", "-l", "3", "--json").data
    titles, *rows = csv.reader(cli("data", "peek", "demo", "breast_host", "-l", "3", "-o", "csv").out.splitlines())
    assert (titles, len(rows)) == (found["header"], 3)
    assert [float(value) for value in rows[0][1:]] == [float(value) for value in found["data"][0][1:]]
    assert (len(found["header"]), len(found["data"]), found["count"]) == (21, 3, 569)
    cli("data", "peek", "demo", "nope", code=5)
    cli("data", "peek", "demo", "breast_host", "-l", "0", code=2)


def test_the_lineage_of_a_table(cli: CommandLine, job: str) -> None:
    result = cli("data", "lineage", "demo", "breast_host")
    assert "made by   upload_0 of job" in result.out
    assert job in result.out
    place = ("-j", job, "-r", "guest", "-p", "9999", "-cpn", "intersection_0", "--json")
    [output] = cli("component", "output-data-table", *place).data
    found = cli("data", "lineage", output["table_namespace"], output["table_name"], "--json").data
    assert {one["source_table_name"] for one in found["made_of"]} == {"breast_guest"}
    cli("data", "lineage", "demo", "nope", code=5)


def test_a_bound_file_is_kept(cli: CommandLine) -> None:
    assert cli("data", "bind", "demo/data/host.csv", "-n", "bound", "--name", "host").out == "bound host\n"
    assert "bound file" in cli("data", "list", "-n", "bound").out
    assert "already exists" in cli("data", "bind", "demo/data/host.csv", "-n", "bound", "--name", "host", code=6).err
    (cli.folder / "bars.tsv").write_text("id|x\na|1\n")
    refused = cli("data", "bind", "bars.tsv", "-n", "bound", "--name", "bars", code=1)
    assert "hint: set --id-delimiter to '|'" in refused.err
    (cli.folder / "tabs.tsv").write_text("id\tx\na\t1\n")
    cli("data", "bind", "tabs.tsv", "-n", "bound", "--name", "tabs")
    assert cli("data", "peek", "bound", "tabs").out == "sid  x\na    1\n"
    cli("table", "delete", "bound", "host")
    assert (cli.folder / "demo/data/host.csv").is_file()
    answer = cli("table", "bind", "-c", "bind_conf.json", "--drop", "-o", "fate").data
    assert answer["data"] == {"namespace": "bound", "table_name": "guest"}


def test_disabled_tables_are_marked_and_deleted(cli: CommandLine) -> None:
    cli("data", "bind", "demo/data/host.csv", "-n", "swept", "--name", "host", "--drop")
    cli("table", "disable", "-n", "swept")
    assert "fateflow table enable swept host" in cli("table", "info", "swept", "host").out
    assert cli("table", "disable-delete", "-n", "swept").out == "swept host\n"
    assert cli("table", "disable-delete", "-n", "swept").err == "no tables are disabled\n"


def test_deleting_a_table_asks_for_confirmation(cli: CommandLine) -> None:
    cli("data", "bind", "demo/data/host.csv", "-n", "asked", "--name", "host", "--drop")
    drawn, code = on_terminal(cli, "table", "delete", "asked", "host", typed="n\n")
    assert "Delete table asked host? [y/N]" in drawn
    assert "canceled" in drawn
    assert code == 130
    assert cli("table", "info", "asked", "host").code == 0
    on_terminal(cli, "table", "delete", "asked", "host", "--yes")
    cli("table", "info", "asked", "host", code=5)


def test_a_table_on_a_terminal_is_cut_to_its_width(cli: CommandLine, job: str) -> None:
    drawn, _ = on_terminal(cli, "data", "list", "--outputs", "-l", "0")
    lines = drawn.replace("\r", "").splitlines()
    assert len(lines) > 5
    assert max(map(len, lines)) <= 100
    assert "…" in drawn
