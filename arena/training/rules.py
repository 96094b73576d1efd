"""What may be ordered, what is proposed, and what it is likely to take. Pure functions over a track and a data set."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field, FiniteFloat

from arena.kit.errors import Conflict, Invalid
from arena.kit.schemas import Contract
from arena.shows.base_models import BaseModel
from arena.shows.public import Track
from arena.shows.training import FORM, REINFORCED, Budget, RecipeId, TrainingRules, TrainingSpec
from arena.submissions.adapter_config import MAX_ALPHA_PER_RANK
from arena.submissions.datasets.contracts import DatasetReport, Form
from arena.training.contracts import CheckpointKept, Sha256

CURVE = 200
"""Points at most of a curve that is drawn while it grows."""


class Checkpoint(Contract):
    """The last good one of a run, and where it lies."""

    key: str
    step: int = Field(ge=1)
    sha256: Sha256
    bytes: int = Field(ge=1)
    tokens: int = Field(ge=0)
    seconds: FiniteFloat = Field(ge=0)

    @classmethod
    def of(cls, kept: CheckpointKept, key: str) -> "Checkpoint":
        return cls(key=key, **kept.model_dump(exclude={"kind", "slot"}))


def training_of(track: Track) -> TrainingRules:
    """Raises Conflict on a track that trains nothing."""
    if track.training is None:
        raise Conflict("training.not_offered", "On this season's track data sets are not trained.")
    return track.training


def modules_of(base: BaseModel) -> list[str]:
    """As a spec names them."""
    return [module.rpartition(".")[2] for module in base.modules]


def check(spec: TrainingSpec, form: Form, track: Track) -> None:
    """Raises Invalid for the first thing that this track, its base model or the form of the data set rule out."""
    rules, base = training_of(track), track.base
    _one_of("training.recipe_not_allowed", "recipe", spec.recipe, rules.recipes)
    _one_of("training.method_not_allowed", "method", spec.method, rules.methods)
    _one_of("training.profile_not_allowed", "profile", spec.profile, rules.profiles)
    if spec.processes > rules.max_processes:
        raise Invalid(
            "training.too_many_processes",
            f"processes: {spec.processes} are more than the {rules.max_processes} that this track gives to a run.",
            processes=spec.processes,
            limit=rules.max_processes,
        )
    if FORM[spec.recipe] != form:
        raise Invalid(
            "training.wrong_form",
            f"The recipe {spec.recipe} learns from a data set of the form {FORM[spec.recipe]}; this one is {form}.",
            recipe=spec.recipe,
            needs=FORM[spec.recipe],
            form=form,
        )
    if spec.rank > track.max_rank:
        raise Invalid(
            "training.rank_too_high",
            f"rank: {spec.rank} is more than the {track.max_rank} that this track allows.",
            rank=spec.rank,
            limit=track.max_rank,
        )
    if spec.alpha > MAX_ALPHA_PER_RANK * spec.rank:
        raise Invalid(
            "training.alpha_too_high",
            f"alpha: {spec.alpha} is more than {MAX_ALPHA_PER_RANK:g} times the rank; the gate takes no such adapter.",
            alpha=spec.alpha,
            limit=int(MAX_ALPHA_PER_RANK * spec.rank),
        )
    for module in spec.target_modules:
        _one_of("training.module_unknown", "target_modules", module, modules_of(base))
    if (size := adapter_bytes(spec, track)) > track.max_bytes:
        raise Invalid(
            "training.adapter_too_large",
            f"Rank and modules make an adapter of {size} bytes; this track takes {track.max_bytes}.",
            bytes=size,
            limit=track.max_bytes,
        )
    if spec.max_length > base.context:
        raise Invalid(
            "training.max_length_too_long",
            f"max_length: {spec.max_length} is more than the {base.context} tokens that {base.id} is served with.",
            max_length=spec.max_length,
            limit=base.context,
        )


def adapter_bytes(spec: TrainingSpec, track: Track) -> int:
    """Of the weights that such a run leaves behind, in bfloat16, without their names. What DoRA learns is taken apart
    again at the highest rank that the track allows.
    """
    rank = track.max_rank if spec.method == "dora" else spec.rank
    base = track.base
    shapes = [shape for name, shape in base.modules.items() if name.rpartition(".")[2] in spec.target_modules]
    return 2 * base.layers * rank * sum(wide + high for wide, high in shapes)


def _one_of(code: str, field: str, value: str, allowed: Iterable[str]) -> None:
    allowed = list(allowed)
    if value not in allowed:
        raise Invalid(
            code,
            f"{field}: {value} is not one of {', '.join(allowed)}.",
            field=field,
            value=value,
            allowed=allowed,
        )


# --- proposed -----------------------------------------------------------------------------------------------------

PresetId = Literal["quick", "balanced", "thorough"]

RATES: Mapping[RecipeId, float] = {
    "sft": 3e-4,
    "orpo": 1e-4,
    "reward": 1e-4,
    "dpo": 5e-5,
    "kto": 5e-5,
    "simpo": 5e-5,
    "grpo": 5e-5,
    "rloo": 5e-5,
    "ppo": 5e-5,
}
"""Where a LoRA of this recipe usually learns without falling over."""

_SIZES: Mapping[PresetId, tuple[int, int, tuple[str, ...]]] = {
    "quick": (4, 2, ("q_proj", "v_proj")),
    "balanced": (8, 4, ("q_proj", "v_proj")),
    "thorough": (16, 8, ()),
}
"""Rank, rows per step, modules (none: all)."""


def presets(recipe: RecipeId, track: Track) -> dict[PresetId, TrainingSpec]:
    """Three ways to begin. Rows may be as long as the base reads: a longer one would refuse the run."""
    rules, base = training_of(track), track.base
    made = {}
    for name, (rank, rows, modules) in _SIZES.items():
        rank = min(rank, track.max_rank)
        made[name] = TrainingSpec(
            recipe=recipe,
            method=rules.methods[0],
            rank=rank,
            alpha=2 * rank,
            target_modules=modules or tuple(modules_of(base)),
            learning_rate=RATES[recipe],
            # One prompt is answered several times, and its answers go through a step together.
            batch_size=max(rows, 4) if recipe in REINFORCED else rows,
            warmup_steps=min(5, rules.budget.steps // 10),
            max_length=base.context,
            beta=2.0 if recipe == "simpo" else 0.1,
        )
    return made


# --- likely -------------------------------------------------------------------------------------------------------

FRAME_TOKENS = 12
"""Of the template around a question and its answer."""


class Estimate(Contract):
    steps: int
    rows: int
    """Read, the same one again counted again."""
    passes: float
    """Over the data set."""
    tokens: int
    seconds: float | None
    """Of the training clock; None while nothing was measured in this season."""


def rows_of(report: DatasetReport, digest: str) -> int:
    """Of the version that is trained: as it was sent, or cleaned."""
    for version in (report.canonical, report.cleaned):
        if version is not None and version.sha256 == digest:
            return version.rows
    return report.rows


def tokens_per_row(report: DatasetReport) -> int:
    """About: a word is somewhat more than a token, a Chinese character somewhat less."""
    if report.lengths is None or not report.rows:
        return FRAME_TOKENS
    return FRAME_TOKENS + round(1.2 * report.lengths.units.total / report.rows)


def estimate(
    spec: TrainingSpec, budget: Budget, rows: int, row_tokens: int, tokens_per_second: float | None
) -> Estimate:
    """What a run takes if it is not ended before: by its steps, its tokens, or its clock."""
    step_tokens = spec.batch_size * row_tokens
    steps = max(1, min(budget.steps, budget.tokens // step_tokens))
    seconds = None
    if tokens_per_second:
        steps = max(1, min(steps, int(budget.seconds * tokens_per_second / step_tokens)))
        seconds = round(steps * step_tokens / tokens_per_second, 1)
    read = steps * spec.batch_size
    return Estimate(
        steps=steps,
        rows=read,
        passes=round(read / max(1, rows), 2),
        tokens=steps * step_tokens,
        seconds=seconds,
    )


# --- drawn --------------------------------------------------------------------------------------------------------


def stride(steps: int, most: int = CURVE) -> int:
    """How far apart the steps are that are drawn. It doubles now and then; in between a growing curve only ever gets
    longer, and a page that has it needs but the new points."""
    every = 1
    while steps // every > most:
        every *= 2
    return every
