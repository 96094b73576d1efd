"""What the portal and the lab say to each other about an answer's attention. Frozen messages, nothing else.

A lab's word is checked like any outside input: what it hands in is numbers only, and every one of them has its bounds.
"""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from arena.kit.schemas import Contract
from arena.submissions.contracts import AdapterRef

ATTEND = "duels.attention"

TOKENS = 1024
"""Of prompt and answer together, what the house model reads: attention grows with their square, here to 0.3 GB."""
SOURCES = 8
"""How many of the tokens that a token looks at are kept."""
WHOLE = 10_000
"""Weights are whole numbers of ten-thousandths, rounded down, so that no row has more than all."""
MAX_BYTES = 32 << 20


class AttentionContract(Contract):
    """One answer to be read once more by the model that gave it."""

    view_id: str
    base_model: str
    base_digest: str
    """Of the weights that answered. Hex."""
    engine_url: str
    engine_token: str
    """A node that serves these weights, for a lab that does not have them. The engine itself is not asked."""
    adapter: AdapterRef
    rendered: str
    """The prompt inside the template, as the engine saw it."""
    token_ids: list[int] = Field(min_length=1)
    """The answer."""
    put_url: str
    """For the file with the map."""


class AttentionResult(Contract):
    """The map itself is in the file."""

    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


Row = Annotated[list[Annotated[int, Field(ge=0, lt=TOKENS)]], Field(max_length=SOURCES)]
Weights = Annotated[list[Annotated[int, Field(gt=0, le=WHOLE)]], Field(max_length=SOURCES)]


class LayerMap(Contract):
    """A row per token: the tokens up to itself that it looked at most, and how much, the most first."""

    kind: Literal["sliding", "global", "rollout"]
    window: Annotated[int, Field(ge=1)] | None = None
    """Of a sliding layer: how many tokens back it sees, itself among them."""
    sources: Annotated[list[Row], Field(max_length=TOKENS)]
    weights: Annotated[list[Weights], Field(max_length=TOKENS)]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if (self.kind == "sliding") != (self.window is not None):
            raise ValueError("a sliding layer has a window, and no other has one")
        for place, (sources, weights) in enumerate(zip(self.sources, self.weights, strict=True)):
            if len(sources) != len(weights) or len(set(sources)) < len(sources):
                raise ValueError(f"row {place}: one weight for each source, and each source once")
            if any(source > place for source in sources):
                raise ValueError(f"row {place} looks ahead")
            if sum(weights) > WHOLE or any(first < then for first, then in pairwise(weights)):
                raise ValueError(f"row {place}: weights fall, and are at most one together")
        return self


class AttentionMap(Contract):
    """The file. Prompt tokens are places in the rendered prompt, so that no word in it is the lab's."""

    prompt: Annotated[list[tuple[int, int]], Field(min_length=1, max_length=TOKENS)]
    """From which character to which, of each token. Of the mark at the beginning: the same twice."""
    answer: Annotated[int, Field(ge=1)]
    """How many of the answer's tokens were read; fewer than it has when all together are too many."""
    layers: Annotated[list[LayerMap], Field(min_length=1, max_length=256)]
    rollout: LayerMap

    @model_validator(mode="after")
    def _fits(self) -> Self:
        count = len(self.prompt) + self.answer
        if count > TOKENS:
            raise ValueError(f"{count} tokens are more than {TOKENS}")
        if any(len(layer.sources) != count for layer in (*self.layers, self.rollout)):
            raise ValueError("every layer has a row for each token")
        if self.rollout.kind != "rollout" or any(layer.kind == "rollout" for layer in self.layers):
            raise ValueError("the rollout is one, and no layer")
        return self
