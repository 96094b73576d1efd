"""A whole season through the doors of a show: fifty duels of eight entries, two hundred viewers, five judges. What it
publishes is checked by somebody who has Python and nothing else, and its board is what follows from the votes.

That intervals hold the truth under just these conditions is `test_coverage.py`.
"""

import asyncio
import gzip
import json
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from typer.testing import CliRunner

from arena.cli.ratings import ratings
from arena.kit.errors import Unavailable
from arena.ratings.rules import fit, season_board
from arena.ratings.tallies import Counts, Duel
from tests.support.portal import Caller
from tests.support.season import DUELS, ENTRIES, JUDGES, LUCK, PAIRS, VIEWERS, chance
from tests.support.show import Json, Show

BY_HTTP = 2
"""Duels whose votes come in over HTTP. In the others the same phones' votes are handed to the ballot box itself, where
the door hands them: ten thousand requests would take a minute."""


@dataclass
class Audience:
    phones: list[Caller]
    devices: list[str]
    judges: list[Caller]

    @classmethod
    async def of(cls, show: Show) -> "Audience":
        judges = [await show.portal.person("judge", f"Judge-{number}") for number in range(JUDGES)]
        phones = [show.portal.anybody() for _ in range(VIEWERS)]
        devices = [(await phone.post_ok("/device"))["device"] for phone in phones]
        return cls(phones, devices, judges)

    async def vote(self, show: Show, ballot: str, choices: list[str], by_http: bool) -> None:
        # A busy machine may say that it could not count a vote in time; a phone comes again, with the same count.
        async def over_http(phone: Caller, choice: str) -> None:
            vote = {"choice": choice, "n": 1}
            while (said := await phone.post(f"/api/ballots/{ballot}/votes", json=vote)).status_code == 503:
                assert said.json()["error"]["code"] == "vote.try_again"
            assert said.status_code == 201, said.text

        async def into_the_box(device: str, choice: str) -> None:
            at = show.portal.clock.now()
            counted = False
            while not counted:
                with suppress(Unavailable):
                    await show.portal.box.cast(UUID(ballot), device, choice, 1, 0, "hall", at)
                    counted = True

        if by_http:
            await asyncio.gather(*map(over_http, self.phones, choices))
        else:
            await asyncio.gather(*map(into_the_box, self.devices, choices))

    async def judge(self, ballot: str, choices: list[str]) -> None:
        for judge, choice in zip(self.judges, choices, strict=True):
            await judge.post_ok(f"/ballots/{ballot}/verdicts", {"choice": choice})


@dataclass
class Played:
    """What was said, as whoever said it knows it."""

    duels: list[Duel] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)


async def play(show: Show) -> Played:
    audience, played = await Audience.of(show), Played()
    rng = np.random.default_rng(20261122)
    strength = dict(zip(show.entries, rng.normal(0, 0.5, ENTRIES), strict=True))
    for number, pair in enumerate(PAIRS):
        await show.answered(*(list(show.entries)[place] for place in pair))
        names = (await show.desk())["names"]
        left, right = (names[side]["name"] for side in ("left", "right"))
        for_left = chance(strength[left] - strength[right] + LUCK * rng.normal())
        said = ["left" if one else "right" for one in rng.random(VIEWERS + JUDGES) < for_left]
        crowd, jury = said[:VIEWERS], said[VIEWERS:]
        ballot = await show.open_vote(600)
        await audience.vote(show, ballot, crowd, by_http=number < BY_HTTP)
        await audience.judge(ballot, jury)
        await show.command("lock_vote")
        await show.command("reveal")
        await show.portal.drain()
        played.duels.append(
            Duel(*(names[side]["id"] for side in ("left", "right")), *(_counts(one) for one in (crowd, jury)))
        )
        played.roots.append((await show.stage())["ballot"]["root"])
    return played


def _counts(said: list[str]) -> Counts:
    return Counts(said.count("left"), said.count("right"))


def strangers(folder: Path, evidence: bytes, *more: str) -> "subprocess.CompletedProcess[str]":
    """Python, the downloaded program and the file; no package, no variable of this machine."""
    (folder / "evidence").write_bytes(evidence)
    command = [sys.executable, "-I", "-S", "verify.py", "evidence", *more]
    return subprocess.run(command, cwd=folder, env={}, capture_output=True, text=True, check=False)


def flipped(evidence: bytes, form: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """One bit of one byte in one of the lines of this form, and what the line was."""
    lines = evidence.splitlines(keepends=True)
    mine = [at for at, line in enumerate(lines) if form.encode() in line]
    at = int(rng.choice(mine))
    line = bytearray(lines[at])
    line[int(rng.integers(len(line)))] ^= 1 << int(rng.integers(7))
    changed = b"".join([*lines[:at], bytes(line), *lines[at + 1 :]])
    return changed, f"{lines[at]!r} became {bytes(line)!r}"


@pytest.mark.timeout(600)
async def test_a_season_whose_result_anybody_can_follow(
    show: Show, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    await show.enter(*(f"Entry-{number}" for number in range(1, ENTRIES)))
    assert len(show.entries) == ENTRIES
    played = await play(show)
    assert len(played.duels) == DUELS
    anybody = show.portal.anybody()
    key = (await anybody.get_ok("/ballots/key"))["key"]
    evidence = gzip.decompress((await anybody.get("/api/seasons/current/evidence")).content)
    (tmp_path / "verify.py").write_bytes((await anybody.get("/verify.py")).content)

    with subtests.test("it verifies on a machine that has only Python"):
        known = ["--key", key, *(word for root in played.roots for word in ("--root", root))]
        said = await asyncio.to_thread(strangers, tmp_path, evidence, *known)
        assert (said.returncode, said.stderr) == (0, "")
        assert said.stdout.count(f"{VIEWERS} votes of {VIEWERS} voters") == DUELS
        assert said.stdout.splitlines()[-1].startswith("Equal")

    rng = np.random.default_rng(7)
    for form in ('"voter":"', '"t":"verdict"', '"t":"seal"'):
        with subtests.test("one flipped bit is found", form=form):
            changed, what = flipped(evidence, form, rng)
            said = await asyncio.to_thread(strangers, tmp_path, changed)
            assert said.returncode in (1, 2), what

    lines = await anybody.get_ok("/ratings/snapshots")
    snapshot = await anybody.get_ok(f"/ratings/snapshots/{lines[0]['id']}")
    board = {row["entry_id"]: row for row in (await anybody.get_ok("/leaderboard"))["rows"]}

    with subtests.test("the board's numbers come out of the evidence"):
        (tmp_path / "evidence").write_bytes(evidence)
        (tmp_path / "snapshot").write_text(json.dumps(snapshot))
        asked = [str(tmp_path / "evidence"), "--snapshot", str(tmp_path / "snapshot"), "--json"]
        done = CliRunner().invoke(ratings, ["recompute", *asked])
        again = json.loads(done.stdout)
        assert (done.exit_code, again["problems"], again["duels"]) == (0, [], DUELS)
        for row in again["rows"]:
            assert figures(board[row["entry"]]) == pytest.approx(figures(row))

    with subtests.test("and out of what people said"):
        house = next(row["entry_id"] for row in board.values() if row["kind"] == "house")
        expected = {(one["a"], one["b"]): one["meetings"] for one in snapshot["basis"]["expected"]}
        for rating in season_board(fit(played.duels, house, expected=expected)):
            assert figures(board[rating.entry]) == pytest.approx(figures(vars(rating)))
            assert rating.entry == house or rating.lo is not None


def figures(row: Json) -> Json:
    return {name: row[name] for name in ("rating", "lo", "hi", "duels", "rank")}
