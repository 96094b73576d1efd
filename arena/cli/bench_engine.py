"""What the platform costs a real engine: the same requests straight to vLLM and through the node, on this machine."""

import asyncio
import io
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
from sqlalchemy import func, select

from arena.cli.bench import Figure, figure
from arena.cli.bench_stage import PROMPT, Stage, house_ready, keep_adapter, keep_files, serving
from arena.duels import service
from arena.duels.contracts import ALTERNATIVES
from arena.duels.models import Answer, AnswerToken
from arena.kit.db import transaction
from arena.kit.ids import new_id
from arena.kit.site import Site
from arena.shows.base_models import HOUSE_MODEL
from arena.shows.public import SeasonRules, SpeedRules
from arena.speed import service as speed
from arena.speed.contracts import SpeedResult
from arena.speed.models import SpeedRun
from arena.speed.schemas import NewSpeedRun
from arena.submissions.models import Entry, Submission
from arena.submissions.public import adapter_ref
from arena.submissions.safetensors import engine_name, read_header, write_tensors
from workers.pool.adapter_store import CONFIG, WEIGHTS
from workers.pool.client import EngineClient, FinishEvent
from workers.pool.environment import find
from workers.pool.protocol import CompletionRequest, Engine, StreamOptions
from workers.pool.serve import vllm_agent

RUNS = 5
BLOCKS = 6
TOKENS = 64
LIVE, REGISTERED = 4, 1000
TWINS = 20
SPEED_SECONDS = 600.0
RULES = SeasonRules(hold_seconds=0, speed=SpeedRules(blocks=5, tokens=16))
"""The shortest measurement that a season may ask for is the hardest to keep narrow."""

Request = CompletionRequest
Way = Callable[[Request], Awaitable[int]]
"""Asks, reads to the end, and returns how many tokens were said."""


async def figures(site: Site, port: int, token: str) -> list[Figure]:
    """Raises RuntimeError when there is no engine environment."""
    environment = await asyncio.to_thread(find, Path(".venv-engine"))
    if environment is None:
        raise RuntimeError("there is no engine environment to measure; `make setup` builds .venv-engine")
    model_dir = Path(os.environ.get("GAVEL_MODEL_DIR", f".gavel/models/{HOUSE_MODEL.id}"))
    with tempfile.TemporaryDirectory(prefix="gavel-bench-") as name:
        folder = Path(name)
        agent = vllm_agent(folder / "node", environment, model_dir=model_dir)
        async with serving(agent, port, token) as url, EngineClient(url, token) as client:
            identity = agent.health().identity
            assert identity
            await house_ready(site)
            digests = [await keep_adapter(site, folder, 1000 + number, 8) for number in range(LIVE)]
            twin = await keep_files(site, folder, *await asyncio.to_thread(_twin, folder / digests[0]))
            stage = await Stage.build(site, folder, [digests[0], twin, digests[1]], rules=RULES)
            await _add_house(stage, identity.digest)
            for ref in [adapter_ref(site, digest) for digest in digests]:
                await client.ensure_adapter(ref.digest, ref.weights_url, ref.config_url)
            names = [engine_name(digest) for digest in digests]
            straight, through = _straight(agent.engine), _through(client)
            return [
                await _duels(stage, straight),
                await _concurrent(8, names, straight, through),
                await _identity(identity.name, names[:2], straight),
                *await _against_its_twin(stage),
                await _registered(folder / digests[0], names, agent.engine, straight),
            ]


def _request(name: str, seed: int = 0) -> Request:
    return Request(
        model=name,
        prompt=HOUSE_MODEL.render(PROMPT),
        max_tokens=TOKENS,
        min_tokens=TOKENS,
        ignore_eos=True,
        temperature=0.7,
        seed=seed,
        logprobs=1,
        return_token_ids=True,
        cache_salt=str(new_id()),
        stream=True,
        stream_options=StreamOptions(include_usage=True),
    )


def _straight(engine: Engine) -> Way:
    async def ask(request: Request) -> int:
        reply = await engine.complete(request)
        try:
            last = b"".join([chunk async for chunk in reply.chunks])
        finally:
            await reply.close()
        usage = last[last.rindex(b'"completion_tokens":') :].partition(b":")[2]
        return int(usage.split(b",")[0].split(b"}")[0])

    return ask


def _through(client: EngineClient) -> Way:
    async def ask(request: Request) -> int:
        async for event in client.stream(request):
            if isinstance(event, FinishEvent):
                return event.completion_tokens
        raise AssertionError("a stream ends with its usage")

    return ask


async def _rate(way: Way, requests: Sequence[Request]) -> float:
    """Tokens a second of these requests at once."""
    began = time.perf_counter()
    said = await asyncio.gather(*(way(request) for request in requests))
    return sum(said) / (time.perf_counter() - began)


async def _duels(stage: Stage, straight: Way) -> Figure:
    """Real duels: job, lease, checks, records. Their own requests again, straight to the engine, in turn."""
    platform, engine = [], []
    a, _, b = stage.entries
    for number in range(RUNS + 1):
        duel_id = await stage.start(a, b)
        if await stage.ended(duel_id) != "answered":
            raise RuntimeError("the duel to measure was not answered")
        rates = await _recorded_rate(stage, duel_id), await _rate(straight, await _requests(stage, duel_id))
        if number:  # the first is the warm-up
            platform.append(rates[0])
            engine.append(rates[1])
    name = "duel: tokens a second ÷ straight from the engine"
    return figure(name, statistics.median(platform), "1/s", statistics.median(engine), 0.97, least=True)


async def _recorded_rate(stage: Stage, duel_id: UUID) -> float:
    mine = select(Answer.id).where(Answer.duel_id == duel_id)
    statement = select(func.count(), func.max(AnswerToken.at_us)).where(AnswerToken.answer_id.in_(mine))
    async with stage.site.sessions() as session:
        tokens, last = (await session.execute(statement)).one()
    return float(tokens / last * 1e6)


async def _requests(stage: Stage, duel_id: UUID) -> list[Request]:
    async with stage.site.sessions() as session:
        plan = await service.plan(stage.site, session, duel_id)
    return [
        _request(side.adapter.name).model_copy(
            update={
                "prompt": side.rendered,
                "logprobs": ALTERNATIVES,
                "max_tokens": plan.max_tokens,
                "min_tokens": 0,
                "ignore_eos": False,
                "temperature": plan.temperature,
                "top_p": plan.top_p,
                "seed": plan.seed,
                "stop": [plan.stop],
            }
        )
        for side in plan.sides
    ]


async def _concurrent(streams: int, names: Sequence[str], straight: Way, through: Way) -> Figure:
    rates: dict[Way, list[float]] = {straight: [], through: []}
    for number in range(RUNS + 1):
        for way in (straight, through) if number % 2 else (through, straight):
            rate = await _rate(way, [_request(names[i % len(names)], i) for i in range(streams)])
            if number:
                rates[way].append(rate)
    said = f"{streams} streams through the node: tokens a second ÷ straight from the engine"
    value, baseline = statistics.median(rates[through]), statistics.median(rates[straight])
    return figure(said, value, "1/s", baseline, 0.97, least=True)


async def _identity(identity: str, others: Sequence[str], straight: Way) -> Figure:
    """One stream at a time, in blocks that are the same backwards: what drifts falls on all alike."""
    order = [identity, *others, *reversed(others), identity]
    mine, theirs = [], []
    for block in range(BLOCKS + 1):
        rates = [(name, await _rate(straight, [_request(name)])) for name in order]
        if block:
            mine.append(statistics.mean(rate for name, rate in rates if name == identity))
            theirs.append(statistics.mean(rate for name, rate in rates if name != identity))
    ratio = statistics.median(one / other for one, other in zip(mine, theirs, strict=True))
    return Figure(
        "the identity adapter's tokens a second ÷ other adapters'",
        round(statistics.median(mine), 2),
        "1/s",
        round(statistics.median(theirs), 2),
        round(ratio, 4),
        "0.98 to 1.02",
        0.98 <= ratio <= 1.02,
    )


async def _against_its_twin(stage: Stage) -> list[Figure]:
    """Speed duels of an adapter and one that computes the same, as producers start them."""
    a, twin, _ = stage.entries
    ties, widths = 0, []
    for _ in range(TWINS):
        async with transaction(stage.site.sessions, stage.site.bus) as session:
            wanted = NewSpeedRun(kind="duel", entry_a=a, entry_b=twin)
            run_id = (await speed.start(session, await stage.episode(session), wanted)).id
        result = await _speed(stage.site, run_id)
        found = next(one.a_to_b for one in result.metrics if one.metric == "decode")
        assert found is not None
        widths.append((found.hi - found.lo) / 2)
        ties += found.lo <= 1 <= found.hi
    half = statistics.median(widths)
    narrow = sum(width <= 0.05 for width in widths)
    return [
        figure(
            "an adapter ÷ its copy: intervals that hold 1 (baseline: runs)", ties, "", TWINS, 1, least=True
        ),
        figure("those no wider than ± 5 %", narrow, "", TWINS, 1, least=True),
        figure(
            "half the width, median (baseline: the widest)",
            half,
            "",
            max(widths),
            0.05,
            of="value",
        ),
    ]


async def _speed(site: Site, run_id: UUID) -> SpeedResult:
    async with asyncio.timeout(SPEED_SECONDS):
        while True:
            async with site.sessions() as session:
                run = await session.get_one(SpeedRun, run_id)
            if run.state == "done":
                return SpeedResult.model_validate(run.result)
            if run.state in ("void", "failed"):
                raise RuntimeError(f"the speed duel counts for nothing: {run.reason}")
            await asyncio.sleep(0.2)


def _twin(adapter: Path) -> tuple[bytes, bytes]:
    """Config and weights of an adapter that computes the same from other bytes: its ranks in the opposite order."""
    path, weights = adapter / WEIGHTS, io.BytesIO()
    with path.open("rb") as file:
        entries = {one.name: one for one in read_header(file, path.stat().st_size)}

        def turned(name: str) -> list[bytes]:
            file.seek(entries[name].begin)
            values = np.frombuffer(file.read(entries[name].end - entries[name].begin), "<u2")
            ranks = values.reshape(entries[name].shape)
            return [(ranks[::-1] if ".lora_A." in name else ranks[:, ::-1]).tobytes()]

        write_tensors(weights, [(one.name, one.dtype, one.shape) for one in entries.values()], turned)
    return (adapter / CONFIG).read_bytes(), weights.getvalue()


async def _add_house(stage: Stage, digest: str) -> None:
    """Of which the node has the identity adapter already."""
    async with transaction(stage.site.sessions, stage.site.bus) as session:
        house = Entry(season_id=stage.season_id, name="House", skeleton="house", kind="house")
        session.add(house)
        await session.flush()
        session.add(Submission(entry_id=house.id, version=1, state="ready", size_bytes=1, digest=digest))


async def _registered(adapter: Path, names: Sequence[str], engine: Engine, straight: Way) -> Figure:
    """The same four adapters before and after a thousand others have been loaded."""

    async def rate() -> float:
        rates = [await _rate(straight, [_request(name) for name in names]) for _ in range(RUNS + 1)]
        return statistics.median(rates[1:])

    before = await rate()
    for number, place in enumerate(await asyncio.to_thread(_copies, adapter, REGISTERED - LIVE)):
        await engine.load(f"a-registered-{number}", place)
    name = f"{REGISTERED} registered adapters, {LIVE} live: tokens a second ÷ {LIVE} registered"
    return figure(name, await rate(), "1/s", before, 0.95, least=True)


def _copies(adapter: Path, count: int) -> list[Path]:
    """Files of one content in folders of their own: to the engine as many adapters."""
    places = [adapter.parent / "registered" / str(number) for number in range(count)]
    for place in places:
        place.mkdir(parents=True)
        for file in (CONFIG, WEIGHTS):
            os.link(adapter / file, place / file)
    return places
