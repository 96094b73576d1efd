"""What becomes of one vote, over HTTP and over the socket alike, and of many at once."""

import asyncio
from typing import Any

from tests.support.ballots import assert_whole, newest, open_ballot, rows_of
from tests.support.portal import Caller, Portal

Json = dict[str, Any]


def vote(choice: str = "one", n: int = 1) -> Json:
    return {"choice": choice, "n": n}


async def test_fifty_impatient_thumbs_are_fifty_votes(portal: Portal) -> None:
    ballot = await open_ballot(portal.site.sessions)
    phones = [await portal.phone() for _ in range(50)]

    async def taps(phone: Caller) -> list[Json]:
        return list(
            await asyncio.gather(*(phone.post_ok(f"/ballots/{ballot}/votes", vote()) for _ in range(3)))
        )

    receipts = await asyncio.gather(*(taps(phone) for phone in phones))
    assert all(first == second == third for first, second, third in receipts)
    assert await newest(portal.site.sessions, ballot) == {"one": 50}
    assert len(await rows_of(portal.site.sessions, ballot)) == 50
    await assert_whole(portal.site.sessions, ballot)
