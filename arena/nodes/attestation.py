"""What an engine node states about itself, and signs: hardware, engine, base model, and the adapters that answer.

Pure, so that the node which states it, the portal which keeps it and anybody with a file read the same rules.
"""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field

Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Hex64 = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
Challenge = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z-]+$")]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gpu(Part):
    """One device as NVML sees it at this moment. None: the device does not say."""

    name: str
    memory_bytes: int
    clock_mhz: int | None
    max_clock_mhz: int | None
    memory_clock_mhz: int | None
    temperature_c: int | None
    power_watts: int | None
    throttled: int | None
    """NVML's bit mask of reasons for a lowered clock; 0: none."""


class Machine(Part):
    """The same fields with and without a GPU."""

    hardware_class: str
    cpu: str
    cores: int
    memory_bytes: int
    accelerator: str | None
    clock_mhz: int | None
    max_clock_mhz: int | None
    system: str
    gpus: tuple[Gpu, ...]
    driver: str | None
    gpu_source: str
    """`nvml`, or why there is nothing in `gpus`."""


class EngineStated(Part):
    build: str
    arguments: tuple[str, ...]
    """As on its command line, with the variables that change what it computes in front; no paths of the machine."""
    system_fingerprint: str | None
    rehearsal: bool
    """A fake engine, without weights."""


class AdapterStated(Part):
    """It answers under this name now; by the fingerprint it is recognised."""

    name: str
    digest: Hex32
    fingerprint: Hex32


class Statement(Part):
    type: Literal["gavel.attestation.v1"] = "gavel.attestation.v1"
    challenge: Challenge
    """What it was made for: the id of a duel or a benchmark run. An older statement does not fit."""
    seed_commitment: Hex32 | None
    """`commit(challenge, seed)`: which seed the node was told of before it answered."""
    stated_at: datetime
    """By the node's clock."""
    public_key: Hex32
    machine: Machine
    engine: EngineStated
    base_model: str
    base_digest: Hex32
    template_digest: Hex32
    system_template_digest: Hex32
    adapters: tuple[AdapterStated, ...]
    """Those that were asked about; who else is loaded is nobody's business before a reveal."""


class Attestation(Part):
    document: dict[str, Any]
    """A `Statement` as it was signed: in canonical JSON (RFC 8785)."""
    signature: Hex64
    """Ed25519 by the node's key."""
    public_key: Hex32

    @property
    def digest(self) -> str:
        return digest_of(self.document)

    @property
    def is_signed(self) -> bool:
        """Whether the key beside it has signed it, and the document names that key."""
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
        try:
            key.verify(bytes.fromhex(self.signature), rfc8785.dumps(self.document))
        except (InvalidSignature, rfc8785.CanonicalizationError):
            return False
        return self.document.get("public_key") == self.public_key

    def read(self) -> Statement:
        """Raises pydantic's ValidationError for a document of another form."""
        return Statement.model_validate(self.document)


class Wanted(Part):
    """What a node is asked to state."""

    challenge: Challenge
    seed_commitment: Hex32 | None = None
    adapters: tuple[str, ...] = ()
    """By their engine names."""


def digest_of(value: Any) -> str:
    """sha256 of the canonical JSON. Raises rfc8785.CanonicalizationError for what has none, such as NaN."""
    return sha256(rfc8785.dumps(value)).hexdigest()


def commit(challenge: str, seed: int | str) -> str:
    """Ties a seed to what it is for."""
    return digest_of({"challenge": challenge, "seed": seed})


def public_key_of(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def sign(statement: Statement, key: Ed25519PrivateKey) -> Attestation:
    document = statement.model_dump(mode="json")
    return Attestation(
        document=document,
        signature=key.sign(rfc8785.dumps(document)).hex(),
        public_key=public_key_of(key),
    )
