"""What the portal and the lab say to each other about verifying a submission. Frozen messages, nothing else."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from arena.kit.facts import Fact
from arena.kit.schemas import Contract
from arena.shows.rules import Artifact
from arena.submissions.datasets.contracts import DatasetReport

CheckStatus = Literal["passed", "warning", "refused", "pending"]

JOB_KIND = "submissions.verify"
PROBE = "submissions.probe"


class Check(Contract):
    """One line of the contestant's checklist.

    `code` is one of its kind's CHECKS. `detail["problems"]`, present when something was found, is a list of `{"code",
    "message", "detail"}`. `pending` in a finished result means: not reached because of an earlier problem.
    """

    code: str
    status: CheckStatus
    detail: dict[str, Any] = {}


class Refusal(Contract):
    """The first problem found, as the headline."""

    code: str
    message: str


class FileIn(Contract):
    """A file that a contestant sent."""

    name: str
    url: str
    sha256: str
    """Hex; what the portal hashed while it received the upload."""
    max_bytes: int = Field(ge=1)


class FileOut(Contract):
    """A file that the lab is to write when it admits a version."""

    name: str
    put_url: str
    max_bytes: int = Field(ge=1)


class SuitesGiven(Contract):
    """The benchmark of a season, as the lab needs it to make the questions."""

    specs: list[dict[str, Any]]
    files: dict[str, str]
    """A link to each file that they name, by its sha256."""


class JudgedBy(Contract):
    """What else the lab needs to judge a data set, and where the cleaned version goes."""

    word_lists_url: str
    """The active lists, as `moderation.wordlists.write_lists` has them."""
    suites: SuitesGiven
    """The lab makes their private items and tells the sandbox the hashes."""
    cleaned: FileOut


class VerifyContract(Contract):
    """Everything the lab may know: what to fetch, what to measure it against, where the canonical files go."""

    submission_id: str
    artifact: Artifact
    base_model: str
    max_rank: int = Field(ge=1)
    max_system_chars: int = Field(default=1000, ge=1)
    files: list[FileIn]
    canonical: list[FileOut]
    """In the order in which they are hashed."""
    judged_by: JudgedBy | None = None
    """For a data set."""


SKETCH_SIZE = 8192
"""Numbers in a sketch (`similarity`), each of two bytes."""

MAX_LAYERS, MAX_MODULES = 512, 64
Grid = Annotated[
    list[
        Annotated[
            list[Annotated[float, Field(ge=0, allow_inf_nan=False)]],
            Field(min_length=1, max_length=MAX_MODULES),
        ]
    ],
    Field(min_length=1, max_length=MAX_LAYERS),
]


class Xray(Contract):
    """What an adapter looks like inside: a row per layer, a column per module, 0 where it has no tensors."""

    modules: list[str] = Field(max_length=MAX_MODULES)
    norms: Grid
    """‖ΔW‖ (Frobenius)."""
    effective_ranks: Grid
    """exp of the entropy of the singular values of ΔW."""


class Measures(Contract):
    """What the lab measured on an adapter that it admitted."""

    sketch: str = Field(min_length=(2 * SKETCH_SIZE + 2) // 3 * 4, max_length=(2 * SKETCH_SIZE + 2) // 3 * 4)
    """Half-precision little-endian numbers in base64."""
    xray: Xray


class VerifyResult(Contract):
    """The verdict. What follows the checks describes the canonical files, and is absent when refused.

    `rank`, `modules` and `measures` are an adapter's. The `report` on a data set is there when it is refused too,
    unless the check could not be carried through.
    """

    verdict: Literal["verified", "refused"]
    checks: list[Check]
    digest: str | None = None
    size_bytes: int | None = None
    """Of all canonical files."""
    rank: int | None = None
    modules: list[str] | None = None
    measures: Measures | None = None
    report: DatasetReport | None = None
    refusal: Refusal | None = None


class AdapterRef(Contract):
    """A sealed adapter as an engine node needs it: content-addressed name and short-lived links."""

    digest: str
    name: str
    config_url: str
    weights_url: str


class ProbeContract(Contract):
    """A sealed adapter to be asked on a leased engine, before it meets anybody."""

    submission_id: str
    base_model: str
    base_digest: str
    """Of the base weights that the node serves; PEFT computes with the same. Hex."""
    engine_url: str
    engine_token: str
    adapter: AdapterRef
    max_tokens: int = Field(ge=1)
    """The length of an answer on stage."""
    rehearsal: bool
    """The engine is a fake one, without weights: there is nothing that PEFT could be compared with."""


class ProbeResult(Contract):
    checks: list[Check]
    """The two of `probe.judge`."""
    refusal: Refusal | None = None
    fingerprint: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")] | None
    """The adapter's greedy answer as the node took it at loading. None when it was refused before it met an engine."""


class Staged(Contract):
    """What answers for a version on stage: an adapter and, for a system prompt, its text beside the house's adapter."""

    adapter_digest: str
    system_digest: str | None = None


class SubmissionReceived(Fact):
    submission_id: UUID


class SubmissionVerified(Fact):
    submission_id: UUID


class SubmissionProbed(Fact):
    """It answers as it should: it may meet the others."""

    submission_id: UUID


class CompetingChanged(Fact):
    """Which version of an entry goes on stage may be another one."""

    season_id: UUID


class SubmissionChanged(Fact):
    """Something a page shows has changed."""

    submission_id: UUID
