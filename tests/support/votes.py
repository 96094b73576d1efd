"""A ballot box for tests: one vote, one transaction, lines as the real writer appends them."""

import asyncio
from datetime import datetime
from secrets import token_hex
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from arena.kit.db import db_now
from arena.kit.errors import Conflict, Forbidden, Invalid
from arena.kit.jobs.outbox import record
from arena.kit.site import Site
from arena.votes import queries
from arena.votes.contracts import TAKES_VOTES, BallotChanged
from arena.votes.ledger import NO_HEAD, Line, leaf, next_head, stamp
from arena.votes.models import ShardState, Vote
from arena.votes.rules import pseudonym


class PlainBox:
    def __init__(self, site: Site) -> None:
        self._site, self._one = site, asyncio.Lock()

    async def cast(
        self, ballot_id: UUID, voter: str, choice: str, n: int, level: int, channel: str, at: datetime
    ) -> Line:
        async with self._one, self._site.sessions() as session, session.begin():
            ballot = await queries.ballot(session, ballot_id, share=True)
            config, name = ballot.configuration, pseudonym(ballot.salt, voter)
            last = await queries.newest_line(session, ballot, name)
            if last is not None and last.n >= n:
                if (last.n, last.choice) == (n, choice):
                    return last
                raise Conflict("vote.key_reuse" if last.n == n else "vote.superseded", "")
            if choice not in {option.id for option in config.options}:
                raise Invalid("vote.no_such_option", "")
            now = await db_now(session)
            if ballot.state not in TAKES_VOTES or not ballot.opens_at <= now <= ballot.closes_at:
                raise Forbidden("vote.window_closed", "")
            state = (
                await session.execute(
                    select(ShardState).where(ShardState.ballot_id == ballot_id).with_for_update()
                )
            ).scalar_one_or_none()
            size, voters, head = (state.size, state.voters, state.head) if state else (0, 0, NO_HEAD)
            line = Line(str(ballot_id), 0, size, name, n, choice, level, channel, stamp(now), token_hex(16))
            head = next_head(head, leaf(line))
            session.add(
                Vote(
                    ballot_id=ballot_id,
                    shard=0,
                    seq=size,
                    voter=name,
                    n=n,
                    choice=choice,
                    level=level,
                    channel=channel,
                    at=now,
                    nonce=bytes.fromhex(line.nonce),
                    head=head,
                )
            )
            after = {"fence": 1, "size": size + 1, "voters": voters + (last is None), "head": head}
            row = insert(ShardState).values(ballot_id=ballot_id, shard=0, **after)
            await session.execute(
                row.on_conflict_do_update(index_elements=["ballot_id", "shard"], set_=after)
            )
            record(
                session,
                BallotChanged(ballot_id=ballot_id, duel_id=ballot.duel_id, episode_id=ballot.episode_id),
            )
        await self._site.bus.nudge()
        return line

    async def drain(self, ballot_id: UUID) -> None:
        """Nothing waits here."""
