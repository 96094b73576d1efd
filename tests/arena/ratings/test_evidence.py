"""Anybody computes a published snapshot again from the season's evidence, and is told what was changed."""

import gzip
import json
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from arena.cli.ratings import ratings
from arena.ratings.computing import compute
from arena.ratings.contracts import Basis, DuelBasis, Expected
from arena.ratings.evidence import NotEvidence, basis_of, read
from arena.ratings.rules import Method
from arena.ratings.schemas import SnapshotOut
from arena.shows.rules import SeasonRules
from arena.votes.evidence import Certificate, Count, Seal, SeasonHead, ShardEnd

HOUSE, A, B = (str(UUID(int=number)) for number in range(3))
ZEROS = "0" * 64
RULES = SeasonRules.model_validate({"weights": {"judges": 0.4, "crowd": 0.6}, "ratings": {"rounds": 2}})
CHOICES = ("left", "right", "tie", "both_bad")


def duels() -> list[DuelBasis]:
    return [
        DuelBasis(
            duel=str(uuid4()),
            ballot=str(uuid4()),
            left=left,
            right=right,
            crowd=(30 + number, 12, 4, 1),
            judges=(2, 1, 0, 0),
            style=({"characters": 300 + 40 * number}, {"characters": 200}),
        )
        for number, (left, right) in enumerate([*combinations((HOUSE, A, B), 2)] * 2)
    ]


def seal(one: DuelBasis) -> Seal:
    certificate = Certificate(
        ballot=one.ballot, episode="", duel=one.duel, checkpoints=0, checkpoints_digest=ZEROS,
        config_digest=ZEROS, opens_at="", closes_at="", locked_at="",
        shards=(ShardEnd(shard=0, size=47, root=ZEROS, head=ZEROS),), size=47, root=ZEROS, corrections=2,
        corrections_head=ZEROS,
        count=Count(
            counted=dict(zip(CHOICES, one.crowd, strict=True)), flagged={"right": 900}, levels={"0": sum(one.crowd)}
        ),
        verdicts={choice: n for choice, n in zip(CHOICES, one.judges, strict=True) if n},
        verdicts_digest=ZEROS, at="",
    )  # fmt: skip
    return Seal(certificate=certificate, key=ZEROS, signature="0" * 128)


def evidence(season: list[DuelBasis], rules: SeasonRules = RULES) -> bytes:
    named = [
        {"duel": one.duel, "left": one.left, "right": one.right, "ballot": one.ballot, "winner": "left"}
        for one in season
    ]
    head = SeasonHead(
        season=str(uuid4()),
        name="One",
        rules_digest=rules.digest,
        rules=rules.model_dump(mode="json"),
        duels=tuple(named),
    )
    vote = {"at": "", "ballot": season[0].ballot, "choice": "left", "voter": "x"}
    lines = [head.model_dump(mode="json"), vote, *(seal(one).model_dump(mode="json") for one in season)]
    text = "".join(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n" for line in lines)
    return gzip.compress(text.encode())


def published(season: list[DuelBasis], **changes: Any) -> SnapshotOut:
    said = Basis(
        code="0.1.0", constants=vars(Method()), weights=RULES.weights, house=HOUSE, entries=(HOUSE, A, B),
        duels=tuple(season), **changes,
    )  # fmt: skip
    line = {"id": uuid4(), "at": datetime.now(UTC), "rules_digest": RULES.digest, "basis": said}
    return SnapshotOut.model_validate(line | compute(said).model_dump())


def recomputed(folder: Path, body: bytes, snapshot: SnapshotOut | None, *more: str) -> tuple[int, Any]:
    (folder / "evidence").write_bytes(body)
    asked = ["recompute", str(folder / "evidence"), "--json", *more]
    if snapshot is not None:
        (folder / "snapshot.json").write_text(snapshot.model_dump_json())
        asked += ["--snapshot", str(folder / "snapshot.json")]
    done = CliRunner().invoke(ratings, asked)
    return done.exit_code, json.loads(done.stdout) if done.stdout else done.stderr


def test_the_same_numbers_come_out(tmp_path: Path) -> None:
    """Also where style is controlled for, and duels were revealed since; flagged votes are nowhere counted."""
    season = duels()
    for snapshot in (published(season), published(season[:5]), published(season, style=("characters",))):
        code, said = recomputed(tmp_path, evidence(season), snapshot)
        assert (code, said["problems"]) == (0, [])
        assert said["rows"] == [row.model_dump(mode="json") for row in snapshot.rows]
    assert said["effects"][0]["feature"] == "characters"
    code, said = recomputed(tmp_path, evidence(season), None, "--house", HOUSE)
    assert (code, said["rows"]) == (0, [row.model_dump(mode="json") for row in published(season).rows])


def test_what_was_changed_is_named(tmp_path: Path) -> None:
    season, body = duels(), evidence(duels())
    honest = published(season)
    assert honest.basis is not None
    body = evidence(season)

    moved = season[0].model_copy(update={"crowd": (29, 13, 4, 1)})
    code, said = recomputed(tmp_path, body, published([moved, *season[1:]]))
    assert code == 1
    assert said["problems"] == [
        f"duel {moved.duel}: crowd is (29, 13, 4, 1) in the snapshot and (30, 12, 4, 1) in the evidence"
    ]
    better = [row.model_copy(update={"lo": row.lo + 1 if row.lo else None}) for row in honest.rows]
    code, said = recomputed(tmp_path, body, honest.model_copy(update={"rows": better}))
    assert code == 1
    assert [": lo was published as" in problem for problem in said["problems"]] == [True, True]
    chosen = [Expected(a=HOUSE, b=A, meetings=1.5), Expected(a=HOUSE, b=B, meetings=2.5)]
    code, said = recomputed(tmp_path, body, published(season, expected=tuple(chosen)))
    assert (code, said["problems"]) == (0, []), "shared out"
    chosen[0] = Expected(a=HOUSE, b=A, meetings=0.5)
    code, said = recomputed(tmp_path, body, published(season, expected=tuple(chosen)))
    assert said["problems"] == ["expected: 3.000 meetings in the snapshot, of pairs that have met 4 times"]
    code, said = recomputed(tmp_path, evidence(season[1:]), honest)
    assert said["problems"] == [f"duel {season[0].duel}: the evidence has no certified ballot of it"]


def test_what_cannot_be_computed_is_refused(tmp_path: Path) -> None:
    season = duels()
    honest = published(season)
    for body, snapshot, words in (
        (b"PK\x03\x04", honest, "line 1"),
        (evidence(season), None, "--house"),
        (evidence(season, SeasonRules()), honest, "other rules"),
        (evidence(season), honest.model_copy(update={"basis": None}), "did not keep"),
        (b"\x1f\x8b broken", honest, "cannot be computed"),
    ):
        code, said = recomputed(tmp_path, body, snapshot)
        assert code == 2
        assert words in said
    styled = SeasonRules.model_validate({"ratings": {"style_control": True}})
    with pytest.raises(NotEvidence, match="snapshot"):
        basis_of(read(evidence(season, styled)), HOUSE)
    drawn = SeasonRules.model_validate({"ratings": {"rounds": 1}})
    code, said = recomputed(tmp_path, evidence(season, drawn), None, "--house", HOUSE)
    assert (code, "more than 1 times" in said) == (2, True), "some may have been drawn by chance"
