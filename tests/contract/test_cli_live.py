"""What is shown while a job runs: progress, logs, and that both end with it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess

from tests.contract.command_line import CommandLine, sleep

_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(line: CommandLine, *arguments: str, typed: str = "") -> tuple[str, int]:
    """Runs a command on a terminal of 100 columns; what it has drawn, and its exit code. typed: as if by a person."""
    ours, its = pty.openpty()
    os.write(ours, typed.encode())
    running = subprocess.Popen(
        line.words(*arguments),
        env={**line.environment, "TERM": "xterm-256color", "LINES": "24"},
        cwd=line.folder,
        stdin=its,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    drawn = b""
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # the terminal is closed when the last process has let go of it
            break
        if not piece:
            break
        drawn += piece
    os.close(ours)
    return drawn.decode(errors="replace"), running.wait(timeout=30)


def test_progress_is_printed_line_by_line_without_a_terminal(cli: CommandLine) -> None:
    job_id = sleep(cli, 3)
    result = cli("job", "watch", job_id)
    lines = result.err.splitlines()
    assert f"▶ running  {job_id}" in lines
    assert "  ▶ running  sleep_0" in lines
    assert lines.index("  ▶ running  sleep_0") < lines.index(f"✓ success  {job_id}")
    assert len(lines) == len(set(lines))
    assert "\x1b" not in result.err + result.out
    assert result.out.startswith(f"✓ success  {job_id}  100%")


def test_quiet_prints_only_the_outcome(cli: CommandLine) -> None:
    result = cli("job", "watch", sleep(cli, 0), "--quiet")
    assert result.err == ""
    assert "sleep_0" in result.out


def test_progress_is_drawn_on_a_terminal(cli: CommandLine) -> None:
    drawn, code = on_terminal(cli, "job", "watch", sleep(cli, 3))
    assert code == 0
    assert "\x1b[?25l" in drawn  # the cursor is hidden meanwhile
    assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l")
    text = _STEERING.sub("", drawn)
    assert "▶ running  sleep_0  Sleep  G▶ H▶" in text
    assert "✓ success  sleep_0  Sleep  G✓ H✓" in text


def test_a_terminal_gets_colors_unless_disabled(cli: CommandLine, job: str) -> None:
    drawn, _ = on_terminal(cli, "job", "query", "-j", job)
    assert "\x1b[32m✓ success" in drawn
    cli_without = CommandLine(cli.home, cli.folder)
    os.environ["NO_COLOR"] = "1"
    try:
        plain, _ = on_terminal(cli_without, "job", "query", "-j", job)
    finally:
        del os.environ["NO_COLOR"]
    assert "\x1b[32m" not in plain
    assert "✓ success" in plain


def test_logs_are_followed_until_the_job_ends(cli: CommandLine) -> None:
    job_id = sleep(cli, 4)
    running = cli.start("log", "show", "-f", job_id)
    assert running.stdout is not None
    first = running.stdout.readline()
    assert cli("job", "show", job_id, "--json").data[0]["status"] == "running"
    rest, result = running.communicate(timeout=30)
    assert (running.returncode, result) == (0, "")
    text = first + rest
    assert "JobSubmitted" in text
    assert {"guest:9999", "host:10000"} <= set(re.findall(r"\w+:\d{4,5}(?= sleep_0)", text))
    times = [line.split()[0] for line in text.splitlines() if line[:2] == "20"]
    assert len(times) > 10


def test_several_logs_are_followed_at_once(cli: CommandLine) -> None:
    ids = [sleep(cli, 0.5), sleep(cli, 0.5)]
    result = cli("log", "show", "-f", *ids, "-o", "jsonl")
    lines = [json.loads(line) for line in result.out.splitlines()]
    assert sum("JobSubmitted" in line["text"] for line in lines) == 2


def test_logs_are_filtered_by_level_party_component_time_and_pattern(cli: CommandLine, failed_job: str) -> None:
    errors = cli("log", "show", failed_job, "--level", "error", "--json").data
    assert errors
    assert {line["level"] for line in errors} == {"ERROR"}
    of_reader = cli("log", "show", failed_job, "--party", "guest:9999", "--component", "reader_0", "--json").data
    assert {line["component"] for line in of_reader if line["component"]} == {"reader_0"}
    assert cli("log", "show", failed_job, "--grep", "no such words").out == ""
    assert cli("log", "show", failed_job, "--since", "2099-01-01").out == ""
    assert "dataio_0 failed" in cli("log", "show", failed_job, "--since", "1h", "--grep", "failed").out


def test_the_log_of_the_site(cli: CommandLine) -> None:
    assert "listening at http://127.0.0.1:" in cli("log", "show", "--site").out
