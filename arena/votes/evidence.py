"""The published evidence of a ballot: a text file that anybody can count again, and what of it is signed.

`gavel.ballot.v1` is JSON Lines, gzipped. Each line is one JSON object, keys sorted, no spaces. In this order:

* one `Head`: what was asked, under which configuration;
* the ledger: every `ledger.Line`, by shard and sequence, byte for byte what was hashed (it has no `t`, the others do);
* every `CheckpointLine` (by shard and size), `CorrectionLine` (by number), `VerdictLine` (by judge);
* one `Seal`: the certificate with the site's signature.

`gavel.season.v1` begins with a `SeasonHead`, then holds the ballots of a season one after another, each as above.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Literal

import rfc8785
from pydantic import Field

from arena.kit.merkle import leaf_hash
from arena.kit.schemas import Contract
from arena.votes.contracts import BallotConfig, Hex32
from arena.votes.ledger import next_head

Signature = str
"""Ed25519, 128 hex digits, over the RFC 8785 form of what it signs."""


class Count(Contract):
    """Voters by what they said last."""

    counted: dict[str, int]
    """Option -> voters. They decide."""
    flagged: dict[str, int]
    """The same of voters whom a pre-published rule flagged. They stand beside, and decide nothing."""
    levels: dict[str, int]
    """How the counted ones had shown who they are: level -> voters."""
    seats: dict[str, int] = {}
    """The show's seat codes when it was counted: `made`, `used`, `taken_back`. The site's word: no ledger shows it."""


class ShardEnd(Contract):
    shard: int
    size: int
    root: Hex32
    head: Hex32


class Head(Contract):
    t: Literal["ballot"] = "ballot"
    format: Literal["gavel.ballot.v1"] = "gavel.ballot.v1"
    ballot: str
    episode: str
    duel: str | None
    config: BallotConfig
    config_digest: Hex32
    opens_at: str
    closes_at: str
    locked_at: str
    size: int
    root: Hex32
    tally: Count
    """What the site's pages say: a recount holds these against the ledger, too."""


class CheckpointLine(Contract):
    """Signed is this without `signature`."""

    t: Literal["checkpoint"] = "checkpoint"
    ballot: str
    shard: int
    size: int
    root: Hex32
    head: Hex32
    at: str
    signature: Signature


class CorrectionLine(Contract):
    """Chained like votes: `head` is SHA-256 over the head before and the leaf hash of this without `head`."""

    t: Literal["correction"] = "correction"
    ballot: str
    number: int
    voter: str
    kind: Literal["flag", "clear"]
    rule: str
    reason: str
    by: Literal["rule", "person"]
    at: str
    head: Hex32


class VerdictLine(Contract):
    """A judge's word under a pseudonym of the season, so that one judge's bias can be seen by anybody."""

    t: Literal["verdict"] = "verdict"
    ballot: str
    judge: str
    choice: str


class Certificate(Contract):
    """What the site signs when it has counted the ledger a second time and both counts are equal."""

    ballot: str
    episode: str
    duel: str | None
    config_digest: Hex32
    opens_at: str
    closes_at: str
    locked_at: str
    shards: tuple[ShardEnd, ...]
    size: int
    root: Hex32
    corrections: int
    corrections_head: Hex32
    """64 zeros where there are none."""
    checkpoints: int
    checkpoints_digest: Hex32
    """As `verdicts_digest`: a checkpoint that is inconvenient later cannot be left out."""
    count: Count
    verdicts: dict[str, int]
    verdicts_digest: Hex32
    """SHA-256 over the verdict lines as they stand in the file, each with its line feed."""
    at: str


class Seal(Contract):
    t: Literal["seal"] = "seal"
    certificate: Certificate
    key: Hex32
    """The site's public key for ballots; compare it with the one that the site showed on air."""
    signature: Signature


class Proof(Contract):
    """That one line is in the tree of a certified ballot. What the line says is not in it: its voter knows."""

    ballot: str
    shard: int
    seq: int
    voter: str
    channel: str
    level: int
    index: int
    """Of the leaf in the ballot's tree."""
    size: int
    root: Hex32
    hashes: tuple[Hex32, ...]
    """From the leaf up, as in RFC 9162."""
    seal: Seal | None
    """Once the result is out: the split is in it."""


class SeasonHead(Contract):
    t: Literal["season"] = "season"
    format: Literal["gavel.season.v1"] = "gavel.season.v1"
    season: str
    name: str = Field(max_length=200)
    rules_digest: Hex32
    rules: dict[str, object]
    duels: tuple[dict[str, str], ...]
    """Every revealed duel: `duel`, `left`, `right` (entries), `ballot`, `winner` (`left`, `right` or `tie`)."""


def line(said: Contract | Mapping[str, object]) -> bytes:
    """As it stands in the file, with its line feed."""
    text: bytes = rfc8785.dumps(said.model_dump(mode="json") if isinstance(said, Contract) else dict(said))
    return text + b"\n"


def digest(lines: Iterable[bytes]) -> str:
    """Over lines as they stand in the file."""
    found = sha256()
    for one in lines:
        found.update(one)
    return found.hexdigest()


def corrected(before: bytes, correction: Mapping[str, object]) -> bytes:
    """The head of the corrections with this one in it; `correction` is a `CorrectionLine`, with or without `head`."""
    said = {name: value for name, value in correction.items() if name != "head"}
    return next_head(before, leaf_hash(rfc8785.dumps(said)))
