"""The Merkle tree of RFC 9162 (section 2.1; the same tree as RFC 6962), with SHA-256.

One number, the root, stands for a whole list of ballots. Somebody who holds a root can be shown in log2(n)
hashes that one ballot is in the list (inclusion), or that a longer list begins with exactly the list seen
before (consistency: nothing was changed, dropped or reordered). Verifying needs nothing but the hashes, so it
can be done on a phone or offline.

A leaf is hashed with a 0x00 byte in front and an inner node with 0x01, so that no node can pass for a ballot.
Functions take and give 32-byte hashes; `leaves` are always leaf hashes, oldest first. Standard library only:
the verifier program that viewers run is built from this file.
"""

import hashlib
from collections.abc import Sequence

HASH_SIZE = 32


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one entry of the list."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node from the hashes of its children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The tree head. An empty list has one too: SHA-256 of nothing."""
    return levels(b"".join(leaves))[-1] if leaves else hashlib.sha256().digest()


def levels(leaves: bytes) -> list[bytes]:
    """The whole tree for many proofs: its levels, lowest first, the hashes of each one after another."""
    found = [leaves]
    while len(found[-1]) > HASH_SIZE:
        found.append(_parents(found[-1]))
    return found


def path(levels: Sequence[bytes], index: int) -> list[bytes]:
    """The inclusion proof of leaf `index`, lowest hash first. IndexError when there is no such leaf."""
    size = len(levels[0]) // HASH_SIZE
    if not 0 <= index < size:
        raise IndexError(f"leaf {index} of a tree with {size}")
    siblings = [(level, (index >> height ^ 1) * HASH_SIZE) for height, level in enumerate(levels[:-1])]
    return [level[at : at + HASH_SIZE] for level, at in siblings if at < len(level)]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Hashes that lead from leaf `index` to the root, lowest first. IndexError when there is no such leaf."""
    return path(levels(b"".join(leaves)), index)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], head: bytes) -> bool:
    """Whether `proof` shows that `leaf` is number `index` of the list of `size` entries with root `head`.

    RFC 9162, section 2.1.3.2. Anything malformed is False, never an exception: proofs come from strangers.
    """
    if not 0 <= index < size or not _hashes(leaf, head, *proof):
        return False
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and computed == head


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Hashes that show that the list began with its first `old_size` entries. ValueError when it was never so
    long.

    Empty for an old size of 0 (every list continues the empty one) and for the present size.
    """
    if not 0 <= old_size <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} was never of size {old_size}")
    if old_size in (0, len(leaves)):
        return []
    # Walk down to the old tree's right edge (SUBPROOF of the RFC), noting the subtree on the other side.
    low, high, old_is_known, path = 0, len(leaves), True, []
    while old_size != high:
        split = low + _split(high - low)
        if old_size <= split:
            path.append(root(leaves[split:high]))
            high = split
        else:
            path.append(root(leaves[low:split]))
            low, old_is_known = split, False
    if not old_is_known:
        path.append(root(leaves[low:high]))
    return path[::-1]


def verify_consistency(
    old_size: int, new_size: int, old_head: bytes, new_head: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows that the list with `new_head` begins with the whole list that had `old_head`.

    RFC 9162, section 2.1.4.2. Anything malformed is False.
    """
    if not 0 <= old_size <= new_size or not _hashes(old_head, new_head, *proof):
        return False
    if old_size == 0:
        return not proof and old_head == root([])
    if old_size == new_size:
        return not proof and old_head == new_head
    path = list(proof)
    if old_size & (old_size - 1) == 0:  # a full tree is a node of the new one: the verifier knows it already
        path.insert(0, old_head)
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_computed = new_computed = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_computed = node_hash(sibling, old_computed)
            new_computed = node_hash(sibling, new_computed)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_computed = node_hash(new_computed, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_computed == old_head and new_computed == new_head


def _parents(level: bytes) -> bytes:
    """One level up. A last node without a partner moves up as it is, which gives the tree of the RFC's
    recursion."""
    pair, whole = 2 * HASH_SIZE, len(level) // (2 * HASH_SIZE) * 2 * HASH_SIZE
    above = [hashlib.sha256(b"\x01" + level[at : at + pair]).digest() for at in range(0, whole, pair)]
    return b"".join(above) + level[whole:]


def _split(size: int) -> int:
    """The largest power of two below `size`: how many leaves go to the left. `size` is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def _hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_SIZE for value in values)
