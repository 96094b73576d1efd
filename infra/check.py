"""Every check that CI runs, in phases with their times. `make test`, or `python infra/check.py lint types` for some.

A phase that fails does not hide the next one; the last line counts the phases.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
PYTEST = (str(BIN / "pytest"), "-q", "--durations=5")
# One more than there are processors: tests wait for sockets and child processes a fifth of their time.
WORKERS = str(min(4, (os.cpu_count() or 1) + 1))
NPM = (shutil.which("npm") or "npm", "--prefix", "web", "run", "--silent")
CHECKED = ("arena", "workers", "tests", "infra", "migrations")


@dataclass(frozen=True)
class Phase:
    name: str
    commands: tuple[tuple[str, ...], ...]


PHASES = (
    Phase(
        "lint",
        (
            (str(BIN / "ruff"), "check", *CHECKED),
            (str(BIN / "ruff"), "format", "--check", "--quiet", *CHECKED),
            (str(BIN / "codespell"), *CHECKED, "README.md", "Makefile", "docker-compose.yml"),
        ),
    ),
    Phase(
        "types",
        (
            (
                str(BIN / "mypy"),
                "arena",
                "workers",
                "tests",
                "infra/check.py",
                "infra/lock.py",
                "infra/setup.py",
            ),
        ),
    ),
    Phase("imports", ((str(BIN / "lint-imports"), "--no-cache"),)),
    Phase("licences", ((sys.executable, "infra/licences.py"),)),
    Phase("web", tuple((*NPM, script) for script in ("lint", "types", "stale", "test", "size"))),
    Phase("unit", ((*PYTEST, "-n", WORKERS, "-m", "not engine and not journey and not browser"),)),
    # One process for everything that needs vLLM, so that the engine starts once per run.
    Phase("system", ((*PYTEST, "-m", "journey or engine or browser"),)),
)


def run(phase: Phase) -> bool:
    """All commands of a phase, also after one has failed."""
    print(f"\n=== {phase.name} ===", flush=True)
    began = time.monotonic()
    failed = [command for command in phase.commands if not succeeds(command)]
    seconds = time.monotonic() - began
    print(f"=== {phase.name}: {'FAILED' if failed else 'passed'} in {seconds:.0f} s ===", flush=True)
    for command in failed:
        print(f"    failed: {' '.join(command)}", flush=True)
    return not failed


def succeeds(command: tuple[str, ...]) -> bool:
    try:
        return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode == 0
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", flush=True)
        return False


def main(wanted: list[str]) -> int:
    names = [phase.name for phase in PHASES]
    if unknown := set(wanted) - set(names):
        print(f"no such phase: {', '.join(sorted(unknown))}; there are: {', '.join(names)}", file=sys.stderr)
        return 2
    began = time.monotonic()
    chosen = [phase for phase in PHASES if not wanted or phase.name in wanted]
    results = {phase.name: run(phase) for phase in chosen}
    print(
        f"\nAll phases in {time.monotonic() - began:.0f} s: "
        + ", ".join(f"{name} {'ok' if passed else 'FAILED'}" for name, passed in results.items())
    )
    failed = list(results.values()).count(False)
    print(f"phases: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
