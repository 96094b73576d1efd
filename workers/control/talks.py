"""Answering off air, for practice and the gateway: only while no duel is under way, and never a moment longer; unless
the engine is one that no duel could have.

A duel that is started meanwhile takes the engine at once; the talk says what becomes of what was half said.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.public import any_under_way
from arena.gateway import service as gateway
from arena.gateway.contracts import ANSWER as COMPLETE
from arena.kit.errors import Invalid, NotFound
from arena.kit.jobs import service as jobs
from arena.kit.jobs.service import NotReady
from arena.kit.site import Site
from arena.nodes import public as nodes
from arena.pipeline import PIPELINE
from arena.practice import service as practice
from arena.practice.contracts import ANSWER as PRACTISE
from arena.practice.contracts import ON_AIR, PracticeChanged, Said, TalkPlan, VoicePlan
from workers.control.held import Held
from workers.control.loading import load
from workers.control.watch import look_at
from workers.pool.client import EngineClient, EngineError, EngineRefused, FinishEvent, is_too_long
from workers.pool.protocol import CompletionRequest

LOOK_SECONDS = 0.2
"""How often the stage is looked at while a talk has the engine."""
FLUSH_SECONDS = 0.15


class OnAir(Exception):
    """A duel is under way."""


@dataclass(frozen=True)
class Talk:
    """One kind of talk: what its domain does at each step. Every step finds its row by the job's subject, and raises
    NotFound when whoever asked has deleted it meanwhile."""

    kind: str
    plan: Callable[[Site, AsyncSession, UUID], Awaitable[TalkPlan]]
    answering: Callable[[AsyncSession, UUID, nodes.LeasedNode], Awaitable[None]]
    say: Callable[[Site, AsyncSession, UUID, UUID, Said], Awaitable[bool]]
    interrupted: Callable[[AsyncSession, UUID], Awaitable[None]]
    answered: Callable[[AsyncSession, UUID], Awaitable[None]]
    too_long: Callable[[AsyncSession, UUID, str], Awaitable[None]]
    """What was asked and its answer are longer than the context: no engine can answer it. With the engine's words."""
    channels: Callable[[UUID], Iterable[str]]
    """Of pages that follow it."""

    async def run(self, held: Held) -> None:
        async with held.writing() as (session, job):
            plan = await self.plan(held.site, session, held.subject)
            adapters = {voice.adapter.digest for voice in plan.voices}
            node = await nodes.lease(
                held.site, session, job, plan.base_model, mode="practice", adapters=adapters
            )
            if node.on_stage and await any_under_way(session):
                raise NotReady(nodes.ENGINE, ON_AIR)
            await self.answering(session, held.subject, node)
        answering = self._answer(held, node, plan)
        try:
            await (_unless_on_air(held, answering) if node.on_stage else answering)
        except OnAir:
            # In one transaction: the duel that is woken by this finds the engine free.
            async with held.writing() as (session, job):
                await self.interrupted(session, held.subject)
                await jobs.defer(session, job, NotReady(nodes.ENGINE, ON_AIR))
                nodes.freed(session, node)
            return
        except NotFound:
            # Whoever asked has deleted it meanwhile.
            async with held.finishing() as session:
                nodes.freed(session, node)
            return
        except EngineError as error:
            if is_too_long(error):
                async with held.finishing() as session:
                    await self.too_long(session, held.subject, str(error))
                    nodes.freed(session, node)
                return
            if isinstance(error, EngineRefused) and error.status == 400:
                # What was asked cannot be answered, by this engine nor by another like it.
                raise Invalid("engine.refused", str(error)) from error
            await look_at(held.site, node.url, node.bearer)
            await self._step_back(held)
            raise
        except asyncio.CancelledError:
            await self._step_back(held)
            raise
        async with held.finishing() as session:
            await self.answered(session, held.subject)
            nodes.freed(session, node)

    async def _step_back(self, held: Held) -> None:
        async with held.writing() as (session, _):
            await self.interrupted(session, held.subject)

    async def _answer(self, held: Held, node: nodes.LeasedNode, plan: TalkPlan) -> None:
        async with EngineClient(node.url, node.bearer, caps=node.caps) as engine:
            for voice in plan.voices:
                await load(held, engine, node, voice.adapter)
            try:
                async with asyncio.TaskGroup() as group:
                    for voice in plan.voices:
                        group.create_task(self._speak(held, engine, plan, voice))
            except ExceptionGroup as several:
                # The first is the cause, as the other was cancelled or met the same.
                raise several.exceptions[0] from several

    async def _speak(self, held: Held, engine: EngineClient, plan: TalkPlan, voice: VoicePlan) -> None:
        """One voice to its end, or to the word that must not be shown."""
        heard = _Heard()
        listening = asyncio.create_task(_listen(engine, plan, voice, heard))
        try:
            ended, written = False, 0
            while not ended:
                await asyncio.wait([listening], timeout=FLUSH_SECONDS)
                if listening.done():
                    await listening  # raises what went wrong
                # Asked before the writing: what comes while it writes is written in the next round.
                said = heard.said()
                ended = said.finish_reason is not None
                if said.tokens == written and not ended:
                    continue
                async with held.writing() as (session, _):
                    shown = await self.say(held.site, session, held.subject, voice.answer_id, said)
                written = said.tokens
                # Straight to the page: the record is committed, the hint need not queue behind the outbox.
                await held.site.bus.touch(self.channels(held.subject))
                if not shown:
                    return
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


PRACTICE = Talk(
    PRACTISE,
    practice.plan,
    practice.answering,
    practice.say,
    practice.interrupted,
    practice.answered,
    practice.failed,
    lambda subject: PIPELINE.channels(PracticeChanged(exchange_id=subject)),
)
GATEWAY = Talk(
    COMPLETE,
    gateway.plan,
    gateway.answering,
    gateway.say,
    gateway.interrupted,
    gateway.answered,
    gateway.too_long,
    lambda _: (),
)


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
class _Heard:
    """A voice so far."""

    text: str = ""
    tokens: int = 0
    end: FinishEvent | None = None

    def said(self) -> Said:
        return Said(
            text=self.text,
            tokens=self.tokens,
            prompt_tokens=self.end.prompt_tokens if self.end else None,
            finish_reason=self.end.finish_reason if self.end else None,
        )


async def _listen(engine: EngineClient, plan: TalkPlan, voice: VoicePlan, heard: _Heard) -> None:
    """A talk is not measured: an engine that cannot part its cache may answer it all the same."""
    request = CompletionRequest(
        model=voice.adapter.name,
        prompt=voice.rendered,
        max_tokens=plan.max_tokens,
        temperature=plan.temperature,
        top_p=plan.top_p,
        seed=plan.seed,
        stop=plan.stop,
        **({"cache_salt": str(voice.answer_id)} if engine.caps.cache_salt else {}),
    )
    async for event in engine.stream(request):
        if isinstance(event, FinishEvent):
            heard.end, heard.tokens = event, event.completion_tokens
        else:
            heard.text += event.text
            heard.tokens += 1
