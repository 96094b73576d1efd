"""What is decided before anything starts: secrets, ports, the table, and what the commands say."""

import json
import os
import re
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from arena.embedded import gates, ports
from arena.embedded.processes import Part, ended
from arena.embedded.screen import Screen
from arena.embedded.secret_file import load_or_create
from arena.embedded.stack import Options, Stack, build
from arena.embedded.supervisor import Supervisor

ELSEWHERE = {"GAVEL_DATABASE_URL": "postgresql+psycopg://db/x", "GAVEL_REDIS_URL": "redis://broker/0"}


def quiet() -> Screen:
    return Screen(Console(file=StringIO(), highlight=False))


def table(tmp_path: Path, given: dict[str, str] = ELSEWHERE, **options: object) -> Stack:
    return build(Options(tmp_path, **options), quiet(), given)  # type: ignore[arg-type]


def part(stack: Stack, name: str) -> Part:
    return next(part for part in stack.parts if part.name == name)


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    first = load_or_create(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_or_create(file) == first
    assert len(set(vars(first).values())) == len(vars(first))
    assert min(map(len, vars(first).values())) >= 32


def test_secrets_of_an_older_version_are_completed(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text(json.dumps({"secret_key": "k" * 40, "gone": "x"}))
    file.chmod(0o644)
    assert load_or_create(file).secret_key == "k" * 40
    assert file.stat().st_mode & 0o777 == 0o600
    assert "gone" not in json.loads(file.read_text())


def test_damaged_secrets_are_named_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text("{")
    with pytest.raises(ValueError, match=re.escape(str(file))):
        load_or_create(file)
    assert file.read_text() == "{"


def test_busy_port_is_named_with_its_holder() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        wanted = busy.getsockname()[1]
        port = ports.choose("127.0.0.1", wanted, "the portal")
    assert port.number > wanted
    assert port.note
    assert f"port {wanted} is taken by" in port.note
    assert f"(pid {os.getpid()})" in port.note


def test_free_port_is_taken_without_a_word() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        wanted = probe.getsockname()[1]
    assert ports.choose("127.0.0.1", wanted, "x") == ports.Port(wanted, None)


def test_address_that_is_not_ours_is_an_error_and_not_a_busy_port() -> None:
    with pytest.raises(OSError, match="assign"):
        ports.is_free("192.0.2.1", 8000)


def test_parts_given_by_address_are_not_started(tmp_path: Path) -> None:
    stack = table(tmp_path, {**ELSEWHERE, "GAVEL_ENGINE_URLS": "http://gpu:8100"})
    assert [part.name for part in stack.parts] == ["migrate", "portal", "control", "lab"]
    assert stack.environment["GAVEL_DATABASE_URL"] == ELSEWHERE["GAVEL_DATABASE_URL"]
    assert part(stack, "portal").environment["GAVEL_ENGINE_URLS"] == "http://gpu:8100"


def test_a_socket_s_message_is_bounded(tmp_path: Path) -> None:
    """uvicorn would take 16 MiB from anybody."""
    started = part(table(tmp_path), "portal").argv
    assert started[started.index("--ws-max-size") + 1] == "4096"


def test_a_socket_s_message_is_sent_as_it_is(tmp_path: Path) -> None:
    """uvicorn would pack the same message once for each socket."""
    started = part(table(tmp_path), "portal").argv
    assert started[started.index("--ws-per-message-deflate") + 1] == "false"


def test_lab_and_engine_hold_neither_the_database_nor_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "files")
    stack = table(tmp_path)
    secrets = load_or_create(stack.secrets)
    for name in ("lab", "engine"):
        told = part(stack, name).environment
        assert secrets.secret_key not in told.values()
        assert secrets.operator_token not in told.values()
        assert not {
            "GAVEL_DATABASE_URL",
            "GAVEL_SECRET_KEY",
            "GAVEL_STORAGE_URL",
            "AWS_SECRET_ACCESS_KEY",
        } & set(told)
    assert "GAVEL_REDIS_URL" not in part(stack, "engine").environment
    assert not [name for name in part(stack, "lab").environment if name.startswith("GAVEL_ENGINE")]


def test_nobody_starts_before_those_it_needs_are_in_the_table(tmp_path: Path) -> None:
    seen: set[str] = set()
    for row in table(tmp_path).parts:
        assert set(row.needs) <= seen
        seen.add(row.name)


def test_ports_of_one_stack_differ(tmp_path: Path) -> None:
    stack = table(tmp_path, port=8100)
    chosen = [row.port for row in stack.parts if row.port]
    assert len(set(chosen)) == len(chosen)


@pytest.mark.allow_hosts(["127.0.0.1", "192.0.2.1"])
def test_lan_is_told_to_the_portal_and_shown_to_people(tmp_path: Path) -> None:
    stack = table(tmp_path, host="0.0.0.0", lan=True)
    assert stack.environment["GAVEL_ALLOW_LAN_HTTP"] == "1"
    assert "0.0.0.0" not in stack.public_url
    assert stack.environment["GAVEL_INTERNAL_URL"].startswith("http://127.0.0.1:")
    assert "GAVEL_ALLOW_LAN_HTTP" not in table(tmp_path).environment


def test_fake_engine_is_only_started_when_asked(tmp_path: Path) -> None:
    assert "--fake" not in part(table(tmp_path), "engine").argv
    assert "--fake" in part(table(tmp_path, fake_engine=True), "engine").argv


def test_engine_progress_in_words() -> None:
    body = {
        "state": "preparing",
        "detail": "base model",
        "progress": {"done": 3, "total": 12, "note": "layer 3"},
    }
    assert gates.engine_note(body) == "preparing: base model 3/12 (layer 3)"
    assert gates.engine_note({"state": "ready", "detail": ""}) == "ready"


async def test_engine_that_can_never_work_stops_the_start(tmp_path: Path) -> None:
    async def look() -> gates.Health:
        return gates.Health(False, "no .venv-engine here; run make setup", failed=True)

    said = Console(record=True, file=StringIO(), width=200)
    engine = Part(
        "engine", (sys.executable, "-c", "import time; time.sleep(60)"), dict(os.environ), gate=look
    )

    async def never() -> None:
        raise AssertionError("announced")

    assert await Supervisor([engine], tmp_path, Screen(said)).run(never) == 1
    assert "engine cannot work: no .venv-engine here; run make setup" in said.export_text()


def test_ends_in_words() -> None:
    assert ended(3) == "exit code 3"
    assert ended(-9) == "killed by SIGKILL"


def test_lines_carry_their_part() -> None:
    console = Console(record=True, width=80, file=StringIO())
    screen = Screen(console)
    screen.introduce(("portal", "lab"))
    screen.line("lab", "[not markup] " + "x" * 200)
    assert console.export_text().splitlines() == ["lab      │ [not markup] " + "x" * 200]


def gavel(*arguments: str, data_dir: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "GAVEL_DATA_DIR": str(data_dir), "NO_COLOR": "1"}
    argv = [sys.executable, "-m", "arena.cli.main", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, env=environment, check=False, timeout=60)


def test_status_and_down_without_a_stack(tmp_path: Path) -> None:
    status = gavel("status", data_dir=tmp_path)
    assert status.returncode == 3
    assert "not running" in status.stdout
    assert json.loads(gavel("status", "--json", data_dir=tmp_path).stdout) == {"running": False}
    assert gavel("down", data_dir=tmp_path).returncode == 0


def test_network_must_be_opened_by_name(tmp_path: Path) -> None:
    refused = gavel("up", "--host", "0.0.0.0", data_dir=tmp_path)
    assert refused.returncode == 2
    assert "--lan" in refused.stderr
    assert not (tmp_path / "secrets.json").exists()
