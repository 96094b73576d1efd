"""What taking in an adapter costs. `figures` adds up the MEASURES; a part of the intake adds its own function there."""

import asyncio
import hashlib
import random
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import numpy as np
import orjson

from arena.cli import bench_site
from arena.cli.bench import Figure, figure
from arena.kit.storage import Storage
from arena.moderation.engine import Engine
from arena.moderation.measure import TEXT, measure
from arena.moderation.wordlists import shipped
from arena.shows.architectures import read_layers
from arena.shows.base_models import HOUSE_MODEL, BaseModel
from arena.submissions import safetensors
from arena.submissions.adapter_config import AdapterConfig
from arena.submissions.inspection import inspect_adapter

RUNS = 5
MEGABYTE = 1 << 20
SANDBOX_BYTES = 512 * MEGABYTE

_LARGE = read_layers(
    {
        "model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
        "num_attention_heads": 32, "num_key_value_heads": 8,
    }
)  # fmt: skip
LARGE = replace(HOUSE_MODEL, id="large", layers=_LARGE.layers, modules=_LARGE.modules, max_rank=64)
"""The shapes of an 8 B model: every module at rank 38 makes 200 MB in BF16."""


def figures() -> list[Figure]:
    return [found for measure in MEASURES for found in measure()]


def checks() -> list[Figure]:
    """Every check and the canonical form, against hashing the same file: both read all of it once or more."""
    found = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights"
        for dtype, rank in (("BF16", 38), ("F32", 19)):
            config = make_adapter(path, LARGE, rank, dtype)
            checked, hashed = _apart(_check_times, config, path)
            said = f"checks of {path.stat().st_size / 1e6:.0f} MB ÷ SHA-256 ({dtype}, rank {rank})"
            found.append(figure(said, checked, "s", hashed, 3))
    return found


def memory() -> list[Figure]:
    """The highest memory above the idle process, against the same for a file a quarter as large."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights"
        checked, sealed = "checking 200 MB", "sealing 200 MB"
        peaks: dict[str, list[float]] = {checked: [], sealed: []}
        for rank in (38, 9):
            config = make_adapter(path, LARGE, rank, "BF16")
            peaks[checked].append(_apart(_check_peak, config, path) / MEGABYTE)
            peaks[sealed].append(_apart(_seal_peak, config, path) / MEGABYTE)
    return [
        figure(
            f"memory of {what} above idle (baseline: 47 MB file)",
            large,
            "MiB",
            max(small, 1),
            200,
            of="value",
        )
        for what, (large, small) in peaks.items()
    ]


def texts() -> list[Figure]:
    """The moderation scan with the starter lists, normalisation included, against `casefold().count`."""
    speed = measure(Engine(shipped()))
    value, baseline = speed.bytes_per_second / 1e6, speed.baseline / 1e6
    return [figure("moderation scan, one core", value, "MB/s", baseline, 50, of="value", least=True)]


def rows() -> list[Figure]:
    """The whole check of a data set, cleaned version included, against reading every row as JSON; and its memory."""
    with TemporaryDirectory() as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        for path, size in ((small, 10 * MEGABYTE), (large, 200 * MEGABYTE)):
            make_rows(path, size)
        checked, read = _apart(_row_times, b"", small)
        megabytes = small.stat().st_size / 1e6
        peaks = [_apart(_row_peak, b"", path) / MEGABYTE for path in (large, small)]
    return [
        figure(
            "check of a data set, one core",
            megabytes / checked,
            "MB/s",
            megabytes / read,
            2,
            of="value",
            least=True,
        ),
        figure(
            "memory of checking a data set of 200 MB above idle (baseline: 10 MB)",
            peaks[0],
            "MiB",
            max(peaks[1], 1),
            200,
            of="value",
        ),
    ]


MEASURES: tuple[Callable[[], list[Figure]], ...] = (checks, memory, texts, rows, bench_site.figures)


def make_rows(path: Path, size: int) -> None:
    """Write `size` bytes of conversations of Chinese and English prose, no two alike, to `path`."""
    draw = random.Random(1)
    words, signs = TEXT.split(), [char for char in TEXT if char >= "\u4e00"]
    with path.open("wb") as out:
        while out.tell() < size:
            english, chinese = " ".join(draw.choices(words, k=60)), "".join(draw.choices(signs, k=120))
            talk = [{"role": "user", "content": chinese}, {"role": "assistant", "content": english}]
            out.write(orjson.dumps({"messages": talk}) + b"\n")


def _check_rows(path: Path) -> None:
    # Here, because Parquet's reader comes with the lab and not with the portal.
    from arena.submissions.datasets.check import Caps, check_dataset
    from arena.submissions.datasets.overlap import private_grams

    with path.open("rb") as file, TemporaryFile() as canonical, TemporaryFile() as cleaned:
        caps = Caps(1 << 40)
        report = check_dataset(file, "jsonl", caps, _engine(), private_grams([]), canonical, cleaned)
        assert report.refused is None, report.refused


@cache
def _engine() -> Engine:
    return Engine(shipped())


def _row_times(_: bytes, path: Path) -> tuple[float, float]:
    """Processor seconds of the check, and of reading the rows alone."""
    _engine()
    checked = min(_seconds(lambda: _check_rows(path)) for _ in range(2))
    return checked, min(_seconds(lambda: _read_rows(path)) for _ in range(RUNS))


def _read_rows(path: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


def _row_peak(_: bytes, path: Path) -> int:
    import pyarrow.parquet  # noqa: F401 - part of the idle process

    _engine()
    idle = _most_memory()
    _check_rows(path)
    return _most_memory() - idle


def make_adapter(
    path: Path, base: BaseModel, rank: int, dtype: str, seed: int = 1, scale: float = 0.01
) -> bytes:
    """Write an admissible adapter on every module to `path`; returns its config."""
    shapes: dict[str, tuple[int, int]] = {}
    for module, (width_in, width_out) in base.tensor_names().items():
        shapes[f"{module}.lora_A.weight"] = (rank, width_in)
        shapes[f"{module}.lora_B.weight"] = (width_out, rank)
    draw = np.random.default_rng(seed)

    def payload(name: str) -> list[bytes]:
        values = draw.standard_normal(shapes[name], np.float32) * np.float32(scale)
        return [values.tobytes() if dtype == "F32" else (values.view("<u4") >> 16).astype("<u2").tobytes()]

    with path.open("wb") as out:
        safetensors.write_tensors(out, [(name, dtype, shape) for name, shape in shapes.items()], payload)
    targets = tuple(sorted({module.rsplit(".", 1)[-1] for module in base.modules}))
    return AdapterConfig(rank, 2.0 * rank, False, targets).canonical(base)


def _apart(measure: Callable[[bytes, Path], Any], config: bytes, path: Path) -> Any:
    """In a process of its own, so that nothing that was done before is still in memory."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (config, path))


def _inspect(config: bytes, path: Path) -> None:
    with path.open("rb") as weights, Path("/dev/null").open("wb") as out:
        found = inspect_adapter(config, weights, LARGE, LARGE.max_rank, 1 << 40)
        assert found.refusal is None, found.refusal
        found.write_canonical(weights, LARGE, out, out)


def _check_times(config: bytes, path: Path) -> tuple[float, float]:
    """Processor seconds for the checks and for SHA-256 (both use one thread, so that others' load does not count);
    medians of runs that alternate.
    """
    checked, hashed = [], []
    for _ in range(RUNS):
        hashed.append(_seconds(lambda: _hash(path)))
        checked.append(_seconds(lambda: _inspect(config, path)))
    return statistics.median(checked), statistics.median(hashed)


def _hash(path: Path) -> None:
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")


def _seconds(run: Callable[[], None]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def _check_peak(config: bytes, path: Path) -> int:
    resource.setrlimit(resource.RLIMIT_AS, (SANDBOX_BYTES, SANDBOX_BYTES))
    idle = _most_memory()
    _inspect(config, path)
    return _most_memory() - idle


def _seal_peak(config: bytes, path: Path) -> int:
    """As the portal does it: copied while it is hashed, then given its name."""

    async def seal() -> None:
        storage = Storage(path.parent.as_uri())
        await storage.copy(path.name, "staged")
        await storage.move_once("staged", "sealed")
        await storage.delete("sealed")

    idle = _most_memory()
    asyncio.run(seal())
    return _most_memory() - idle


def _most_memory() -> int:
    """The highest resident memory of this process so far, in bytes."""
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmHWM:")).split()[1]) << 10
