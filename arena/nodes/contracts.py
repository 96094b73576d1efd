"""What a node says of itself, and the facts about nodes."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from arena.kit.facts import Fact
from arena.kit.schemas import Contract
from arena.nodes.capabilities import OUR_OWN, Driver, EngineCaps, lacks
from arena.nodes.placement import ANY_CLASS, Mode, Request

PRELOAD = "nodes.preload"
RECYCLE = "nodes.recycle"
CALIBRATE = "nodes.calibrate"

ENGINE = "engine"
"""The resource that jobs wait for when every node is held."""

NodeState = Literal["preparing", "starting", "ready", "failed", "draining", "unreachable"]


class Identity(BaseModel):
    digest: str
    name: str


class Resident(BaseModel):
    """An adapter that is loaded."""

    model_config = ConfigDict(extra="allow")

    digest: str


class NodeHealth(BaseModel):
    """The node agent's `GET /health`. Unknown fields are kept: the document is stored as it came."""

    model_config = ConfigDict(extra="allow")

    state: NodeState
    detail: str = ""
    progress: dict[str, Any] | None = None
    base_model: str | None = None
    base_digest: str | None = None
    template_digest: str | None = None
    engine_build: str | None = None
    system_fingerprint: str | None = None
    identity: Identity | None = None
    hardware: dict[str, Any] = {}
    public_key: str | None = None
    """Of the key that signs its attestations. None: a node of a release that had none."""
    fake: bool = False
    quarantine: bool = False
    """Adapters are asked here before they meet anybody; no duel and no benchmark ever runs on this node."""
    max_loras: int = 8
    """Adapters that can be live at once."""
    loads: int = 0
    """Adapters loaded since the engine was started."""
    adapters: list[Resident] = []
    driver: Driver = "vllm"
    caps: EngineCaps = OUR_OWN
    """A node of a release that did not speak of them has started its own vLLM: there was no other."""

    @property
    def hardware_class(self) -> str:
        return str(self.hardware.get("class", "unknown"))


class Ask(Contract):
    """A request as its job keeps it while it waits."""

    mode: Mode
    base_model: str
    adapters: tuple[str, ...] = ()
    hardware_class: str = ANY_CLASS
    avoid: tuple[UUID, ...] = ()
    only: UUID | None = None

    @property
    def request(self) -> Request:
        return Request(
            mode=self.mode,
            base_model=self.base_model,
            adapters=frozenset(self.adapters),
            hardware_class=self.hardware_class,
            avoid=frozenset(self.avoid),
            only=self.only,
        )


class LeasedNode(Contract):
    """What the holder of a lease needs to talk to its node."""

    node_id: UUID
    url: str
    engine_build: str
    system_fingerprint: str | None
    base_digest: str
    template_digest: str
    hardware_class: str
    public_key: str | None = None
    attestation: str | None = None
    """Digest of what the node stated about itself under this lease, once it has."""
    rehearsal: bool = False
    """A fake engine, without weights."""
    caps: EngineCaps = Field(default=OUR_OWN, exclude=True)
    """Of no interest once the work is done: which work went there says it."""
    bearer: str = Field(default="", exclude=True, repr=False)
    """The node's token. Never written down with the rest."""

    @property
    def on_stage(self) -> bool:
        """A duel could have it."""
        return not lacks(self.caps, "duel")


class NodeChanged(Fact):
    node_id: UUID
    state: str


class NodeFreed(Fact):
    node_id: UUID


class NodeWorn(Fact):
    """Its engine is to be started anew, as soon as nobody holds it."""

    node_id: UUID


class CalibrationAsked(Fact):
    calibration_id: UUID
