"""What the node agent says and accepts, and what it needs of an engine. Shared by node, fake engine and client."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from arena.kit.errors import GavelError
from arena.nodes.capabilities import TEXT_ONLY, Capability, Driver, EngineCaps

LEASE_MODE_HEADER = "X-Gavel-Lease-Mode"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json")

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
NodeState = Literal["preparing", "starting", "ready", "failed", "draining"]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class Progress(Message):
    done: int
    total: int
    note: str


class Identity(Message):
    digest: str
    name: str


class LoadedAdapter(Message):
    """One entry of the health document."""

    name: str
    digest: str
    fingerprint: str | None
    """By what it is recognised; None from an engine that does not say which tokens it chose."""
    effect: bool
    """False when every probe prompt was answered as by the identity adapter: it changes nothing."""


class Hardware(Message):
    """`class` is what speed figures may be compared within."""

    model_config = ConfigDict(
        frozen=True, serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    hardware_class: str = Field(alias="class")
    cpu: str
    cores: int
    memory_bytes: int
    accelerator: str | None


class Health(Message):
    state: NodeState
    detail: str
    progress: Progress | None
    base_model: str
    base_digest: str | None
    template_digest: str
    engine_build: str
    system_fingerprint: str | None
    fake: bool
    driver: Driver = "vllm"
    caps: EngineCaps = TEXT_ONLY
    """A node of an earlier release does not say."""
    public_key: str
    """Ed25519, of the key that signs the node's attestations."""
    quarantine: bool
    """Only for the probing of adapters that nobody has met yet."""
    max_loras: int
    max_rank: int
    loads: int
    """Adapters loaded since the engine was started; what it keeps of each is freed by a new start alone."""
    running: int
    """Generations in flight; a speed run starts only at 0."""
    begun: int = 0
    """Generations and probes since the node was started: a speed run sees by it whether it was alone."""
    identity: Identity | None
    adapters: list[LoadedAdapter]
    hardware: Hardware


class AdapterRequest(Message):
    digest: Digest
    weights_url: str
    config_url: str


class AdapterAnswer(LoadedAdapter):
    load_ms: float
    """The engine's own load; 0 when the adapter was there already."""


class CheckAnswer(Message):
    fingerprint: str | None
    matches: bool
    """Also when there is nothing to compare."""


class StreamOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")

    include_usage: bool = False


MAX_PROMPT = 2**16
"""Characters, or token ids: several times what any base model here can read."""


class ImageData(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    media_type: Literal["image/png", "image/jpeg"]
    body: Annotated[bytes, Field(max_length=1_000_000)]


class CompletionRequest(BaseModel):
    """The part of the OpenAI completions request that a show needs. Anything else is refused, so that no engine feature
    with a history (prompt embeddings, grammar regexes, logit bias, n > 1) can be reached."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(max_length=100)
    prompt: (
        str
        | list[int]
        | Annotated[list[str], Field(max_length=64)]
        | Annotated[list[list[int]], Field(max_length=64)]
    )
    max_tokens: int = Field(16, ge=1, le=4096)
    min_tokens: int = Field(0, ge=0, le=4096)
    temperature: float = Field(1.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int | None = Field(None, ge=0, lt=2**63)
    stop: str | Annotated[list[str], Field(max_length=8)] | None = None
    n: Literal[1] = 1
    echo: bool = False
    logprobs: int | None = Field(None, ge=0, le=5)
    frequency_penalty: float = Field(0.0, ge=-2, le=2)
    presence_penalty: float = Field(0.0, ge=-2, le=2)
    repetition_penalty: float = Field(1.0, gt=0, le=2)
    ignore_eos: bool = False
    return_token_ids: bool = False
    cache_salt: str | None = Field(None, min_length=1, max_length=64)
    stream: bool = False
    stream_options: StreamOptions | None = None
    images: Annotated[list[ImageData], Field(max_length=4)] = []
    """Ours: what is shown before the prompt's text. An engine that takes none refuses it."""

    @field_validator("prompt")
    @classmethod
    def _readable(cls, prompt: Any) -> Any:
        """Refused before the engine splits it into tokens, which takes as long as the text is."""
        many = isinstance(prompt, list) and not (prompt and isinstance(prompt[0], int))
        for one in prompt if many else [prompt]:
            if len(one) > MAX_PROMPT:
                raise ValueError(f"a prompt of {len(one)} is too long; at most {MAX_PROMPT} are read")
        return prompt

    def needs(self) -> dict[str, Capability]:
        """What an engine must be able to do for this, by the field that asks for it."""
        asked: dict[str, tuple[bool, Capability]] = {
            "return_token_ids": (self.return_token_ids, "token_ids"),
            "logprobs": (self.logprobs is not None, "logprobs"),
            "echo": (self.echo, "echo"),
            "prompt": (_has_ids(self.prompt), "prompt_ids"),
            "seed": (self.seed is not None, "seed"),
            "cache_salt": (self.cache_salt is not None, "cache_salt"),
            "min_tokens": (self.min_tokens > 0, "fixed_length"),
            "ignore_eos": (self.ignore_eos, "fixed_length"),
            "repetition_penalty": (self.repetition_penalty != 1, "repetition_penalty"),
            "images": (bool(self.images), "images"),
        }
        return {field: capability for field, (wanted, capability) in asked.items() if wanted}

    def body(self) -> dict[str, Any]:
        """What is sent on: only what the caller gave."""
        return self.model_dump(mode="json", exclude_unset=True, exclude=None if self.images else {"images"})


def _has_ids(prompt: Any) -> bool:
    first = prompt[0] if isinstance(prompt, list) and prompt else prompt
    return not isinstance(first, str)


class NotReady(GavelError):
    """The node cannot answer now; the message says what it is doing."""

    status: ClassVar[int] = 503


class Unsupported(GavelError):
    """The engine behind this node cannot do what was asked; the message names it."""

    status: ClassVar[int] = 422


class EngineFault(GavelError):
    """The engine behind the node failed; the message says how and where the log is."""

    status: ClassVar[int] = 502


@dataclass
class EngineReply:
    """An answer on its way: `close` must be called once, also when `chunks` was never read."""

    status: int
    media_type: str
    chunks: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


class Engine(Protocol):
    """One running generator that can hold many adapters, behind the node agent: vLLM in a child process or a server at
    some address (`drivers/`), or the fake."""

    driver: Driver
    caps: EngineCaps
    """Settled when `start` has returned."""
    served: tuple[str, ...]
    """Digests of what it was set up with, for one that cannot load more."""

    @property
    def build(self) -> str: ...
    @property
    def arguments(self) -> tuple[str, ...]:
        """How it was started, for the attestation; nothing of the machine's paths."""

    fake: bool
    max_loras: int
    max_rank: int
    tokenizer_dir: Path

    async def start(self, progress: Callable[[Progress], None]) -> None:
        """Return when it answers. Raises EngineFault."""

    async def died(self) -> str:
        """Wait until it stops answering; return why."""

    async def stop(self) -> None:
        """End it and everything it started; harmless when nothing runs."""

    async def load(self, name: str, directory: Path) -> None:
        """Make the adapter in `directory`, which is called by its digest, answer to `name`. Doing it twice is doing it
        once. Raises EngineFault."""

    async def complete(self, request: CompletionRequest) -> EngineReply:
        """Begin answering an OpenAI completion request. Raises EngineFault."""
