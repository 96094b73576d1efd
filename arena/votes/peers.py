"""From a process that received votes to the one that writes them: over HTTP, in batches, under a token of the site.

A batch that got no answer is sent again, to whoever holds the shard by then: every cast carries its voter's count, so
nothing is counted twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
from pydantic import Field

from arena.kit.errors import GavelError
from arena.kit.schemas import In, Out
from arena.kit.signing import Signer
from arena.votes.casting import REFUSALS, Cast, refusal
from arena.votes.contracts import ChannelId, Level, OptionId
from arena.votes.ledger import Line

PEER = "votes.peer"
TOKEN_SECONDS = 60


class CastIn(In):
    ballot: UUID
    voter: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    choice: OptionId
    n: Annotated[int, Field(ge=1, le=2**31 - 1)]
    level: Level
    channel: ChannelId
    at: datetime

    def cast(self) -> Cast:
        return Cast(**dict(self))


class Handed(In):
    shard: int
    casts: list[CastIn] = Field(max_length=1000)


class Outcome(Out):
    line: dict[str, Any] | None = None
    code: str | None = None
    detail: dict[str, Any] = {}

    @classmethod
    def of(cls, said: Line | BaseException) -> "Outcome":
        if isinstance(said, Line):
            return cls(line=said._asdict())
        if isinstance(said, GavelError) and said.code in REFUSALS:
            return cls(code=said.code, detail=said.detail)
        return cls(code="vote.try_again")

    def said(self) -> Line | GavelError:
        if self.line is not None:
            return Line(**self.line)
        return refusal(self.code or "vote.try_again", **self.detail)


class Outcomes(Out):
    outcomes: list[Outcome]


class Peers:
    def __init__(self, signer: Signer, patience: float = 5.0) -> None:
        self._signer = signer
        self._client = httpx.AsyncClient(trust_env=False, timeout=patience)

    async def close(self) -> None:
        await self._client.aclose()

    async def hand_over(
        self, address: str | None, shard: int, casts: Sequence[Cast]
    ) -> list[Line | GavelError]:
        """One outcome for each. Raises httpx.HTTPError or ValueError when nobody knows what became of them."""
        if address is None:
            raise ValueError("nobody holds the shard yet")
        body = Handed(
            shard=shard, casts=[CastIn(**{name: getattr(cast, name) for name in CAST}) for cast in casts]
        )
        token = self._signer.sign(PEER, {}, TOKEN_SECONDS)
        answer = await self._client.post(
            f"{address}/api/peers/{token}/votes",
            content=body.model_dump_json(),
            headers={"content-type": "application/json"},
        )
        answer.raise_for_status()
        said = [one.said() for one in Outcomes.model_validate_json(answer.content).outcomes]
        if len(said) != len(casts):
            raise ValueError(f"{len(casts)} casts were answered with {len(said)} outcomes")
        return said


CAST = tuple(CastIn.model_fields)
