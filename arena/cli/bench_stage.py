"""What the stage withstands: real duels on a running site, on nodes with the fake engine that can be made to fail."""

import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import get_args
from uuid import UUID, uuid4

import uvicorn
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Person
from arena.cli.bench import Figure, figure
from arena.cli.bench_intake import make_adapter
from arena.duels import attempts, service
from arena.duels.models import Answer, Duel
from arena.kit.db import transaction
from arena.kit.ids import new_id
from arena.kit.site import Site
from arena.rundown.contracts import StartDuel
from arena.rundown.service import carry_out
from arena.shows.base_models import HOUSE_MODEL
from arena.shows.public import Episode, Season, SeasonRules
from arena.shows.rules import Deadlines
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.models import Entry, Submission
from arena.submissions.safetensors import adapter_digest, engine_name
from arena.submissions.sealing import sealed
from workers.pool.agent import NodeAgent
from workers.pool.client import EngineClient, TokenEvent
from workers.pool.fake import BASE_DIGEST, FakeEngine, Fault, Pace
from workers.pool.hardware import describe
from workers.pool.node import create_node_app
from workers.pool.protocol import CompletionRequest, EngineReply

NODES = 4
GOOD, FAULTY = 60, 20
DUELS, WITH_FAULTY = 1000, 200
SWAPS = 50
FAILOVERS = 40
FIRST_TOKENS = 300
USUAL = SeasonRules(hold_seconds=0)
QUICK = Pace(first_token=0.002, token=0.001)
LOOK_SECONDS = 0.05
GIVE_UP_SECONDS = 600.0
READY_SECONDS = 900.0
PROMPT = "Why does the gavel fall only once?"


class Switchboard(FakeEngine):
    """The fake engine, with what a bench has to know of it and do to it."""

    def __init__(self, tokenizer_dir: Path, max_rank: int) -> None:
        super().__init__(tokenizer_dir, max_rank)
        self.impostors: dict[str, str] = {}
        """Adapter name -> the one that answers under it."""
        self.deaths = 0
        self.spoke = asyncio.Event()
        self.spoke_at = 0.0
        """When the last stream to begin gave its first chunk, on `time.perf_counter`."""

    def set_pace(self, pace: Pace) -> None:
        self._pace = pace

    async def died(self) -> str:
        reason = await super().died()
        self.deaths += 1
        return reason

    async def complete(self, request: CompletionRequest) -> EngineReply:
        name = self.impostors.get(request.model, request.model)
        reply = await super().complete(request.model_copy(update={"model": name}))
        if request.stream:
            reply.chunks = self._overheard(reply.chunks)
        return reply

    async def _overheard(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        first = await anext(chunks)
        self.spoke_at = time.perf_counter()
        self.spoke.set()
        yield first
        async for chunk in chunks:
            yield chunk


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ctrl-C is the bench's."""
        yield


@asynccontextmanager
async def serving(agent: NodeAgent, port: int, token: str) -> AsyncIterator[str]:
    """The node in this loop, behind a real socket; its address, once it is ready."""
    config = uvicorn.Config(
        create_node_app(agent, token), port=port, log_level="warning", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve())
    try:
        while agent.health().state != "ready":
            if running.done() or agent.health().state == "failed":
                raise RuntimeError(f"the node did not start: {agent.health().detail}")
            await asyncio.sleep(LOOK_SECONDS)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await running


def fake_node(folder: Path) -> tuple[NodeAgent, Switchboard]:
    async def nothing_to_prepare(progress: object) -> str:
        return BASE_DIGEST

    engine = Switchboard(folder / "tokenizer", HOUSE_MODEL.max_rank)
    return NodeAgent(engine, HOUSE_MODEL, folder, describe("fake"), nothing_to_prepare), engine


@dataclass
class Stage:
    """A season of its own on a running site, without hold, and entries that are ready."""

    site: Site
    engines: Sequence[Switchboard]
    season_id: UUID
    reference: FakeEngine
    """Holds every adapter, and nothing was done to it."""
    entries: list[UUID] = field(default_factory=list)
    names: dict[UUID, str] = field(default_factory=dict)
    """Entry -> its adapter's name on the engines."""
    episodes: int = 0

    @classmethod
    async def build(
        cls,
        site: Site,
        folder: Path,
        digests: Sequence[str],
        engines: Sequence[Switchboard] = (),
        rules: SeasonRules = USUAL,
    ) -> "Stage":
        reference = FakeEngine(folder / "tokenizer", HOUSE_MODEL.max_rank, Pace(first_token=0, token=0))
        await reference.start(lambda progress: None)
        async with transaction(site.sessions, site.bus) as session:
            season = Season(name="bench", rules=rules.model_dump(mode="json"), rules_digest=rules.digest)
            owner = Person(email=f"{new_id()}@example.org", display_name="Bench", roles=[])
            session.add_all([season, owner])
            await session.flush()
            stage = cls(site, engines, season.id, reference)
            for number, digest in enumerate(digests):
                await reference.load(engine_name(digest), folder / digest)
                name = f"bench {number}"
                entry = Entry(season_id=season.id, owner_id=owner.id, name=name, skeleton=name)
                session.add(entry)
                await session.flush()
                session.add(
                    Submission(entry_id=entry.id, version=1, state="ready", size_bytes=1, digest=digest)
                )
                stage.entries.append(entry.id)
                stage.names[entry.id] = engine_name(digest)
        return stage

    async def start(self, a: UUID, b: UUID) -> UUID:
        """The producer's GO, in an episode of its own; the duel."""
        async with transaction(self.site.sessions, self.site.bus) as session:
            episode = await self.episode(session)
            command = StartDuel(type="start_duel", prompt=PROMPT, entry_a=a, entry_b=b)
            show = await carry_out(self.site, session, episode, command, 0, str(uuid4()), None)
        assert show.duel_id
        return show.duel_id

    async def episode(self, session: AsyncSession) -> Episode:
        self.episodes += 1
        episode = Episode(
            season_id=self.season_id, number=self.episodes, title="bench", code=str(new_id())[-12:]
        )
        session.add(episode)
        await session.flush()
        return episode

    async def speaking(self) -> Switchboard:
        """The engine that gives the next first token."""
        waiting = {}
        for engine in self.engines:
            engine.spoke.clear()
            waiting[asyncio.create_task(engine.spoke.wait())] = engine
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            return waiting[done.pop()]
        finally:
            for task in waiting:
                task.cancel()

    async def ended(self, duel_id: UUID) -> str:
        """`answered` or `failed`. Raises TimeoutError."""
        async with asyncio.timeout(GIVE_UP_SECONDS):
            while True:
                async with self.site.sessions() as session:
                    state = (await session.get_one(Duel, duel_id)).state
                if state in ("answered", "failed"):
                    return state
                await asyncio.sleep(LOOK_SECONDS)


async def keep_adapter(site: Site, folder: Path, seed: int, rank: int) -> str:
    """An adapter of random weights, in `folder` and in the site's store; its digest."""
    made = folder / "making"
    config = await asyncio.to_thread(make_adapter, made, HOUSE_MODEL, rank, "BF16", seed, 0.05)
    return await keep_files(site, folder, config, made.read_bytes())


async def keep_files(site: Site, folder: Path, config: bytes, weights: bytes) -> str:
    digest = adapter_digest(config, weights)
    place = folder / digest
    place.mkdir()
    for name, body in ((CONFIG, config), (WEIGHTS, weights)):
        await site.storage.put_once(sealed(digest, name), body)
        (place / name).write_bytes(body)
    return digest


async def figures(site: Site, ports: Sequence[int], token: str) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="gavel-bench-") as folder:
        nodes = [fake_node(Path(folder) / str(port)) for port in ports]
        engines = [engine for _, engine in nodes]
        async with AsyncExitStack() as stack:
            addresses = [
                await stack.enter_async_context(serving(agent, port, token))
                for (agent, _), port in zip(nodes, ports, strict=True)
            ]
            await house_ready(site)
            soon = SeasonRules(hold_seconds=0, deadlines=Deadlines(first_token=2, stall=2, answer=8))
            digests = [await keep_adapter(site, Path(folder), number, 1) for number in range(GOOD + FAULTY)]
            stage = await Stage.build(site, Path(folder), digests, engines, soon)
            identity = nodes[0][0].health().identity
            assert identity
            return [
                *await _first_tokens(addresses[0], token, engines[0], identity.name),
                await _failover(stage),
                *await _thousand(stage),
                await _swaps(stage, identity.name),
            ]


async def house_ready(site: Site) -> None:
    """Nothing else shall be at work while we measure: a new site first benchmarks its house."""
    async with asyncio.timeout(READY_SECONDS):
        while True:
            async with site.sessions() as session:
                states = (await session.scalars(select(Submission.state))).all()
            if states and all(state == "ready" for state in states):
                return
            await asyncio.sleep(1)


async def _first_tokens(url: str, token: str, engine: Switchboard, name: str) -> list[Figure]:
    """What lies between an engine's first token and its client: the node agent, HTTP, and our reading of it."""
    request = CompletionRequest(model=name, prompt=PROMPT, max_tokens=4, stream=True, return_token_ids=True)
    direct, through = [], []
    async with EngineClient(url, token) as client:
        for _ in range(FIRST_TOKENS):
            began = time.perf_counter()
            reply = await engine.complete(request)
            said = [chunk async for chunk in reply.chunks]
            direct.append(engine.spoke_at - began)
            assert said
            began = time.perf_counter()
            events = [event async for event in client.stream(request)]
            assert isinstance(events[0], TokenEvent)
            through.append(events[0].at_ns / 1e9 - began)
    usual = statistics.median(direct)
    added = sorted((one - usual) * 1000 for one in through)
    return [
        figure(
            f"added time to first token, {name} (baseline: the fake engine's own)",
            added[int(share * len(added))],
            "ms",
            usual * 1000,
            aim,
            of="value",
        )
        for name, share, aim in (("p50", 0.5, 3), ("p99", 0.99, 10))
    ]


async def _failover(stage: Stage) -> Figure:
    """From the death of the engine in the middle of an answer to the first token on another node."""
    undisturbed, took = [], []
    for number in range(FAILOVERS):
        a, b = stage.entries[number % 8], stage.entries[(number + 1) % 8]
        began = time.perf_counter()
        undisturbed_duel = await stage.start(a, b)
        undisturbed.append((await stage.speaking()).spoke_at - began)
        await stage.ended(undisturbed_duel)
        duel_id = await stage.start(a, b)
        victim = await stage.speaking()
        died_at = time.perf_counter()
        victim.die("killed by the bench")
        standby = await stage.speaking()
        took.append(standby.spoke_at - died_at)
        state = await stage.ended(duel_id)
        if state != "answered" or standby is victim:
            raise RuntimeError(f"the duel did not go on elsewhere: {state}")
    name = "failover to the first token on a standby, p95 (baseline: GO to first token, median)"
    p95 = statistics.quantiles(took, n=20)[-1]
    return figure(name, p95, "s", statistics.median(undisturbed), 3, of="value")


async def _thousand(stage: Stage) -> list[Figure]:
    """Duels of 80 entries, 20 of which go wrong on stage in every way that the fake engine knows."""
    good, faulty = stage.entries[:GOOD], stage.entries[GOOD:]
    faults: dict[str, Fault] = {
        stage.names[entry]: fault for entry, fault in zip(faulty, cycle(get_args(Fault)), strict=False)
    }
    for engine in stage.engines:
        engine.set_pace(QUICK)
        engine.faults.update(faults)
        engine.deaths = 0
    draw = random.Random(1)
    pairs = [tuple(draw.sample(good, 2)) for _ in range(DUELS - WITH_FAULTY)]
    pairs += [(entry, draw.choice(good)) for entry in islice(cycle(faulty), WITH_FAULTY)]
    draw.shuffle(pairs)
    at_once = asyncio.Semaphore(NODES)

    async def play(a: UUID, b: UUID) -> tuple[UUID, str]:
        async with at_once:
            duel_id = await stage.start(a, b)
            return duel_id, await stage.ended(duel_id)

    played = await asyncio.gather(*(play(a, b) for a, b in pairs))
    answered = [duel_id for duel_id, state in played if state == "answered"]
    sound = sum(not {stage.names[a], stage.names[b]} & set(faults) for a, b in pairs)
    wrong = sum([await _wrong_answers(stage, duel_id) for duel_id in answered])
    deaths = sum(engine.deaths for engine in stage.engines)
    return [
        figure(
            f"engine deaths in {DUELS} duels with {FAULTY} faulty adapters", deaths, "", DUELS, 0, of="value"
        ),
        figure("answers of a wrong adapter (baseline: answers)", wrong, "", 2 * len(answered), 0, of="value"),
        figure(
            "duels answered (baseline: duels without a faulty side)", len(answered), "", sound, 1, least=True
        ),
    ]


async def _wrong_answers(stage: Stage, duel_id: UUID) -> int:
    """Of the two recorded answers those that the adapter itself, asked alone, does not give."""
    async with stage.site.sessions() as session:
        plan = await service.plan(stage.site, session, duel_id)
        rows = await session.scalars(select(Answer).where(Answer.duel_id == duel_id))
        kept = {row.id: row.text for row in rows}
    wrong = 0
    for side in plan.sides:
        request = CompletionRequest(
            model=side.adapter.name,
            prompt=side.rendered,
            max_tokens=plan.max_tokens,
            temperature=plan.temperature,
            top_p=plan.top_p,
            seed=plan.seed,
            stop=[plan.stop],
        )
        reply = await stage.reference.complete(request)
        said = json.loads(b"".join([chunk async for chunk in reply.chunks]))["choices"][0]["text"]
        wrong += said != kept[side.answer_id]
    return wrong


async def _swaps(stage: Stage, identity: str) -> Figure:
    """Another adapter answers under a name, on every node: no such duel may have answers."""
    caught = 0
    for number in range(SWAPS):
        a, b = stage.entries[number % GOOD], stage.entries[(number + 1) % GOOD]
        for engine in stage.engines:
            engine.impostors = {stage.names[a]: identity}
        duel_id = await stage.start(a, b)
        state = await stage.ended(duel_id)
        async with stage.site.sessions() as session:
            tried = await attempts.of(session, duel_id)
        caught += state == "failed" and all(one.reason and one.left == "wrong_adapter" for one in tried)
    for engine in stage.engines:
        engine.impostors = {}
    return figure("planted swaps that were caught", caught, "", SWAPS, 1, least=True)
