"""What the portal, the lab and the lab's training process say to each other. Frozen messages, nothing else."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, FiniteFloat, StringConstraints, model_validator

from arena.kit.facts import Fact
from arena.kit.schemas import Contract
from arena.shows.training import Budget, Profile, Shown, TrainingSpec
from arena.submissions.contracts import AdapterRef, FileIn, FileOut, Refusal

JOB_KIND = "training.run"
CHECKPOINT_FILE = "checkpoint.safetensors"
"""All that a checkpoint is, on a disk and in the store."""

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Stopped = Literal["steps", "tokens", "clock", "asked"]
"""Why a run came to its end: its steps are done, its tokens are used up, the clock has run out, or it was asked to."""


# --- what a run hands in while it goes on -------------------------------------------------------------------------


class Point(Contract):
    """One optimiser step, as the curves show it."""

    kind: Literal["point"] = "point"
    step: int = Field(ge=1)
    loss: FiniteFloat
    """Mean over the supervised tokens of the step, in nats; of reinforcement recipes the trainer's own loss."""
    learning_rate: FiniteFloat
    tokens: int = Field(ge=0)
    """Read so far, padding not counted, all attempts together."""
    tokens_per_second: FiniteFloat
    gradient_norm: FiniteFloat
    """Before clipping."""
    memory_bytes: int = Field(ge=0)
    """The most that the process (on a GPU: its device) has held so far."""
    seconds: FiniteFloat = Field(ge=0)
    """On the training clock: time spent in steps, all attempts together."""
    extra: dict[str, FiniteFloat] = Field(default={}, max_length=12)
    """What only some recipes have: `margin`, `accuracy`, `reward`, `kl`, `answer_tokens`."""


class CheckpointKept(Contract):
    """A checkpoint that lies in the store: the next attempt goes on from here."""

    kind: Literal["checkpoint"] = "checkpoint"
    slot: int = Field(ge=0)
    """Which of `checkpoint_puts` it was written to."""
    step: int = Field(ge=1)
    sha256: Sha256
    bytes: int = Field(ge=1)
    tokens: int = Field(ge=0)
    seconds: FiniteFloat = Field(ge=0)


class AtTheLine(Contract):
    """In a race: everything is loaded, and the process waits for the start."""

    kind: Literal["ready"] = "ready"


Kept = Annotated[Point | CheckpointKept | AtTheLine, Field(discriminator="kind")]


class Told(Contract):
    """The portal's answer to a heartbeat of a training job."""

    pause: bool = False
    """Write a checkpoint, hand it in and end."""
    go_in: FiniteFloat | None = None
    """Seconds until the start of a race; None while the others are not at the line."""
    stop_in: FiniteFloat | None = None
    """Seconds until a race's clock has run out; never negative."""


# --- the job ------------------------------------------------------------------------------------------------------


class Resume(Contract):
    """The last checkpoint of an earlier attempt: written by our own trainer, kept by the portal under its hash."""

    step: int = Field(ge=1)
    url: str
    sha256: Sha256
    max_bytes: int = Field(ge=1)
    tokens: int = Field(ge=0)
    seconds: FiniteFloat = Field(ge=0)


class TrainContract(Contract):
    """Everything the lab may know of a run."""

    run_id: str
    spec: TrainingSpec
    budget: Budget
    dtype: Literal["bfloat16", "float32"]
    max_rank: int | None = None
    """Of the track; None: the base's."""
    base_model: str
    base_digest: str
    engine_url: str
    engine_token: str
    """Of a node that serves these weights: where a lab without them fetches them. Nothing is asked of it."""
    data: FileIn
    """The sealed canonical data set."""
    parent: AdapterRef | None = None
    """The adapter that training begins with, and that preference recipes compare with. None: a new one."""
    resume: Resume | None = None
    checkpoint_puts: list[FileOut] = Field(min_length=2)
    """Slots, used in turn: one that is being written never is the last good one."""
    adapter: list[FileOut]
    """adapter_config.json and adapter_model.safetensors."""
    race: bool = False
    """Load everything, say `ready`, and wait for `go_in`."""


class TrainRecord(Shown):
    """What a run was, for its record: enough to do it again."""

    steps: int = Field(ge=0)
    tokens: int = Field(ge=0)
    supervised_tokens: int = Field(ge=0)
    """Of one pass over the data."""
    rows: int = Field(ge=0)
    seconds: FiniteFloat = Field(ge=0)
    first_loss: FiniteFloat | None = None
    final_loss: FiniteFloat | None = None
    """Mean of the last ten steps."""
    peak_bytes: int = Field(ge=0)
    libraries: dict[str, str]
    machine: dict[str, Any]
    residual: FiniteFloat | None = None
    """Of a method that was converted to a LoRA: ‖what is lost‖ / ‖what was learned‖ (Frobenius), over all modules."""
    held_out: dict[str, FiniteFloat] = {}
    """On rows kept out of training: `margin_before`, `margin_after`, `loss_before`, `loss_after`."""


class TrainResult(Contract):
    """How a run ended. With an adapter, paused with a checkpoint (`paused`), or refused for what its owner gave."""

    ended: Literal["done", "paused", "refused"]
    stopped: Stopped | None = None
    """Of `done`."""
    record: TrainRecord | None = None
    files: dict[str, tuple[Sha256, int]] = {}
    """Of `done`: by name the sha256 and the size of what was put."""
    refusal: Refusal | None = None
    """Of `refused`. `code` is one of `faults.CODES`."""
    detail: dict[str, Any] = {}
    """Of a refusal: such as `step`, `row`, `peak_bytes`, `hint`."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.ended == "done") != bool(self.files) or (self.ended == "refused") != (
            self.refusal is not None
        ):
            raise ValueError("done comes with its files, refused with its reason")
        if self.ended == "done" and (self.record is None or self.stopped is None):
            raise ValueError("done comes with its record")
        return self


# --- between the lab and the process that trains ------------------------------------------------------------------


class TrainJob(Contract):
    """The job file of a training process. It has no network; all paths are absolute and its own."""

    spec: TrainingSpec
    budget: Budget
    dtype: Literal["bfloat16", "float32"]
    max_rank: int | None = None
    base_model: str
    model_dir: str
    data: str
    parent_dir: str | None = None
    resume_dir: str | None = None
    out: str
    """An empty folder: `checkpoints/STEP/` and at the end `adapter/` are written here."""
    go_file: str | None = None
    """In a race: wait until this file is there. It holds `{"stop_at": seconds on CLOCK_MONOTONIC}`."""
    tokens: int = 0
    seconds: float = 0
    """Used by earlier attempts."""
    threads: int = Field(default=0, ge=0)
    """Of each process. 0: an even share of all processors."""


class Loading(Contract):
    kind: Literal["loading"] = "loading"
    note: Literal["data", "base_model", "trainer", "held_out", "converting"]


class Ready(Contract):
    """Everything is loaded; the first step comes next, or the start of the race."""

    kind: Literal["ready"] = "ready"
    steps: int = Field(ge=1)
    """After how many it will end, unless tokens or clock end it before."""
    rows: int = Field(ge=1)


class CheckpointWritten(Contract):
    """One file, CHECKPOINT_FILE, in `folder`, which stays until a newer one is whole."""

    kind: Literal["checkpoint"] = "checkpoint"
    step: int = Field(ge=1)
    folder: str
    tokens: int = Field(ge=0)
    seconds: FiniteFloat = Field(ge=0)


class Trained(Contract):
    """The last line of a process that came to its end. `stopped` is `asked` after SIGTERM: then there is a checkpoint
    and no adapter."""

    kind: Literal["trained"] = "trained"
    stopped: Stopped
    record: TrainRecord


class Refused(Contract):
    """The last line of a process that cannot train what it was given: the contestant's matter, not a fault."""

    kind: Literal["refused"] = "refused"
    refusal: Refusal
    detail: dict[str, Any] = {}


Event = Annotated[
    Loading | Ready | Point | CheckpointWritten | Trained | Refused, Field(discriminator="kind")
]
"""What a training process prints, a JSON line each."""


# --- how a run lies on devices -------------------------------------------------------------------------------------


class PlanPart(Contract):
    """What is gathered and let go together: the embeddings, or a layer."""

    name: str
    """`embeddings`, `layers.0`, …"""
    parameters: int = Field(ge=0)
    """All of them, the trainable ones too."""
    trainable: int = Field(ge=0)


class DeviceShare(Contract):
    """What one process holds from step to step."""

    rank: int = Field(ge=0)
    rows: int = Field(ge=1)
    """Of each batch."""
    held: list[int]
    """Parameters of each part, in the order of `DevicePlan.parts`."""
    weight_bytes: int = Field(ge=0)
    gradient_bytes: int = Field(ge=0)
    optimiser_bytes: int = Field(ge=0)


class DevicePlan(Contract):
    """How a model and what trains it are split over the processes of a run."""

    profile: Profile
    parts: list[PlanPart]
    shares: list[DeviceShare] = Field(min_length=1)
    gathered_bytes: int = Field(ge=0)
    """The most that a process holds of others' weights for a moment, while it computes with a part."""


# --- facts --------------------------------------------------------------------------------------------------------


class TrainingOrdered(Fact):
    """A run waits for a lab: new, or gone on with."""

    run_id: UUID


class TrainingChanged(Fact):
    """Its state, or its curves."""

    run_id: UUID
    season_id: UUID


class RaceChanged(Fact):
    race_id: UUID
    season_id: UUID
