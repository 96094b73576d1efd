"""Votes while the parts of a site are killed with SIGKILL at random moments, and what must hold afterwards.

    python -m tests.faults.matrix --kills 100 --seed 1

Phones vote, change their votes, tap twice, come too late with an old one, and try again whenever they got no answer, at
whichever portal. Then: every receipt is a row, every row is a receipt, nothing is there twice, the newest vote counts.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from arena.accounts.policy import DEVICE
from arena.cli.bench_votes_site import OPTIONS, Gateway, Program, VoteSite, open_ballot, vote_site
from arena.kit.db import make_engine, make_sessions
from arena.kit.signing import Signer
from tests.support.ballots import assert_whole, newest, rows_of

PHONES = 24
VOTES = 4
"""Of each phone, one after another."""
TRY_AGAIN = {"vote.try_again", "vote.busy", "vote.too_fast", "internal"}
REFUSED = {"vote.superseded"}
GIVE_UP_SECONDS = 900.0

Receipt = tuple[int, int, str]
"""Shard, number and leaf."""


@dataclass
class Phone:
    """One voter. `receipts`: what the site has promised, n -> choice and receipt."""

    token: str
    ballot: UUID
    gateways: list[Gateway]
    draw: random.Random
    socket: bool
    """Votes over the live connection, the others over HTTP."""
    client: httpx.AsyncClient
    receipts: dict[int, tuple[str, Receipt]] = field(default_factory=dict)
    superseded: set[int] = field(default_factory=set)

    async def vote(self) -> None:
        wanted = {n: self.draw.choice(OPTIONS) for n in range(1, VOTES + 1)}
        for n, choice in wanted.items():
            await asyncio.sleep(self.draw.random() * 0.4)
            taps = [self.until_told(n, choice) for _ in range(self.draw.choice((1, 1, 2, 3)))]
            if n > 1 and self.draw.random() < 0.3:
                taps.append(self.until_told(n - 1, wanted[n - 1]))
            await asyncio.gather(*taps)

    async def until_told(self, n: int, choice: str) -> None:
        while True:
            said = await (self._on_socket if self.socket else self._over_http)(n, choice)
            if isinstance(said, tuple):
                assert self.receipts.setdefault(n, (choice, said)) == (choice, said), (
                    "two receipts for one vote"
                )
                return
            if said in REFUSED:
                self.superseded.add(n)
                return
            assert said is None or said in TRY_AGAIN, f"refused: {said}"
            await asyncio.sleep(0.02 + self.draw.random() * 0.2)

    async def _over_http(self, n: int, choice: str) -> Receipt | str | None:
        """The receipt, the code of a refusal, or None when no answer came."""
        url = f"{self.draw.choice(self.gateways).url}/api/ballots/{self.ballot}/votes"
        try:
            answer = await self.client.post(url, json={"choice": choice, "n": n}, headers=self._headers)
            said = answer.json()
        except (httpx.HTTPError, ValueError):
            return None
        return _receipt(said) if answer.status_code == 201 else str(said["error"]["code"])

    async def _on_socket(self, n: int, choice: str) -> Receipt | str | None:
        url = self.draw.choice(self.gateways).url.replace("http", "ws", 1) + "/api/live"
        try:
            async with asyncio.timeout(8), connect(url, additional_headers=self._headers, proxy=None) as line:
                await line.send(
                    orjson.dumps({"t": "vote", "id": n, "b": str(self.ballot), "c": choice, "n": n}).decode()
                )
                return await _answer(line)
        except (WebSocketException, OSError, TimeoutError):
            return None

    @property
    def _headers(self) -> dict[str, str]:
        return {"Cookie": f"gavel_device={self.token}"}


async def _answer(line: ClientConnection) -> Receipt | str:
    while True:
        for said in orjson.loads(await line.recv()):
            if "id" in said:
                return _receipt(said["d"]) if said["t"] == "ok" else str(said["code"])


def _receipt(said: Any) -> Receipt:
    return said["receipt"]["shard"], said["receipt"]["seq"], said["receipt"]["leaf"]


@dataclass
class Told:
    kills: Counter[str] = field(default_factory=Counter)
    votes: int = 0


async def evening(site: VoteSite, seed: int, kills: int) -> Told:
    """One ballot, with so many kills while it is voted on. Raises AssertionError with what did not hold."""
    draw = random.Random(seed)
    victims: dict[str, Program] = {"postgres": site.postgres, "valkey": site.valkey}
    victims |= {f"portal {number}": gateway for number, gateway in enumerate(site.gateways)}
    signer = Signer(site.settings.secret_key.get_secret_value())
    engine = make_engine(site.settings.database_url)
    sessions = make_sessions(engine)
    told = Told()
    try:
        ballot = await open_ballot(sessions, seconds=3600, max_changes=100)
        async with httpx.AsyncClient(trust_env=False, timeout=8) as client:
            phones = [
                Phone(
                    signer.sign(DEVICE, {"device": f"d-{seed}-{number}"}, 3600),
                    ballot,
                    site.gateways,
                    random.Random(draw.random()),
                    number % 2 == 0,
                    client,
                )
                for number in range(PHONES)
            ]
            async with asyncio.timeout(GIVE_UP_SECONDS):
                voting = asyncio.gather(*(phone.vote() for phone in phones))
                try:
                    for _ in range(kills):
                        await asyncio.sleep(draw.random() * 0.6)
                        name = draw.choice(sorted(victims))
                        await asyncio.to_thread(victims[name].kill)
                        told.kills[name] += 1
                        await asyncio.sleep(draw.random() * 0.5)
                        await asyncio.to_thread(victims[name].start)
                        await victims[name].ready()
                    await voting
                finally:
                    voting.cancel()
                    with suppress(asyncio.CancelledError):
                        await voting
        told.votes = sum(len(phone.receipts) for phone in phones)
        await _holds(sessions, ballot, phones)
    finally:
        await engine.dispose()
    return told


async def _holds(sessions: Any, ballot: UUID, phones: list[Phone]) -> None:
    rows = await rows_of(sessions, ballot)
    written = {(row.shard, row.seq): row for row in rows}
    assert len({(row.voter, row.n) for row in rows}) == len(rows), "counted twice"
    promised: set[tuple[int, int]] = set()
    superseded: set[tuple[str, int]] = set()
    wanted: Counter[str] = Counter()
    for phone in phones:
        voters = set()
        for n, (choice, (shard, seq, _)) in phone.receipts.items():
            row = written.get((shard, seq))
            assert row is not None, f"lost: shard {shard}, seq {seq}"
            assert (row.n, row.choice) == (n, choice), f"another vote at shard {shard}, seq {seq}"
            promised.add((shard, seq))
            voters.add(row.voter)
        [voter] = voters  # one phone, one name
        assert max(phone.receipts) == VOTES, "the last vote has no receipt"
        superseded |= {(voter, n) for n in phone.superseded}
        # What was refused as superseded had either been counted, then it has a receipt elsewhere, or never was.
        wanted[phone.receipts[VOTES][0]] += 1
    unpromised = {(row.voter, row.n) for row in rows if (row.shard, row.seq) not in promised}
    assert unpromised <= superseded, "rows that nobody was told of"
    assert await newest(sessions, ballot) == wanted
    await assert_whole(sessions, ballot)


async def run(site: VoteSite, seed: int, kills: int, each: int = 4) -> Told:
    """As many evenings as it takes."""
    for gateway in site.gateways:
        gateway.start()
    for gateway in site.gateways:
        await gateway.ready()
    told = Told()
    while told.kills.total() < kills:
        one = await evening(site, seed, min(each, kills - told.kills.total()))
        told.kills += one.kills
        told.votes += one.votes
        sys.stderr.write(
            f"seed {seed}: {dict(one.kills)}, {one.votes} votes; {told.kills.total()} kills so far\n"
        )
        seed += 1
    return told


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shards", type=int, default=2)
    wanted = parser.parse_args()
    began = time.monotonic()
    with vote_site(wanted.shards) as site:
        for _ in range(2):
            site.gateway()
        told = asyncio.run(run(site, wanted.seed, wanted.kills))
    killed = ", ".join(f"{name} {count}" for name, count in sorted(told.kills.items()))
    sys.stdout.write(
        f"{told.kills.total()} kills ({killed}), {told.votes} acknowledged votes: 0 lost, 0 doubled "
        f"({time.monotonic() - began:.0f} s)\n"
    )


if __name__ == "__main__":
    main()
