"""A whole site for journeys: `gavel up` as a user starts it, with real processes, stopped at the end."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.embedded.state import StackState, read_state
from tests.support.engine import free_port

ROOT = Path(__file__).resolve().parents[2]
GAVEL = (sys.executable, "-m", "arena.cli.main")


@dataclass(frozen=True)
class Stack:
    url: str
    data_dir: Path
    operator_token: str

    def gavel(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run a `gavel` command against this site, as on a terminal."""
        command = [*GAVEL, *arguments, "--data-dir", str(self.data_dir)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)

    def demo(self, adapters: Path | None = None) -> dict[str, Any]:
        """Play the demo episode; fails with what it said when a step did not happen."""
        chosen = ("--adapters", str(adapters)) if adapters else ()
        ended = self.gavel("demo", "--json", *chosen)
        assert ended.returncode == 0, ended.stderr[-3000:]
        result: dict[str, Any] = json.loads(ended.stdout)
        return result


@contextmanager
def running_stack(*options: str, environment: Mapping[str, str] | None = None) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="gavel-journey-") as folder:
        data_dir = Path(folder) / "site"
        log = Path(folder) / "up.log"
        command = [*GAVEL, "up", "--data-dir", str(data_dir), "--port", str(free_port()), *options]
        with log.open("w") as out:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **(environment or {})},
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            state = _on_the_air(process, data_dir, log)
            yield Stack(state.public_url, data_dir, state.environment["GAVEL_OPERATOR_TOKEN"])
        finally:
            process.terminate()
            assert process.wait(60) == 0, log.read_text()[-3000:]


def _on_the_air(process: "subprocess.Popen[bytes]", data_dir: Path, log: Path) -> StackState:
    """Wait until every part says it is ready. The stack ends by itself when a part does not come up."""
    while process.poll() is None:
        state = read_state(data_dir)
        if state is not None and all(part.state in ("ready", "done") for part in state.parts):
            return state
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(f"the site did not come up:\n{log.read_text()[-3000:]}")
