"""Running a duel: both sides under one lease on one node, every token into the record as it arrives."""

import asyncio
from collections.abc import Sequence
from time import perf_counter_ns

from arena.duels import service
from arena.duels.contracts import RUN, DuelChanged, DuelPlan, SideName, SidePlan, Token
from arena.nodes import public as nodes
from arena.pipeline import PIPELINE
from workers.control.attesting import attest
from workers.control.held import Held
from workers.control.loading import load
from workers.control.watch import look_at
from workers.pool.client import EngineClient, EngineError, FinishEvent, TokenEvent
from workers.pool.protocol import CompletionRequest

KIND = RUN
FLUSH_SECONDS = 0.15
"""How long tokens gather before they become one write and one live update."""


async def run(held: Held) -> None:
    site = held.site
    async with held.writing() as (session, job):
        plan = await service.plan(site, session, held.subject)
        track = await service.track(session, held.subject)
        node = await nodes.lease(session, job, track.base_model, "duel", track.hardware_class)
        await service.loading(session, held.subject, node)
    try:
        async with EngineClient(node.url, site.settings.engine_token.get_secret_value()) as engine:
            fingerprints = {side.side: await load(held, engine, node, side.adapter) for side in plan.sides}
            names = [side.adapter.name for side in plan.sides]
            node = await attest(held, engine, node, plan.duel_id, plan.seed, names)
            async with held.writing() as (session, _):
                await service.live(session, held.subject, node)
            await _answer(held, engine, plan)
    except EngineError:
        # Write down how the node is now: the next attempt waits for it instead of running into the same wall.
        await look_at(site, node.url)
        await _leave_the_stage(held)
        raise
    except asyncio.CancelledError:
        await _leave_the_stage(held)
        raise
    async with held.finishing() as session:
        await service.answered(site, session, held.subject, fingerprints)
        nodes.freed(session, node)


async def _leave_the_stage(held: Held) -> None:
    async with held.writing() as (session, _):
        await service.interrupted(session, held.subject)


async def _answer(held: Held, engine: EngineClient, plan: DuelPlan) -> None:
    """Both sides at once, on the same terms."""
    inbox: asyncio.Queue[tuple[SidePlan, TokenEvent | FinishEvent]] = asyncio.Queue()
    started = perf_counter_ns()

    async def speak(side: SidePlan) -> None:
        request = CompletionRequest(
            model=side.adapter.name,
            prompt=side.rendered,
            max_tokens=plan.max_tokens,
            temperature=plan.temperature,
            top_p=plan.top_p,
            seed=plan.seed,
            stop=[plan.stop],
            # Nothing cached for one side may help the other, nor a rival's earlier duel.
            cache_salt=f"{plan.duel_id}-{side.side}",
        )
        async for event in engine.stream(request, duel=True):
            inbox.put_nowait((side, event))

    try:
        async with asyncio.TaskGroup() as group:
            for side in plan.sides:
                group.create_task(speak(side))
            group.create_task(_record(held, plan, inbox, started))
    except ExceptionGroup as several:
        # The first is the cause, as the others were cancelled or met the same; whoever waits wants one reason.
        raise several.exceptions[0] from several


async def _record(
    held: Held,
    plan: DuelPlan,
    inbox: "asyncio.Queue[tuple[SidePlan, TokenEvent | FinishEvent]]",
    started: int,
) -> None:
    """Write what arrived, a few times a second, until both sides have finished."""
    counts: dict[SideName, int] = {"left": 0, "right": 0}
    speaking = {side.side for side in plan.sides}
    channels = PIPELINE.channels(DuelChanged(duel_id=plan.duel_id, episode_id=plan.episode_id))
    while speaking:
        await asyncio.sleep(FLUSH_SECONDS)
        batch = [inbox.get_nowait() for _ in range(inbox.qsize())]
        if not batch:
            continue
        async with held.writing() as (session, _):
            for side in plan.sides:
                events = [event for owner, event in batch if owner is side]
                tokens = _tokens(events, started)
                if tokens:
                    await service.add_tokens(session, side.answer_id, counts[side.side], tokens)
                    counts[side.side] += len(tokens)
                for event in events:
                    if isinstance(event, FinishEvent):
                        await service.finish_side(session, side.answer_id, event.finish_reason)
                        speaking.discard(side.side)
        # Straight to the pages: the record is committed, the hint need not queue behind the outbox.
        await held.site.bus.touch(channels)


def _tokens(events: Sequence[TokenEvent | FinishEvent], started: int) -> list[Token]:
    return [
        Token(token_id=event.token_id, text=event.text, at_us=(event.at_ns - started) // 1000)
        for event in events
        if isinstance(event, TokenEvent)
    ]
