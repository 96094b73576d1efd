"""The verifier of strangers: what it is made of equals ours, and what a show publishes adds up."""

import asyncio
import gzip
import inspect
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import text, update
from typer.testing import CliRunner

from arena.cli.main import app
from arena.kit import merkle
from arena.ratings import tallies as ratings
from arena.votes import ledger, publishing, recount
from arena.votes.evidence import CheckpointLine, CorrectionLine, Head, Seal, SeasonHead, VerdictLine
from arena.votes.models import Ballot
from tests.support import counted
from tests.support.counted import Counted
from tests.support.portal import Portal
from tests.support.show import Show

# --- its parts equal ours -------------------------------------------------------------------------------------

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_canonical_json_is_that_of_rfc_8785(value: Any) -> None:
    try:
        wanted = rfc8785.dumps(value)
    except UnicodeEncodeError:
        return
    assert recount.canonical(value).encode() == wanted


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=70))
def test_the_tree_is_ours(leaves: list[bytes]) -> None:
    tree, ours = recount.Tree(), ledger.Tree()
    for leaf in leaves:
        tree.append(leaf)
        ours.append(leaf)
    assert tree.root() == ours.root().hex() == merkle.root(leaves).hex()
    assert recount.leaf_hash(b"entry") == merkle.leaf_hash(b"entry")


def test_a_vote_is_read_as_the_ledger_writes_it() -> None:
    at = ledger.stamp(datetime(2026, 11, 22, 20, 15, tzinfo=UTC))
    line = ledger.Line(str(counted.named("b")), 3, 0, "0f" * 16, 12, "both_bad", 2, "stream", at, "a" * 32)
    found = recount.VOTE(line.text() + b"\n")
    assert found is not None
    assert found.groups() == tuple(
        str(value).encode()
        for value in (
            line.at, line.ballot, line.channel, line.choice, line.level, line.n, line.nonce, line.seq, line.shard,
            line.voter,
        )
    )  # fmt: skip
    twice = line.text().replace(b'"choice":"both_bad"', b'"choice":"left","choice":"both_bad"')
    assert recount.VOTE(twice + b"\n") is None


# RFC 8032, section 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
        "b00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_signatures_of_the_standard_hold(
    key: str, message: str, signature: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recount, "canonical", lambda said: _Bytes(said))
    assert recount.signed(key, bytes.fromhex(message), signature)
    assert not recount.signed(key, bytes.fromhex(message) + b"x", signature)


class _Bytes(bytes):
    def encode(self) -> bytes:
        return bytes(self)


@hypothesis_settings(max_examples=20)
@given(st.binary(min_size=32, max_size=32), st.text(max_size=20), st.integers(0, 511))
def test_signatures_hold_and_break_as_the_library_says(seed: bytes, said: str, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key = private.public_key().public_bytes_raw().hex()
    signature = private.sign(rfc8785.dumps({"said": said}))
    assert recount.signed(key, {"said": said}, signature.hex())
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert not recount.signed(key, {"said": said}, flipped.hex())
    for key_written, written in ((key.upper(), signature.hex()), (key, signature.hex().upper())):
        assert not recount.signed(key_written, {"said": said}, written), "the same bytes, written otherwise"


@pytest.mark.parametrize("key", ["", "zz", "00" * 31, "ff" * 32, "02" + "00" * 31])
def test_what_is_no_key_signs_nothing(key: str) -> None:
    assert not recount.signed(key, {}, "00" * 64)


COUNTS = st.builds(ratings.Counts, *[st.integers(0, 5)] * 4)
WEIGHTS = st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.7, 1.0])


@given(COUNTS, COUNTS, WEIGHTS, WEIGHTS)
def test_the_winner_is_the_board_s(
    crowd: ratings.Counts, judges: ratings.Counts, of_judges: float, of_crowd: float
) -> None:
    if of_judges + of_crowd == 0:
        return
    weights = ratings.Weights(judges=of_judges, crowd=of_crowd)
    wanted = ratings.winner(ratings.Duel("a", "b", crowd, judges), weights)
    found = recount.winner(vars(crowd), vars(judges), {"judges": of_judges, "crowd": of_crowd})
    assert found == wanted


# --- what a show publishes -----------------------------------------------------------------------------------


@pytest.fixture
async def ballots(portal: Portal) -> list[Counted]:
    """The first season of the site, with two duels that are decided."""
    async with portal.site.sessions() as session, session.begin():
        await session.execute(text("set local session_replication_role = replica"))
        await session.execute(text("delete from entries"))
        await session.execute(text("delete from seasons"))
        await counted.season(session)
        found = []
        for number in (1, 2):
            await counted.duel(session, number)
            found.append(await counted.ballot(portal.site, session, number))
        return found


async def whole(pieces: AsyncIterator[bytes]) -> list[bytes]:
    return b"".join([piece async for piece in pieces]).splitlines(keepends=True)


async def test_the_file_says_what_the_contracts_say(
    portal: Portal, ballots: list[Counted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "PAGE", 7)
    lines = await whole(publishing.season_file(portal.site, counted.named("season")))
    forms: dict[str, type[BaseModel]] = {
        "season": SeasonHead, "ballot": Head, "checkpoint": CheckpointLine, "correction": CorrectionLine,
        "verdict": VerdictLine, "seal": Seal,
    }  # fmt: skip
    votes = []
    for line in lines:
        said = json.loads(line)
        if "t" not in said:
            votes.append(line[:-1])
            continue
        form = forms[said["t"]].model_validate_json(line, strict=True)
        assert rfc8785.dumps(form.model_dump(mode="json")) + b"\n" == line
    written = [sorted(one.lines, key=lambda line: (line.shard, line.seq)) for one in ballots]
    assert votes == [line.text() for ballot in written for line in ballot]


def recounted(command: list[Any]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def test_a_stranger_recounts_a_ballot_and_a_season(
    portal: Portal, ballots: list[Counted], tmp_path: Path
) -> None:
    """With nothing but the file, the downloaded program and a Python that knows no other package."""
    anybody = portal.anybody()
    program, evidence = tmp_path / "verify.py", tmp_path / "evidence.jsonl.gz"
    program.write_bytes((await anybody.get("/verify.py")).content)
    assert program.read_text() == inspect.getsource(recount)
    for path, arguments in (
        (f"ballots/{ballots[0].id}", ["--root", ballots[0].root]),
        ("seasons/current", ["--root", ballots[0].root, "--root", ballots[1].root]),
    ):
        evidence.write_bytes((await anybody.get(f"/api/{path}/evidence")).content)
        receipt = json.dumps(ballots[0].receipt(5))
        command = [
            sys.executable,
            "-I",
            "-S",
            program,
            evidence,
            "--key",
            ballots[0].key,
            "--receipt",
            receipt,
        ]
        said = await asyncio.to_thread(recounted, [*command, *arguments])
        assert said.returncode == 0, said.stdout + said.stderr
        assert f"root {ballots[0].root}" in said.stdout


async def test_the_recount_is_the_certificate_s(portal: Portal, ballots: list[Counted]) -> None:
    report = recount.check(iter(await whole(publishing.ballot_file(portal.site, ballots[0].id))))
    assert report.findings == []
    said = {line.voter: line for line in ballots[0].lines}
    assert len(said) < len(ballots[0].lines), "somebody has changed a vote"
    assert f"{len(ballots[0].lines)} votes of {len(said)} voters" in report.counted[0]
    assert "flagged 1" in report.counted[0]


async def test_one_flipped_bit_is_found(portal: Portal, ballots: list[Counted], tmp_path: Path) -> None:
    lines = await whole(publishing.ballot_file(portal.site, ballots[0].id))
    plain = b"".join(lines)
    for at in range(0, len(plain), len(plain) // 60):
        changed = bytearray(plain)
        changed[at] ^= 1
        try:
            report = recount.check(iter(bytes(changed).splitlines(keepends=True)), ballots[0].key)
        except recount.NoEvidence:
            continue
        assert report.findings, f"byte {at} of {plain[at - 20 : at + 20]!r}"
    packed = bytearray(gzip.compress(plain))
    packed[len(packed) // 2] ^= 1
    (tmp_path / "cut").write_bytes(packed)
    assert recount.main([str(tmp_path / "cut")]) != 0, "a small file is read at once, a large one up to there"


@pytest.mark.parametrize(
    "junk",
    [b"", b"\n", b"{}", b"[1]", b"\x1f\x8bno", b'{"format":"gavel.answer.v1"}', b"\xff\xfe", b"9" * 5000],
)
def test_another_file_is_told_apart(junk: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "junk").write_bytes(junk)
    assert recount.main([str(tmp_path / "junk")]) == 2
    assert str(tmp_path / "junk") in capsys.readouterr().err


HEADS = [{"t": "ballot", "format": "gavel.ballot.v1"}, {"t": "season", "format": "gavel.season.v1"}, {}]


@given(
    st.lists(st.sampled_from(HEADS).flatmap(lambda head: JSON.map(lambda other: head | {"ballot": other})))
)
def test_nonsense_is_a_finding_and_no_crash(said: list[Any]) -> None:
    lines = [json.dumps(HEADS[0]).encode(), *(json.dumps(one).encode() for one in said)]
    assert recount.check(iter(lines)).findings


async def test_gavel_verify_knows_the_file(
    portal: Portal, ballots: list[Counted], tmp_path: Path, subtests: pytest.Subtests
) -> None:
    evidence = tmp_path / "evidence.jsonl"
    evidence.write_bytes(b"".join(await whole(publishing.ballot_file(portal.site, ballots[0].id))))
    for arguments, code, said in (
        (["--key", ballots[0].key, "--root", ballots[0].root], 0, "Equal"),
        (["--key", "0" * 64], 1, "✗ key · seal"),
        (["--root", "0" * 64, "--json"], 1, '"code": "root"'),
        (["--receipt", "{"], 2, ""),
    ):
        with subtests.test(arguments=arguments):
            result = CliRunner().invoke(app, ["verify", str(evidence), *arguments])
            assert (result.exit_code, said in result.output) == (code, True), result.output


async def test_a_real_evening_s_evidence_is_equal(answered: Show) -> None:
    """Voted on, closed, counted a second time, certified and revealed by the portal itself."""
    ballot, receipts = await answered.open_vote(60), []
    for number in range(9):
        phone, body = await answered.portal.phone(), {"choice": ("left", "right", "tie")[number % 3], "n": 1}
        receipts.append(await phone.post_ok(f"/ballots/{ballot}/votes", body))
    judge = await answered.portal.person("judge")
    await judge.post_ok(f"/ballots/{ballot}/verdicts", {"choice": "left"})
    await answered.command("lock_vote")
    root = (await answered.stage())["ballot"]["root"]
    await answered.command("reveal")
    anybody = answered.portal.anybody()
    key = (await anybody.get_ok("/ballots/key"))["key"]
    for path in (f"ballots/{ballot}", "seasons/current"):
        evidence = gzip.decompress((await anybody.get(f"/api/{path}/evidence")).content)
        report = recount.check(iter(evidence.splitlines(keepends=True)), key, [root], receipts)
        assert report.findings == []
        assert "9 votes of 9 voters; left 3, right 3, tie 3, both_bad 0" in report.counted[0]


# --- doors ---------------------------------------------------------------------------------------------------


async def test_the_proof_of_every_receipt_holds(portal: Portal, ballots: list[Counted]) -> None:
    anybody, ballot = portal.anybody(), ballots[0]
    for number in (0, 1, 17, len(ballot.lines) - 1):
        line = ballot.lines[number]
        proof = await anybody.get_ok(f"/ballots/{ballot.id}/proof?shard={line.shard}&seq={line.seq}")
        mine = line._replace(voter=proof["voter"], channel=proof["channel"], level=proof["level"])
        hashes = [bytes.fromhex(one) for one in proof["hashes"]]
        root = bytes.fromhex(ballot.root)
        assert proof["root"] == ballot.root == proof["seal"]["certificate"]["root"]
        assert merkle.verify_inclusion(ledger.leaf(mine), proof["index"], proof["size"], hashes, root)
        assert not {"choice", "nonce", "n"} & proof.keys(), "what it says is its voter's business"


async def test_many_phones_ask_for_their_proofs_at_once(portal: Portal, ballots: list[Counted]) -> None:
    """More of them than there are connections to the database, while the tree that all of them wait for needs one."""
    anybody, path = portal.anybody(), f"/api/ballots/{ballots[0].id}/proof?shard=0&seq=0"
    answers = await asyncio.gather(*(anybody.get(path) for _ in range(40)))
    assert {answer.status_code for answer in answers} == {200}


async def test_before_the_result_is_out_there_is_no_evidence(portal: Portal, ballots: list[Counted]) -> None:
    path = f"/ballots/{ballots[0].id}"
    for state, refused in (("certified", False), ("counting", True), ("open", True)):
        async with portal.site.sessions() as session, session.begin():
            await session.execute(update(Ballot).where(Ballot.id == ballots[0].id).values(state=state))
        anybody = portal.anybody()
        assert await anybody.refused("GET", f"{path}/evidence") == (403, "ballot.not_published")
        if refused:
            assert await anybody.refused("GET", f"{path}/proof?shard=0&seq=0") == (
                403,
                "ballot.not_certified",
            )
        else:
            assert (await anybody.get_ok(f"{path}/proof?shard=0&seq=0"))["seal"] is None, "the split is in it"
        season = gzip.decompress((await anybody.get("/api/seasons/current/evidence")).content)
        assert str(ballots[0].id).encode() not in season


async def test_what_is_not_there_is_said(portal: Portal, ballots: list[Counted]) -> None:
    anybody, nobody = portal.anybody(), counted.named("nobody")
    assert await anybody.refused("GET", f"/ballots/{nobody}/evidence") == (404, "ballot.not_found")
    assert await anybody.refused("GET", f"/ballots/{nobody}/proof?shard=0&seq=0") == (404, "ballot.not_found")
    path = f"/ballots/{ballots[0].id}/proof"
    assert await anybody.refused("GET", f"{path}?shard=0&seq=4000") == (404, "vote.not_found")
    assert await anybody.refused("GET", f"{path}?shard=0&seq=-1") == (422, "request.invalid")
    async with portal.site.sessions() as session, session.begin():
        await session.execute(update(Ballot).where(Ballot.id == ballots[0].id).values(certificate=None))
    assert await anybody.refused("GET", f"/ballots/{ballots[0].id}/evidence") == (404, "ballot.no_evidence")
    assert await anybody.refused("GET", f"{path}?shard=0&seq=0") == (404, "ballot.no_evidence")
