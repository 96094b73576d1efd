"""Votes of one ballot from the box to the published evidence, and how long a stranger takes to count them again."""

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from arena.cli.bench_votes_site import (
    OPTIONS,
    WAITING,
    VoteSite,
    cast_of,
    hand_in,
    open_ballot,
    running_box,
)
from arena.kit.site import Site, open_site
from arena.votes import publishing, recount, service

SECONDS = 5
"""The shortest ballot there is."""
PARSE = "import json, sys; print(sum(json.loads(line) is not None for line in open(sys.argv[1], 'rb')))"


@dataclass(frozen=True)
class Recounted:
    certified: float
    """Seconds from the close to the signed certificate."""
    verified: float
    """Seconds that the verifier runs, from its start to its end."""
    parsed: float
    """Seconds that the same interpreter needs to read the same lines as JSON and do nothing with them."""


def measure(site: VoteSite, voters: int) -> Recounted:
    file = site.settings.data_dir / "evidence.jsonl"
    certified = asyncio.run(_publish(site, voters, file))
    verified, said = _run(recount.__file__, str(file))
    if f"{voters:,}" not in said and str(voters) not in said:
        raise RuntimeError(f"the verifier did not count {voters} votes: {said}")
    parsed, _ = _run("-c", PARSE, str(file))
    return Recounted(certified, verified, parsed)


def _run(*arguments: str) -> tuple[float, str]:
    """Only Python and its standard library, nothing of this installation."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-I", "-S", *arguments], check=True, capture_output=True, text=True
    )
    return time.monotonic() - began, done.stdout


async def _publish(site: VoteSite, voters: int, file: Path) -> float:
    async with open_site(site.settings) as opened:
        ballot = await _voted(opened, voters)
        began = time.monotonic()
        async with opened.sessions() as session, session.begin():
            await service.close(session, ballot, None)
            await service.begin_count(session, ballot)
        async with opened.sessions() as session, session.begin():
            await service.flag(session, ballot)
        async with opened.sessions() as session, session.begin():
            found = await service.recount(session, ballot)
            assert found is not None
            certified = await service.certify(opened, session, ballot, found)
            if certified.state != "certified":
                raise RuntimeError(f"the second count differs: {certified.alarm}")
        seconds = time.monotonic() - began
        async with opened.sessions() as session, session.begin():
            await service.publish(session, ballot)
        with file.open("wb") as out:
            async for piece in publishing.ballot_file(opened, ballot):
                out.write(piece)
        return seconds


async def _voted(opened: Site, voters: int) -> UUID:
    """Everybody has tapped within the window, however long it takes to write them all down."""
    async with running_box(opened) as (box, clock):
        ballot = await open_ballot(opened.sessions, seconds=SECONDS)
        tapped = clock.now()
        await box.cast(ballot, "first", OPTIONS[0], 1, 0, "hall", tapped)
        for first in range(1, voters, WAITING):
            numbers = range(first, min(voters, first + WAITING))
            await hand_in(box, [cast_of(ballot, number, tapped) for number in numbers])
        await asyncio.sleep(max(0, SECONDS - (clock.now() - tapped).total_seconds()))
    return ballot
