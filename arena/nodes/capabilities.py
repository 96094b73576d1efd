"""What a node's engine can do, and what the node may be used for because of that.

An engine is reached through a driver, and drivers differ: some cannot keep a duel's two sides on one replica, some do
not say which tokens they chose. Placement asks here, so that a node which lacks something is never tried.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

from arena.nodes.placement import MODES, Mode

Driver = Literal["vllm", "ray-serve", "openai", "fake"]

Capability = Literal[
    "dynamic_lora",
    "token_ids",
    "logprobs",
    "echo",
    "prompt_ids",
    "seed",
    "cache_salt",
    "fixed_length",
    "repetition_penalty",
    "images",
    "exclusive",
    "restart",
]


class EngineCaps(BaseModel):
    """Every field is a promise: what is false is refused and never left out in silence."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    dynamic_lora: bool = False
    """Any adapter can be made to answer at run time; without it, only those that the server was set up with."""
    token_ids: bool = False
    """It says which tokens it chose. Without them there is no fingerprint: a wrong adapter is not noticed."""
    logprobs: bool = False
    """Log-probabilities of what it chose, by which also NaN is noticed."""
    echo: bool = False
    """Log-probabilities of a given text, which benchmarks are made of."""
    prompt_ids: bool = False
    """A prompt may be token ids."""
    seed: bool = False
    cache_salt: bool = False
    """What is cached for one answer can be kept from another."""
    fixed_length: bool = False
    """Answers of exactly so many tokens (`min_tokens`, `ignore_eos`)."""
    repetition_penalty: bool = False
    images: bool = False
    """Images beside a prompt, in the frozen template."""
    exclusive: bool = False
    """One replica, and nothing reaches it but through this node: two sides can be alone on it."""
    restart: bool = False
    """The node can start it anew, which alone cures an engine that has computed NaN."""

    def has(self, capability: Capability) -> bool:
        return bool(getattr(self, capability))


OUR_OWN = EngineCaps(**dict.fromkeys(EngineCaps.model_fields, True))
"""Of an engine that the node agent itself has started."""
TEXT_ONLY = OUR_OWN.model_copy(update={"images": False})
"""vLLM's: its completions read text; its chat puts images where the model's own template has them, not ours."""

_RECOGNISED: tuple[Capability, ...] = ("token_ids", "fixed_length")
_ON_STAGE: tuple[Capability, ...] = (
    "exclusive", "restart", "dynamic_lora", "logprobs", "seed", "cache_salt", *_RECOGNISED,
)  # fmt: skip

NEEDS: Mapping[Mode, tuple[Capability, ...]] = {
    "duel": _ON_STAGE,
    "speed": _ON_STAGE,
    "preload": _ON_STAGE,
    "calibration": _ON_STAGE,
    # A stranger's adapter may leave NaN behind, which nothing but a new start cures.
    "probe": ("restart", "dynamic_lora", "logprobs", "prompt_ids", "cache_salt", *_RECOGNISED),
    "benchmark": ("logprobs", "echo", "prompt_ids", "seed", *_RECOGNISED),
    "showcase": (),
    # Whoever asks may name a seed, and the record of the answer does.
    "practice": ("seed",),
    "recycle": ("restart",),
}


def lacks(caps: EngineCaps, mode: Mode) -> list[Capability]:
    """What the engine would need in addition, in the order in which it matters."""
    return [capability for capability in NEEDS[mode] if not caps.has(capability)]


def uses(caps: EngineCaps) -> frozenset[Mode]:
    return frozenset(mode for mode in MODES if not lacks(caps, mode))
