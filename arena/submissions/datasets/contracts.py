"""What the check of a data set says. Frozen messages, nothing else."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from arena.kit.schemas import Contract

Form = Literal["messages", "preference", "kto"]
Source = Literal["jsonl", "parquet"]
Severity = Literal["refused", "warning", "info"]
Remedy = Literal["removed", "changed", "none"]
"""What the cleaned version does with the rows of a finding."""

WORD_LISTS, PRIVATE, CANARIES = "word-lists", "private-items", "canaries"
"""Files of ours that the sandbox gets beside the contestant's: what a data set is judged with."""

GROWTH = 2
"""The canonical form may be this many times the most that a file may have: short rows grow by the names of roles."""

MAX_EXAMPLES = 20
"""Per finding: a mistake that a thousand rows make is explained well enough by twenty."""


class Told(Contract):
    """A message that pages read too: what has a default is always there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Example(Told):
    """One row that shows a finding. Rows count from 1: lines of a JSONL file, blank ones too, or rows of a Parquet."""

    row: int = Field(ge=1)
    place: str = Field(default="", max_length=80)
    """Where in the row, such as `messages[2].content`."""
    excerpt: str = Field(default="", max_length=120)
    """Safe to show: personal data masked, control characters taken out, cut."""
    other: int | None = None
    """The earlier row that this one repeats."""


class Finding(Told):
    code: str
    severity: Severity
    remedy: Remedy
    message: str
    rows: int = Field(ge=0)
    """How many rows; 0 when it is about the file."""
    examples: list[Example] = Field(default=[], max_length=MAX_EXAMPLES)
    detail: dict[str, Any] = {}


class Spread(Told):
    """Of a number that every row has."""

    least: int
    median: int
    p95: int
    most: int
    total: int


class Lengths(Told):
    characters: Spread
    units: Spread
    """Words, or single characters of scripts without spaces."""
    messages: Spread


class Version(Told):
    """A file in the canonical form."""

    rows: int = Field(ge=1)
    bytes: int = Field(ge=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Cleaned(Version):
    removed: dict[str, int]
    """Code → rows that are left out for it. A row with several findings counts under the first that takes it out."""
    changed: dict[str, int]
    """Code → rows that stay with something in them replaced."""


class DatasetReport(Told):
    """`form` and `lengths` are absent when no row could be read.

    `canonical` is what training will use, absent when something is refused; `cleaned` is the same without the rows and
    places that findings name, absent when it would be the same, or nothing, or the file could not be read to its end.
    """

    source: Source
    form: Form | None
    rows: int
    """Rows that were read, good and bad."""
    findings: list[Finding]
    lengths: Lengths | None = None
    labels: dict[str, int] | None = None
    """KTO: how many rows say true and false."""
    roles: dict[str, int] = {}
    near_threshold: float
    """Rows whose question and whose answer are both at least this alike (Jaccard, estimated) are near duplicates."""
    word_lists: str
    """Digest of the engine that scanned the texts."""
    private_grams: int
    """How many n-grams of private benchmark items it was compared with."""
    canonical: Version | None = None
    cleaned: Cleaned | None = None

    @property
    def refused(self) -> Finding | None:
        """The first finding that keeps the data set out as it is."""
        return next((one for one in self.findings if one.severity == "refused"), None)
