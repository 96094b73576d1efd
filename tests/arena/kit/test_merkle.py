"""The tree against the Certificate Transparency vectors, and against itself on lists of every shape."""

import hashlib

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from arena.kit import merkle

# The entries and answers that the Certificate Transparency implementations test each other with.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


@pytest.mark.parametrize("size", range(9))
def test_reference_roots(size: int) -> None:
    assert merkle.root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_reference_inclusion_proofs(index: int, size: int) -> None:
    assert [h.hex() for h in merkle.inclusion_proof(LEAVES[:size], index)] == INCLUSION[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_reference_consistency_proofs(old: int, new: int) -> None:
    assert [h.hex() for h in merkle.consistency_proof(LEAVES[:new], old)] == CONSISTENCY[old, new]


def test_the_example_of_the_standard() -> None:
    """RFC 9162, section 2.1.5: seven leaves a..f, j; nodes g, h, i, k, l (here el) as drawn there."""
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = merkle.node_hash(a, b), merkle.node_hash(c, d), merkle.node_hash(e, f)
    k, el = merkle.node_hash(g, h), merkle.node_hash(i, j)
    seven = LEAVES[:7]
    assert merkle.root(seven) == merkle.node_hash(k, el)
    assert merkle.inclusion_proof(seven, 0) == [b, h, el]
    assert merkle.inclusion_proof(seven, 3) == [c, g, el]
    assert merkle.inclusion_proof(seven, 4) == [f, j, k]
    assert merkle.inclusion_proof(seven, 6) == [i, k]
    assert merkle.consistency_proof(seven, 3) == [c, d, g, el]
    assert merkle.consistency_proof(seven, 4) == [el]
    assert merkle.consistency_proof(seven, 6) == [i, j, k]


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of the standard, word by word, to hold the level-by-level one against."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + recursive_root(leaves[:k]) + recursive_root(leaves[k:])).digest()


def numbered(size: int) -> list[bytes]:
    return [merkle.leaf_hash(str(i).encode()) for i in range(size)]


@pytest.mark.parametrize("size", range(70))
def test_the_root_is_the_one_of_the_definition(size: int) -> None:
    assert merkle.root(numbered(size)) == recursive_root(numbered(size))


@pytest.mark.parametrize("size", range(1, 34))
def test_every_leaf_of_every_list_can_be_shown(size: int) -> None:
    leaves = numbered(size)
    head = merkle.root(leaves)
    for index in range(size):
        proof = merkle.inclusion_proof(leaves, index)
        assert merkle.verify_inclusion(leaves[index], index, size, proof, head)
        for other in range(size):
            if other != index:
                assert not merkle.verify_inclusion(leaves[index], other, size, proof, head)


@pytest.mark.parametrize("new", range(34))
def test_every_list_continues_each_of_its_beginnings(new: int) -> None:
    leaves = numbered(new)
    for old in range(new + 1):
        proof = merkle.consistency_proof(leaves, old)
        assert merkle.verify_consistency(old, new, merkle.root(leaves[:old]), merkle.root(leaves), proof)


sizes = st.integers(1, 200)


@given(data=st.data(), size=sizes)
def test_a_list_that_was_edited_does_not_continue_the_old_one(data: st.DataObject, size: int) -> None:
    """Change, drop or swap an old entry: no proof out of the edited tree gets past the old root."""
    old = data.draw(st.integers(1, size))
    before = numbered(size)
    edited = list(before)
    at = data.draw(st.integers(0, old - 1))
    what = data.draw(st.sampled_from(["change", "drop", "swap"]))
    if what == "change":
        edited[at] = merkle.leaf_hash(b"another vote")
    elif what == "drop":
        del edited[at]
    else:
        edited[at], edited[0] = edited[0], edited[at]
    if edited[:old] == before[:old]:
        return
    head = merkle.root(before[:old])
    old_claimed = min(old, len(edited))
    proof = merkle.consistency_proof(edited, old_claimed)
    assert not merkle.verify_consistency(old, len(edited), head, merkle.root(edited), proof)


@given(data=st.data(), size=sizes)
def test_one_flipped_bit_anywhere_breaks_the_proof(data: st.DataObject, size: int) -> None:
    leaves = numbered(size)
    index = data.draw(st.integers(0, size - 1))
    parts = [leaves[index], merkle.root(leaves), *merkle.inclusion_proof(leaves, index)]
    which = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    parts[which] = (int.from_bytes(parts[which]) ^ (1 << bit)).to_bytes(merkle.HASH_SIZE)
    assert not merkle.verify_inclusion(parts[0], index, size, parts[2:], parts[1])


@given(
    index=st.integers(-3, 300),
    size=st.integers(-3, 300),
    leaf=st.binary(max_size=40),
    head=st.binary(max_size=40),
    proof=st.lists(st.binary(min_size=30, max_size=33), max_size=12),
)
def test_nonsense_is_refused_without_an_exception(
    index: int, size: int, leaf: bytes, head: bytes, proof: list[bytes]
) -> None:
    assume(leaf != head)  # a tree of one leaf is its own root
    assert not merkle.verify_inclusion(leaf, index, size, proof, head)
    assert not merkle.verify_consistency(index, size, leaf, head, proof)


def test_a_proof_that_is_too_long_or_too_short_fails() -> None:
    leaves = numbered(6)
    head, proof = merkle.root(leaves), merkle.inclusion_proof(leaves, 2)
    assert not merkle.verify_inclusion(leaves[2], 2, 6, [*proof, proof[0]], head)
    assert not merkle.verify_inclusion(leaves[2], 2, 6, proof[:-1], head)
    grown = merkle.consistency_proof(leaves, 3)
    old = merkle.root(leaves[:3])
    assert not merkle.verify_consistency(3, 6, old, head, [*grown, grown[0]])
    assert not merkle.verify_consistency(3, 6, old, head, grown[:-1])
    assert not merkle.verify_consistency(3, 6, old, head, [])


def test_a_node_cannot_pass_for_a_ballot() -> None:
    """The two hash prefixes differ: the children of a node, offered as an entry, give another leaf hash."""
    a, b = numbered(2)
    assert merkle.leaf_hash(a + b) != merkle.node_hash(a, b)


def test_asking_for_what_is_not_there() -> None:
    with pytest.raises(IndexError):
        merkle.inclusion_proof(numbered(3), 3)
    with pytest.raises(IndexError):
        merkle.inclusion_proof([], 0)
    with pytest.raises(ValueError, match="never of size 4"):
        merkle.consistency_proof(numbered(3), 4)
