"""`gavel up`: the real parts, with the fake engine, from nothing to ready and back to nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = pytest.mark.journey
GAVEL = [sys.executable, "-m", "arena.cli.main"]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="gavel-up-"))
    folder.chmod(0o711)
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


def gavel(*arguments: str, data_dir: Path) -> "subprocess.CompletedProcess[str]":
    argv = [*GAVEL, *arguments, "--data-dir", str(data_dir)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=90)


def status(data_dir: Path) -> dict[str, dict[str, object]]:
    answer = json.loads(gavel("status", "--json", data_dir=data_dir).stdout)
    return {part["name"]: part for part in answer.get("parts", [])}


def wait_for(said: Path, words: str, process: "subprocess.Popen[bytes]", seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while words not in said.read_text(errors="replace"):
        assert process.poll() is None, said.read_text(errors="replace")[-4000:]
        assert time.monotonic() < end, f"no {words!r} in: {said.read_text(errors='replace')[-4000:]}"
        time.sleep(0.1)


def test_up_status_restart_down(data_dir: Path, tmp_path: Path) -> None:
    said = tmp_path / "said"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GAVEL_")}
    argv = [*GAVEL, "up", "--fake-engine", "--port", "8640", "--data-dir", str(data_dir)]
    with said.open("wb") as out:
        up = subprocess.Popen(
            argv, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment
        )
    try:
        wait_for(said, "Gavel is on the air", up)
        for words in ("Producer", "/producer/", "Contestants", "Judges", "The engine is a fake"):
            assert words in said.read_text()

        seen = gavel("status", data_dir=data_dir)
        assert seen.returncode == 0, seen.stdout
        state = json.loads((data_dir / "stack.json").read_text())
        assert httpx.get(state["public_url"] + "/healthz").status_code == 200

        again = gavel("up", "--fake-engine", data_dir=data_dir)
        assert again.returncode == 2
        assert "already running" in again.stderr

        before = status(data_dir)["portal"]["pid"]
        assert isinstance(before, int)
        os.kill(before, signal.SIGKILL)
        wait_for(said, "starting portal again", up)
        end = time.monotonic() + 40
        while not (status(data_dir)["portal"]["well"] and status(data_dir)["portal"]["pid"] != before):
            assert time.monotonic() < end, "the portal did not come back"

        below = [child.pid for child in psutil.Process(up.pid).children(recursive=True)]
        assert gavel("down", data_dir=data_dir).returncode == 0
        assert up.wait(30) == 0
        assert not [pid for pid in below if psutil.pid_exists(pid)]
        assert gavel("status", data_dir=data_dir).returncode == 3
    finally:
        up.kill()
