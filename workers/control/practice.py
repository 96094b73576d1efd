"""Answering practice: only while no duel is under way, and never a moment longer.

A duel that is started meanwhile takes the engine at once; practice goes back to the queue and is begun anew later.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from arena.duels.public import any_under_way
from arena.kit.errors import NotFound
from arena.kit.jobs import service as jobs
from arena.kit.jobs.service import NotReady
from arena.nodes import public as nodes
from arena.pipeline import PIPELINE
from arena.practice import service
from arena.practice.contracts import ANSWER, ON_AIR, PracticeChanged, PracticePlan, VoicePlan
from workers.control.held import Held
from workers.control.loading import load
from workers.control.watch import look_at
from workers.pool.client import EngineClient, EngineError, FinishEvent
from workers.pool.protocol import CompletionRequest

KIND = ANSWER
LOOK_SECONDS = 0.2
"""How often the stage is looked at while practice has the engine."""
FLUSH_SECONDS = 0.15


class OnAir(Exception):
    """A duel is under way."""


async def run(held: Held) -> None:
    site = held.site
    async with held.writing() as (session, job):
        plan = await service.plan(site, session, held.subject)
        if await any_under_way(session):
            raise NotReady(nodes.ENGINE, ON_AIR)
        node = await nodes.lease(site, session, job, plan.base_model, mode="practice")
        await service.answering(session, held.subject)
    try:
        await _unless_on_air(held, _answer(held, node, plan))
    except OnAir:
        # In one transaction: the duel that is woken by this finds the engine free.
        async with held.writing() as (session, job):
            await service.interrupted(session, held.subject)
            await jobs.defer(session, job, NotReady(nodes.ENGINE, ON_AIR))
            nodes.freed(session, node)
        return
    except NotFound:
        # Whoever asked has deleted it meanwhile.
        async with held.finishing() as session:
            nodes.freed(session, node)
        return
    except EngineError:
        await look_at(site, node.url, node.bearer)
        await _step_back(held)
        raise
    except asyncio.CancelledError:
        await _step_back(held)
        raise
    async with held.finishing() as session:
        await service.answered(session, held.subject)
        nodes.freed(session, node)


async def _step_back(held: Held) -> None:
    async with held.writing() as (session, _):
        await service.interrupted(session, held.subject)


async def _unless_on_air(held: Held, work: Coroutine[Any, Any, None]) -> None:
    """Do the work unless, or until, a duel is under way: then raise OnAir."""
    answering = asyncio.ensure_future(work)
    looking = asyncio.create_task(_until_on_air(held))
    try:
        await asyncio.wait([answering, looking], return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            await answering
            return
        await looking
        raise OnAir
    finally:
        answering.cancel()
        looking.cancel()
        await asyncio.gather(answering, looking, return_exceptions=True)


async def _until_on_air(held: Held) -> None:
    while True:
        async with held.site.sessions() as session:
            if await any_under_way(session):
                return
        await asyncio.sleep(LOOK_SECONDS)


@dataclass
class _Said:
    """What a voice has said, and how many of its tokens are written down."""

    text: str = ""
    tokens: int = 0
    written: int = 0
    finish_reason: str | None = None


async def _answer(held: Held, node: nodes.LeasedNode, plan: PracticePlan) -> None:
    async with EngineClient(node.url, node.bearer) as engine:
        for voice in plan.voices:
            await load(held, engine, node, voice.adapter)
        try:
            async with asyncio.TaskGroup() as group:
                for voice in plan.voices:
                    group.create_task(_speak(held, engine, plan, voice))
        except ExceptionGroup as several:
            # The first is the cause, as the other was cancelled or met the same.
            raise several.exceptions[0] from several


async def _speak(held: Held, engine: EngineClient, plan: PracticePlan, voice: VoicePlan) -> None:
    """One voice to its end, or to the word that must not be shown."""
    said = _Said()
    listening = asyncio.create_task(_listen(engine, plan, voice, said))
    try:
        ended = False
        while not ended:
            await asyncio.wait([listening], timeout=FLUSH_SECONDS)
            if listening.done():
                await listening  # raises what went wrong
            # Asked before the writing: what comes while it writes is written in the next round.
            ended = said.finish_reason is not None
            if not await _write(held, plan, voice, said):
                return
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(engine: EngineClient, plan: PracticePlan, voice: VoicePlan, said: _Said) -> None:
    request = CompletionRequest(
        model=voice.adapter.name,
        prompt=voice.rendered,
        max_tokens=plan.max_tokens,
        temperature=plan.temperature,
        top_p=plan.top_p,
        seed=plan.seed,
        stop=[plan.stop],
        cache_salt=f"{plan.exchange_id}-{voice.voice}",
    )
    async for event in engine.stream(request):
        if isinstance(event, FinishEvent):
            said.finish_reason = event.finish_reason
        else:
            said.text += event.text.replace("\x00", "\ufffd")
            said.tokens += 1


async def _write(held: Held, plan: PracticePlan, voice: VoicePlan, said: _Said) -> bool:
    """Write down what is new. False: the voice is to be silent."""
    text, tokens, reason = said.text, said.tokens, said.finish_reason
    if tokens == said.written and reason is None:
        return True
    async with held.writing() as (session, _):
        shown = await service.say(held.site, session, plan.exchange_id, voice.answer_id, text, tokens, reason)
    said.written = tokens
    # Straight to the page: the record is committed, the hint need not queue behind the outbox.
    await held.site.bus.touch(PIPELINE.channels(PracticeChanged(exchange_id=plan.exchange_id)))
    return shown
