"""What a node says of itself, and the facts about nodes."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from arena.kit.facts import Fact
from arena.kit.schemas import Contract

ENGINE = "engine"
"""The resource that jobs wait for when every node is held."""

ANY_CLASS = "any"
"""The hardware class of a track that runs on whatever there is."""

NodeState = Literal["preparing", "starting", "ready", "failed", "draining", "unreachable"]


class Identity(BaseModel):
    digest: str
    name: str


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

    @property
    def hardware_class(self) -> str:
        return str(self.hardware.get("class", "unknown"))


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


class NodeChanged(Fact):
    node_id: UUID
    state: str


class NodeFreed(Fact):
    node_id: UUID
