"""What the portal, the lab and the lab's processes say to each other about an export. Frozen messages, nothing else."""

from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from arena.benchmarks.contracts import BenchmarkContract, Sha256, SuiteSpec
from arena.kit.facts import Fact
from arena.kit.schemas import Contract
from arena.shows.training import Shown
from arena.submissions.contracts import AdapterRef, FileIn, FileOut, Refusal
from arena.submissions.datasets.contracts import Form

JOB_KIND = "exports.make"

Scheme = Literal["bf16", "int8", "w4a16_gptq", "w4a16_awq", "fp8"]
"""How the numbers of an exported model are written.

`bf16`: merged, and as exact as what competes. `int8`: weights and activations of eight bits (W8A8). `w4a16_*`: weights
of four bits, rounded by GPTQ or AWQ. `fp8`: weights and activations as eight-bit floats.
"""

NO_ENVIRONMENT = "export.no_environment"
"""The refusal of a lab that cannot quantise."""

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "gavel-export.json"
"""`CARD`: what the files are made of, for whoever has nothing but the files."""
BESIDE: dict[str, int] = {
    "generation_config.json": 1 << 20,
    "tokenizer.json": 64 << 20,
    "tokenizer_config.json": 8 << 20,
    "special_tokens_map.json": 1 << 20,
    "tokenizer.model": 64 << 20,
    "vocab.json": 64 << 20,
    "merges.txt": 64 << 20,
    "added_tokens.json": 1 << 20,
    "LICENSE": 1 << 20,
    "NOTICE": 1 << 20,
    "GEMMA_TERMS.html": 1 << 20,
}
"""What is taken over from the base as it is, where it has it, and the most bytes of each. A licence goes with its
weights."""
ALWAYS = (CONFIG, WEIGHTS, CARD)


class Asked(Contract):
    """Questions of one suite, put to the model before and after."""

    suite: SuiteSpec
    items: dict[str, list[int]]
    files: dict[str, str]
    """A link to each file of the suite, by its sha256."""


class Data(Contract):
    """The sealed data set that the adapter was trained on: what the model meets, so its rounding is fitted to it."""

    file: FileIn
    form: Form


class ExportContract(Contract):
    """Everything the lab may know of an export."""

    export_id: str
    scheme: Scheme
    base_model: str
    base_digest: str
    engine_url: str
    engine_token: str
    """Of a node that serves these weights: where a lab without them fetches them. Nothing is asked of it."""
    adapter: AdapterRef
    data: Data | None = None
    """None: the rows that ship with Gavel."""
    asked: list[Asked] = Field(min_length=1)
    files: list[FileOut]


class Calibrated(Shown):
    """On what the rounding was fitted: rows in the base's frozen template, with its BOS."""

    source: Literal["data_set", "shipped"]
    rows: int = Field(ge=1)
    tokens: int = Field(ge=1)
    sha256: Sha256
    """Of their token ids, as JSON."""


class ExportRecord(Shown):
    """How the files were made: enough to do it again."""

    original_bytes: int = Field(ge=1)
    """The weights of the merged model in bfloat16."""
    bytes: int = Field(ge=1)
    """The weights of the exported one."""
    calibration: Calibrated | None = None
    libraries: dict[str, str]
    machine: dict[str, Any]
    scorer_digest: Sha256
    seconds: dict[str, float] = {}
    """By step."""


Marks = dict[str, list[bool]]
"""By task: whether each question was answered rightly, in the order in which they were asked."""


class Measured(Contract):
    suite: str
    original: Marks
    exported: Marks


class ExportResult(Contract):
    """Made, or refused for what the site or the owner gave."""

    ended: Literal["done", "refused"]
    refusal: Refusal | None = None
    record: ExportRecord | None = None
    measured: list[Measured] = []
    files: dict[str, tuple[Sha256, int]] = {}
    """By name the sha256 and the size of what was put."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.ended == "done") != bool(self.files and self.measured and self.record):
            raise ValueError("done comes with its files, its record and what was measured")
        if (self.ended == "refused") != (self.refusal is not None):
            raise ValueError("refused comes with its reason")
        return self


# --- between the lab and the processes that do one step each ------------------------------------------------------


class ExportJob(Contract):
    """`job.json` of a folder in which every step finds what the one before it has left: `adapter/`, then `merged/` and
    `calibration.json`, then `model/`."""

    scheme: Scheme
    base_model: str
    base_digest: str
    model_dir: str
    adapter_digest: str
    data: str | None
    form: Form | None
    rows: int = Field(ge=1)
    """Of calibration, at most."""
    asked: list[BenchmarkContract]
    """Without an engine: the questions, the frozen template, and nothing known yet."""


class ExportOrdered(Fact):
    export_id: UUID
