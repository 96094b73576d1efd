"""The environment that quantises: llm-compressor wants other versions of transformers and compressed-tensors than the
platform and the engine have. Built on demand by `gavel quantise setup`, found here; nothing of it is ever imported.
"""

import os
import sys
from pathlib import Path

import arena
import workers
from workers.lab.lanes import whole_number
from workers.pool.environment import ROOT, EngineEnvironment, Report, ensure, whole

LOCK = ROOT / "infra" / "locks" / "quantise.txt"
NAMES = ("llmcompressor",)
PLACE = "GAVEL_QUANTISE_ENV"
"""Where it is, if not beside the platform's."""
COMMAND = "gavel quantise setup"
ROWS = "GAVEL_QUANTISE_ROWS"
"""Of calibration, for GPTQ and AWQ. 128 is what llm-compressor's examples begin with, and more than a small model
needs; AWQ tries every layer on all of them twenty times, so a slow machine may want fewer."""


def place() -> Path:
    return Path(os.environ.get(PLACE) or ROOT / ".venv-quantise")


def here() -> EngineEnvironment | None:
    return whole(place(), LOCK, NAMES)


def rows() -> int:
    """Raises ValueError with a sentence for whoever has set it wrongly."""
    return whole_number(os.environ, ROWS, 128, least=32, most=1024)


def build(directory: Path, report: Report) -> EngineEnvironment:
    """Raises EnvironmentFault."""
    return ensure(directory, report, LOCK, NAMES)


def command(python: Path, module: str, code: Path) -> list[str]:
    """How that Python runs a module of ours, and sees no other package of ours than `arena` and `workers`: `code` is an
    empty folder for two links."""
    if python == Path(sys.executable):
        return [str(python), "-I", "-m", module]
    for package in (arena, workers):
        assert package.__file__ is not None
        link = code / package.__name__
        if not link.exists():
            link.symlink_to(Path(package.__file__).resolve().parent)
    run = f"import runpy, sys; sys.path.insert(0, {str(code)!r}); runpy.run_module({module!r}, None, '__main__', True)"
    return [str(python), "-I", "-c", run]
