"""Measuring speed in tests: a show with two entries, quick rules, and an engine that remembers what it was asked."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from sqlalchemy import text

from arena.speed.contracts import DrawContract, ScoreContract
from arena.submissions.safetensors import engine_name
from tests.support.show import Show
from workers.lab.quiz_child import draw, score
from workers.pool.fake import FakeEngine
from workers.pool.protocol import CompletionRequest, EngineReply

Json = dict[str, Any]
BLOCKS, TOKENS = 5, 8


async def two_racers(show: Show) -> None:
    """Two entries that can be measured, under rules that make a run short."""
    await show.enter("Lantern", "Northstar")
    async with show.portal.site.sessions() as session, session.begin():
        quick = f'{{"blocks": {BLOCKS}, "tokens": {TOKENS}, "tie_band": 0.02}}'
        changed = "update seasons set rules = jsonb_set(rules, '{speed}', cast(:rules as jsonb))"
        await session.execute(text(changed), {"rules": quick})


@dataclass
class Track:
    """`asked`: what the engine was asked to stream, in order; `overlaps`: how often it was asked while it answered."""

    show: Show
    asked: list[CompletionRequest] = field(default_factory=list)
    overlaps: int = 0
    answering: int = 0

    @classmethod
    async def begin(cls, show: Show) -> Self:
        await two_racers(show)
        return cls.after(show)

    @classmethod
    def after(cls, show: Show) -> Self:
        """On an evening on which the two have entered already."""
        track = cls(show)
        track._listen()
        return track

    @property
    def engine(self) -> FakeEngine:
        engine = self.show.agent.engine
        assert isinstance(engine, FakeEngine)
        return engine

    @property
    def names(self) -> dict[str, str]:
        """Who is behind an engine name."""
        entries = self.show.entries
        racers = {"a": "Lantern", "b": "Northstar", "house": "House"}
        return {engine_name(entries[name]["digest"]): who for who, name in racers.items()}

    def _listen(self) -> None:
        complete = self.engine.complete

        async def heard(request: CompletionRequest) -> EngineReply:
            reply = await complete(request)
            if not request.stream:
                return reply
            self.asked.append(request)
            chunks, track = reply.chunks, self

            async def counted() -> Any:
                track.overlaps += track.answering > 0
                track.answering += 1
                try:
                    async for chunk in chunks:
                        yield chunk
                finally:
                    track.answering -= 1

            following = counted()

            async def close() -> None:
                await following.aclose()
                await reply.close()

            return EngineReply(reply.status, reply.media_type, following, close)

        self.engine.complete = heard  # type: ignore[method-assign]

    def body(self, kind: str = "duel", a: str = "Lantern", b: str = "Northstar", **fields: str) -> Json:
        entries = self.show.entries
        racers = {"entry_a": entries[a]["entry_id"], "entry_b": entries[b]["entry_id"]}
        return {"kind": kind, **racers, **fields}

    @property
    def path(self) -> str:
        return f"/episodes/{self.show.episode_id}/speed"

    async def start(self, kind: str = "duel", **fields: str) -> str:
        """Returns the run's id. Nothing is measured yet."""
        made = await self.show.producer.post_ok(self.path, self.body(kind, **fields))
        return str(made["id"])

    async def run(self, kind: str = "duel", **fields: str) -> Json:
        """Started and measured, as the producer sees it."""
        run_id = await self.start(kind, **fields)
        await self.show.portal.work()
        return await self.seen(run_id)

    async def quiz(self, **fields: str) -> Json:
        """As `run`, with a lab that draws and marks as the real one does, in this process."""
        run_id = await self.start("quiz", **fields)
        await self.lab()
        await self.show.portal.work()
        await self.lab()
        return await self.seen(run_id)

    async def lab(self) -> None:
        job = await self.show.lab.take()
        with TemporaryDirectory() as folder:
            files = Path(folder)
            for digest, url in job.contract["files"].items():
                (files / f"{digest}.jsonl").write_bytes((await job.http.get(url)).raise_for_status().content)
            if job.kind == "speed.draw":
                result: Any = draw(DrawContract.model_validate(job.contract), files)
            else:
                result = score(ScoreContract.model_validate(job.contract), files)
        await job.succeed(result.model_dump(mode="json"))

    async def seen(self, run_id: str) -> Json:
        found: Json = await self.show.producer.get_ok(f"/speed/{run_id}")
        return found

    async def file(self, run_id: str) -> Json:
        found: Json = await self.show.producer.get_ok(f"/speed/{run_id}/runs.json")
        return found
