"""How a track lets people train, as data: recipes, their numbers, and the budget that is the same for everybody."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from arena.kit.schemas import Contract

RecipeId = Literal["sft", "dpo", "kto", "orpo", "simpo", "grpo", "rloo", "ppo", "reward"]
Method = Literal["lora", "rslora", "qlora", "dora"]
Profile = Literal["single", "ddp", "fsdp2", "zero2", "zero3"]
"""How a run is laid over devices."""
Verifier = Literal["exact", "contains", "number", "format"]
"""What rewards a written answer in reinforcement recipes: `benchmarks.scoring`'s scorers of these names, against the
data set's own answer; `format`: one line, at most as long as that answer."""

FORM: dict[RecipeId, Literal["messages", "preference", "kto"]] = {
    "sft": "messages",
    "dpo": "preference",
    "orpo": "preference",
    "simpo": "preference",
    "reward": "preference",
    "kto": "kto",
    "grpo": "messages",
    "rloo": "messages",
    "ppo": "messages",
}
"""The form of data set that a recipe learns from. Reinforcement recipes take a conversation's last answer as the one
to be found."""
REINFORCED: tuple[RecipeId, ...] = ("grpo", "rloo", "ppo")
UNKEPT: tuple[Profile, ...] = ("zero2", "zero3")
"""DeepSpeed's optimiser keeps its state in pieces of its own making, so such a run has no checkpoints: interrupted, it
begins anew, and it is not paused."""

MAX_SEED = 2**31 - 1


class Shown(Contract):
    """A message that pages read too: what has a default is always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Budget(Shown):
    """What a run may use: the same for everybody. Steps and tokens are for fairness, the clock is a guard, and in a
    race the clock is the rule."""

    steps: int = Field(default=200, ge=1, le=1_000_000)
    tokens: int = Field(default=1_000_000, ge=1)
    """Read, padding not counted; all of a row, not only the supervised part."""
    seconds: int = Field(default=3600, ge=1, le=7 * 86400)
    """Of the training clock: loading, checkpoints and waiting do not count."""
    memory_bytes: int = Field(default=8 << 30, ge=256 << 20)
    """Of the training process, or of its device."""
    save_every: int = Field(default=20, ge=1)
    """Steps between checkpoints."""


class TrainingSpec(Shown):
    """Everything that a contestant decides about a run. With the data, the base and the library versions it decides
    the weights."""

    recipe: RecipeId = "sft"
    method: Method = "lora"
    rank: int = Field(default=8, ge=1, le=64)
    alpha: int = Field(default=16, ge=1, le=1024)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Of `sft` and `reward`. The others compare log-probabilities, which it would blur, and train without."""
    target_modules: tuple[Annotated[str, StringConstraints(pattern="^[a-z_]{1,40}$")], ...] = (
        "q_proj",
        "v_proj",
    )
    learning_rate: float = Field(default=3e-4, gt=0, le=10)
    """A rate that diverges is allowed; the run then ends with the step at which it did."""
    batch_size: int = Field(default=4, ge=1, le=256)
    """Rows per optimiser step, over all processes."""
    warmup_steps: int = Field(default=5, ge=0)
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    max_length: int = Field(default=256, ge=16)
    """Longest row in tokens, frame and end token included. A longer row refuses the run, and is named."""
    seed: int = Field(default=0, ge=0, le=MAX_SEED)
    beta: float = Field(default=0.1, gt=0, le=10)
    """Of preference recipes: how hard the reference holds; of `ppo`, `grpo`, `rloo`: the weight of the KL term. `simpo`
    has no reference and takes means per token, so it wants more: about 2."""
    verifier: Verifier = "exact"
    """Of reinforcement recipes."""
    generations: int = Field(default=4, ge=2, le=16)
    """Answers per prompt, of `grpo` and `rloo`."""
    answer_tokens: int = Field(default=32, ge=1, le=256)
    """Longest answer that is tried, of reinforcement recipes."""
    profile: Profile = "single"
    processes: int = Field(default=1, ge=1, le=64)
    """Of every profile but `single`."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.target_modules or len(set(self.target_modules)) != len(self.target_modules):
            raise ValueError("target_modules: name each module once, and at least one")
        if self.profile == "single" and self.processes != 1:
            raise ValueError("processes: the profile single has one")
        if self.batch_size % self.processes:
            raise ValueError("batch_size: must be a multiple of processes")
        if self.recipe == "kto" and self.batch_size // self.processes < 2:
            raise ValueError("batch_size: kto sets rows against each other, two for each process at least")
        if self.recipe in ("grpo", "rloo") and self.batch_size % self.generations:
            raise ValueError("batch_size: must be a multiple of generations")
        return self


class TrainingRules(Shown):
    """The part of a track that says how people train."""

    recipes: tuple[RecipeId, ...] = ("sft", "dpo", "kto", "orpo", "simpo", "grpo", "rloo", "ppo")
    methods: tuple[Method, ...] = ("lora", "rslora", "dora")
    profiles: tuple[Profile, ...] = ("single",)
    max_processes: int = Field(default=1, ge=1, le=64)
    """Of one run. Each takes a processor or a device, which others under the same clock may want."""
    budget: Budget = Budget()
    runs_per_day: int = Field(default=5, ge=1)
    """Per contestant; a fault of the platform does not count."""
    pauses: int = Field(default=20, ge=0, le=1000)
    """How often a run may be paused. Going on with a cancelled one counts, too."""
    paused_seconds: int = Field(default=7 * 86400, ge=60, le=90 * 86400)
    """A run that nobody goes on with for so long is cancelled."""
    dtype: Literal["bfloat16", "float32"] = "float32"
    """Of the base weights; what is trained is float32. On processors the larger type can be the faster one (`gavel
    bench train` says which): 2.5 against 4.1 seconds of one core a step on a Xeon with AVX512-BF16."""
