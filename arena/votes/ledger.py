"""What is hashed when a vote is counted. Standard library only: the verifier of strangers is built from this file.

A vote's line is one JSON object, keys sorted, no spaces, as RFC 8785 writes it. Its leaf is the RFC 9162 leaf hash of
the line's bytes; a shard's head goes from one vote to the next, `head = SHA-256(head before || leaf)`, beginning with
32 zero bytes. So a line cannot be changed, dropped, moved or added without changing every head after it, and the root.

The tree of a ballot is that over the leaves of shard 0 in their order, then shard 1, and so on. While a ballot is open
each shard signs checkpoints over its own leaves; with one shard they are prefixes of the final tree.
"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from arena.kit.merkle import leaf_hash, node_hash

NO_HEAD = bytes(32)


class Line(NamedTuple):
    """One vote as it is counted. `at`: when a gateway had it, on the database's clock."""

    ballot: str
    shard: int
    seq: int
    """From 0, without gaps, within ballot and shard."""
    voter: str
    """Pseudonym: 32 hex digits, other ones on every ballot."""
    n: int
    """The voter's own count: 1 the first vote, 2 the first change. The highest counts."""
    choice: str
    level: int
    channel: str
    at: str
    """`stamp` of the moment."""
    nonce: str
    """32 hex digits, known to the voter alone until the ballot is certified: before that a leaf tells nothing."""

    def text(self) -> bytes:
        # Written out because it is written for every vote: all values are ASCII without quotes or backslashes.
        return (
            f'{{"at":"{self.at}","ballot":"{self.ballot}","channel":"{self.channel}","choice":"{self.choice}",'
            f'"level":{self.level},"n":{self.n},"nonce":"{self.nonce}","seq":{self.seq},"shard":{self.shard},'
            f'"voter":"{self.voter}"}}'
        ).encode()


def stamp(moment: datetime) -> str:
    """UTC with microseconds, always the same length: `2026-11-22T20:15:00.123456Z`."""
    return moment.astimezone(UTC).isoformat("T", "microseconds")[:26] + "Z"


def leaf(line: Line) -> bytes:
    return leaf_hash(line.text())


def next_head(head: bytes, leaf: bytes) -> bytes:
    return sha256(head + leaf).digest()


class Tree:
    """A Merkle tree that only grows: the roots of its full subtrees, largest first. Same root as `merkle.root`."""

    def __init__(self) -> None:
        self.size = 0
        self._full: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        node, size = leaf, self.size
        while size & 1:
            node, size = node_hash(self._full.pop(), node), size >> 1
        self._full.append(node)
        self.size += 1

    def root(self) -> bytes:
        if not self._full:
            return sha256().digest()
        node = self._full[-1]
        for left in reversed(self._full[:-1]):
            node = node_hash(left, node)
        return node
