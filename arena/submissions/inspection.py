"""Is this adapter admissible? The whole checklist, not just the first complaint. Numpy and pydantic.

Runs in the lab's sandbox, on bytes from strangers. It answers with a checklist and, when nothing was refused, writes
the canonical adapter.
"""

from dataclasses import dataclass, field
from typing import BinaryIO

from arena.shows.base_models import BaseModel
from arena.submissions import numeric, safetensors
from arena.submissions.adapter_config import AdapterConfig, ConfigReading, read_config
from arena.submissions.checklist import line_of
from arena.submissions.contracts import Check, Refusal
from arena.submissions.refusals import AdapterRefused
from arena.submissions.safetensors import TensorEntry

CHECKS = ("files", "format", "config", "base", "rank", "shapes", "values", "effect")

MIN_DELTA_RMS = 1e-8
"""Root mean square of scale·B·A: below this in every module nothing can change in BF16 arithmetic; one optimiser step
at a learning rate of 1e-4 is three orders of magnitude above it."""

MAX_DELTA_RMS = 1.0
"""Above this in any module the base model is drowned (its own weights are around 0.05) and products may overflow."""


@dataclass(frozen=True)
class Pair:
    """The two tensors of one module."""

    module: str
    a: TensorEntry
    b: TensorEntry


@dataclass(frozen=True)
class Inspection:
    """`checks` in the order of CHECKS. `config`, `entries` and `modules` are there only when `refusal` is None."""

    checks: list[Check]
    refusal: Refusal | None
    config: AdapterConfig | None = None
    entries: list[TensorEntry] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)

    def write_canonical(
        self, source: BinaryIO, base: BaseModel, config_out: BinaryIO, weights_out: BinaryIO
    ) -> None:
        """Write the two files that will be served, reading tensor bytes from the inspected `source`."""
        if self.refusal is not None or self.config is None:
            raise ValueError("a refused adapter has no canonical form")
        by_name = {entry.name: entry for entry in self.entries}
        config_out.write(self.config.canonical(base))
        safetensors.write_tensors(
            weights_out,
            [(entry.name, entry.dtype, entry.shape) for entry in self.entries],
            lambda name: safetensors.tensor_chunks(source, by_name[name]),
        )


def inspect_adapter(
    config_bytes: bytes, weights: BinaryIO, base: BaseModel, max_rank: int, max_bytes: int
) -> Inspection:
    """Run every check that the earlier ones leave possible. Refusals are in the result, not raised."""
    found: dict[str, list[AdapterRefused] | None] = {}  # None or absent: not reached
    size = weights.seek(0, 2)

    entries: list[TensorEntry] | None = None
    found["files"] = _size_problems(size, max_bytes)
    if not found["files"]:
        entries, found["files"], found["format"] = _read_entries(weights, size)

    reading = read_config(config_bytes, base, max_rank)
    found["config"] = reading.fields
    if reading.readable:
        found["base"], found["rank"] = reading.base, reading.rank

    pairs: list[Pair] = []
    if entries is not None:
        found["values"] = _value_problems(weights, entries)
        if reading.readable:
            pairs, found["shapes"] = _pair_up(entries, reading, base)
    if reading.config is not None and pairs and not found["shapes"] and not found["values"]:
        found["effect"] = _effect_problems(weights, pairs, reading.config)

    checks = [line_of(code, found.get(code)) for code in CHECKS]
    if not reading.names_base and checks[CHECKS.index("base")].status == "passed":
        note = AdapterRefused(
            "config.base_model_missing", "The config does not say which base model it is for."
        )
        checks[CHECKS.index("base")] = line_of("base", [note], "warning")
    first = next((problem for code in CHECKS for problem in found.get(code) or []), None)
    if first is not None:
        return Inspection(checks, Refusal(code=first.code, message=first.message))
    modules = sorted({pair.module for pair in pairs})
    return Inspection(checks, None, reading.config, entries or [], modules)


def _size_problems(size: int, max_bytes: int) -> list[AdapterRefused]:
    if size <= max_bytes:
        return []
    return [
        AdapterRefused(
            "upload.too_large",
            f"The weights file is larger than this track's limit of {max_bytes} bytes.",
            {"bytes": size, "limit": max_bytes},
        )
    ]


def _read_entries(
    weights: BinaryIO, size: int
) -> tuple[list[TensorEntry] | None, list[AdapterRefused], list[AdapterRefused] | None]:
    """(tensors, problems with what the file is, problems with its format); the third is None when not reached."""
    try:
        return safetensors.read_header(weights, size), [], []
    except AdapterRefused as refusal:
        if refusal.code.startswith("artifact."):
            return None, [refusal], None
        return None, [], [refusal]


def _pair_up(
    entries: list[TensorEntry], reading: ConfigReading, base: BaseModel
) -> tuple[list[Pair], list[AdapterRefused]]:
    """Match tensors with the base model's modules: every one known, complete, of exactly the right shape.

    Equality matters: the engine copies a smaller tensor into a larger slot without a word, and ignores a module that it
    does not know; either way the base model would be answering.
    """
    shapes = base.tensor_names()
    sides: dict[str, dict[str, TensorEntry]] = {}
    problems: list[AdapterRefused] = []
    for entry in entries:
        path, side, _ = entry.name.rsplit(".", 2)
        if path in shapes:
            sides.setdefault(path, {})[side] = entry
        else:
            problems.append(
                AdapterRefused(
                    "adapter.unknown_module",
                    "A tensor belongs to no module of the base model.",
                    {"module": path},
                )
            )
    pairs: list[Pair] = []
    for path, pair in sides.items():
        if len(pair) < 2:
            missing = ({"lora_A", "lora_B"} - pair.keys()).pop()
            problems.append(_misshapen(path, f"{missing} is missing"))
            continue
        width_in, width_out = shapes[path]
        a, b = pair["lora_A"], pair["lora_B"]
        rank = reading.config.rank if reading.config else a.shape[0]
        if a.shape != (rank, width_in) or b.shape != (width_out, rank):
            expected = f"A {rank}x{width_in} and B {width_out}x{rank}"
            problems.append(_misshapen(path, f"{expected} expected, A {_dims(a)} and B {_dims(b)} found"))
            continue
        pairs.append(Pair(path, a, b))
    if reading.config is not None:
        problems += _coverage_problems(set(sides), reading.config, base)
    return pairs, problems


def _coverage_problems(present: set[str], config: AdapterConfig, base: BaseModel) -> list[AdapterRefused]:
    """The tensors must be the declared modules in all layers, no more and no fewer."""
    declared = {path for path in base.tensor_names() if path.rsplit(".", 1)[-1] in config.targets}
    missing = [
        AdapterRefused(
            "adapter.missing_module",
            "A module that target_modules declares has no tensors.",
            {"module": path},
        )
        for path in sorted(declared - present)
    ]
    undeclared = [
        AdapterRefused(
            "adapter.undeclared_module",
            "A module has tensors but is not in target_modules.",
            {"module": path},
        )
        for path in sorted(present - declared)
    ]
    return missing + undeclared


def _misshapen(module: str, what: str) -> AdapterRefused:
    return AdapterRefused("adapter.shape_mismatch", f"A module does not fit: {what}.", {"module": module})


def _dims(entry: TensorEntry) -> str:
    return "x".join(map(str, entry.shape))


def _value_problems(weights: BinaryIO, entries: list[TensorEntry]) -> list[AdapterRefused]:
    """Every value of every tensor: NaN, infinity, and what becomes infinity in half precision."""
    problems = []
    for entry in entries:
        bad = numeric.count_not_finite(weights, entry)
        if bad:
            problems.append(
                AdapterRefused(
                    "adapter.nonfinite",
                    "A tensor holds NaN, infinity or values beyond half precision (±65504).",
                    {"tensor": entry.name, "values": bad},
                )
            )
    return problems


def _effect_problems(weights: BinaryIO, pairs: list[Pair], config: AdapterConfig) -> list[AdapterRefused]:
    """Something changes, and nothing explodes."""
    problems = []
    strongest = 0.0
    for pair in pairs:
        rms = config.scale * numeric.delta_rms(weights, pair.a, pair.b)
        strongest = max(strongest, rms)
        if rms > MAX_DELTA_RMS:
            problems.append(
                AdapterRefused(
                    "adapter.norm_out_of_range",
                    "A module's change is so large that it drowns the base model.",
                    {"module": pair.module, "rms": float(f"{rms:.3g}"), "limit": MAX_DELTA_RMS},
                )
            )
    if strongest < MIN_DELTA_RMS:
        problems.append(
            AdapterRefused(
                "adapter.no_effect",
                "The adapter changes nothing: B·A is zero in every module.",
                {"rms": float(f"{strongest:.3g}"), "limit": MIN_DELTA_RMS},
            )
        )
    return problems
