"""Measuring speed: one request after the other on a node that nobody else has, and proof that nobody had."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from uuid import UUID, uuid5

import structlog

from arena.duels.public import any_waiting
from arena.kit.jobs import service as jobs
from arena.kit.jobs.service import LostLease
from arena.nodes import public as nodes
from arena.nodes.attestation import Statement
from arena.speed import queries, rules, service
from arena.speed.contracts import RUN, Measured, SpeedPlan, Void
from arena.speed.rules import Shot
from workers.control.alone import Alone
from workers.control.attesting import NotAttested, attest
from workers.control.held import Held
from workers.control.loading import load, start_anew
from workers.control.upkeep import DUEL_FIRST
from workers.control.watch import look_at
from workers.pool.client import AdapterUnknown, EngineClient, EngineError, FinishEvent, NotNumbers, TokenEvent
from workers.pool.protocol import CompletionRequest

KIND = RUN
SAMPLE_SECONDS = 0.2
"""Between two looks at the clocks of a GPU."""

log = structlog.get_logger()


class Voided(Exception):
    """What was measured does not count."""

    def __init__(self, cause: Void, reason: str) -> None:
        super().__init__(reason)
        self.cause, self.reason = cause, reason


class Stopped(Exception):
    """By a producer; the run says so already."""


class OnAir(Exception):
    """A duel wants an engine."""


async def run(held: Held) -> None:
    begun = await _begin(held)
    if begun is None:
        return
    try:
        await _attempt(held, *begun)
    except LostLease:
        raise
    except OnAir:
        # In one transaction: the duel that is woken by this finds the engine free. Then it is measured anew.
        async with held.writing() as (session, job):
            await service.interrupted(session, held.subject)
            await jobs.defer(session, job, DUEL_FIRST)
            nodes.freed(session, begun[1])
    except BaseException as error:
        if isinstance(error, EngineError):
            # Write down how the node is now: the next attempt waits for it instead of running into the same wall.
            await look_at(held.site, begun[1].url, begun[1].bearer)
        async with held.writing() as (session, _):
            await service.interrupted(session, held.subject)
        raise


async def _begin(held: Held) -> tuple[SpeedPlan, nodes.LeasedNode] | None:
    """What to do, and where; None when there is nothing to do any more."""
    async with held.writing() as (session, job):
        found = await queries.run(session, held.subject, lock=True)
        state, leased = found.state, found.node
        if state == "queued":
            if await any_waiting(session):
                raise DUEL_FIRST
            plan = await service.plan(held.site, session, found)
            track = await service.track(session, found)
            node = await nodes.lease(
                held.site,
                session,
                job,
                track.base_model,
                mode="speed",
                hardware_class=track.hardware_class,
                adapters=dict.fromkeys(racer.adapter.digest for racer in plan.racers),
            )
            await service.running(session, found, node)
            return plan, node
    async with held.finishing() as session:
        if state == "running":
            # Whoever measured before has gone silent, and the node was not his any more. He may even be at it still.
            reason = "The worker lost its lease in the middle."
            await service.voided(session, held.subject, "lease_lost", reason)
            if leased is not None:
                nodes.released(session, UUID(leased["node_id"]))
            log.warning("speed_void", run=str(held.subject), cause="lease_lost")
    return None


async def _attempt(held: Held, plan: SpeedPlan, node: nodes.LeasedNode) -> None:
    async with EngineClient(node.url, node.bearer) as engine:
        for racer in plan.racers:
            await load(held, engine, node, racer.adapter)
        node = await _attest(held, engine, node, plan, plan.run_id)
        async with held.writing() as (session, _):
            await service.attested(session, plan.run_id, node)
        void: Voided | None = None
        after: str | None = None
        try:
            await _measure(held, engine, plan, node)
            after = await _attest_after(held, engine, plan, node)
        except Voided as cause:
            void = cause
        except Stopped:
            log.info("speed_stopped", run=str(plan.run_id))
    async with held.finishing() as session:
        if void is None:
            await service.measured(session, plan.run_id, after)
        else:
            log.warning("speed_void", run=str(plan.run_id), cause=void.cause, reason=void.reason)
            await service.voided(session, plan.run_id, void.cause, void.reason, after)
        nodes.freed(session, node)


async def _attest(
    held: Held, engine: EngineClient, node: nodes.LeasedNode, plan: SpeedPlan, challenge: UUID
) -> nodes.LeasedNode:
    names = [racer.adapter.name for racer in plan.racers]
    return await attest(held, engine, node, challenge, plan.seed, names)


async def _attest_after(
    held: Held, engine: EngineClient, plan: SpeedPlan, before: nodes.LeasedNode
) -> str | None:
    """The digest of what the node states now; raises Voided unless that is what it stated before.

    Under another challenge: what it has signed before the run proves nothing of the time after it.
    """
    try:
        node = await _attest(held, engine, before, plan, uuid5(plan.run_id, "after"))
    except (NotAttested, AdapterUnknown) as refusal:
        raise Voided("attestation_changed", f"After the run: {refusal}") from refusal
    first, last = await _stated(held, before), await _stated(held, node)
    if changed := rules.changes(first, last):
        raise Voided("attestation_changed", f"Not the same before and after: {', '.join(changed)}.")
    if rules.throttled(first) or rules.throttled(last):
        raise _throttled()
    return node.attestation


async def _stated(held: Held, node: nodes.LeasedNode) -> Statement:
    async with held.site.sessions() as session:
        found = await nodes.attestation(session, node.attestation or "")
    assert found is not None, "attest() has stored it"
    return found.read()


def _throttled() -> Voided:
    return Voided("throttled", "A GPU held its clock down: power, heat, or a card beside it.")


class _Clocks:
    """What the GPUs of a node say of their clocks while it answers. Without a GPU there is nothing to ask."""

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self._watching: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watched(self, has_gpu: bool) -> AsyncIterator[None]:
        if has_gpu:
            self._watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            if self._watching:
                self._watching.cancel()
                await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        """Ends only by raising Voided, or EngineError when the node says nothing."""
        while True:
            said = await self._engine.attestation(nodes.Wanted(challenge="clocks"))
            if rules.throttled(said.read()):
                raise _throttled()
            await asyncio.sleep(SAMPLE_SECONDS)

    def prove(self) -> None:
        """Raises what ended the watch."""
        if self._watching and self._watching.done():
            self._watching.result()


async def _measure(held: Held, engine: EngineClient, plan: SpeedPlan, node: nodes.LeasedNode) -> None:
    """All blocks; each is kept as soon as it is over, also the one that voids the run. Raises Voided, Stopped."""
    has_gpu = bool((await _stated(held, node)).machine.gpus)
    shots = rules.shots(plan.kind, plan.seed, plan.blocks)
    alone, clocks = await Alone.begin(engine), _Clocks(engine)
    async with clocks.watched(has_gpu):
        for block in (None, *range(plan.blocks)):
            samples = []
            for shot in [one for one in shots if one.block == block]:
                await _require_wanted(held)
                alone.mine += 1
                samples.append(await _shoot(engine, plan, shot, f"{plan.run_id}-{held.claim.fence}"))
            async with held.writing() as (session, _):
                if not await service.add(session, plan.run_id, samples, 0 if block is None else block + 1):
                    raise Stopped
            if others := await alone.others():
                raise Voided("not_exclusive", f"The engine has answered others in between: {others}.")
            clocks.prove()


async def _require_wanted(held: Held) -> None:
    async with held.site.sessions() as session:
        if (await queries.run(session, held.subject)).state != "running":
            raise Stopped
        if await any_waiting(session):
            raise OnAir


async def _shoot(engine: EngineClient, plan: SpeedPlan, shot: Shot, salt: str) -> Measured:
    """One request from the socket to its last token. Raises EngineError, also for an answer of the wrong length."""
    racer = next(one for one in plan.racers if one.who == shot.who)
    length, fixed = plan.max_tokens[shot.ask], plan.kind == "duel" or shot.block is None
    request = CompletionRequest(
        model=racer.adapter.name,
        prompt=racer.rendered[shot.ask],
        max_tokens=length,
        temperature=plan.temperature,
        top_p=plan.top_p,
        seed=plan.seed,
        # What cannot be computed shows here, and nowhere else in a stream. It costs everybody the same.
        logprobs=1,
        # Nothing cached for one request may help another, nor the same one of an earlier attempt.
        cache_salt=f"{salt}-{shot.number}",
        **({"min_tokens": length, "ignore_eos": True} if fixed else {"stop": plan.stop}),
    )
    text, arrived = "", list[int]()
    try:
        async with aclosing(engine.stream(request, duel=True)) as events:
            async for event in events:
                if isinstance(event, TokenEvent):
                    text += event.text
                    arrived.append(event.at_ns)
                else:
                    end = event
    except NotNumbers:
        await start_anew(engine, racer.adapter.name)
        raise
    if end.completion_tokens != len(arrived) or not arrived or (fixed and len(arrived) != length):
        raise EngineError(
            f"{len(arrived)} tokens came, {end.completion_tokens} were counted, {length} were asked for"
        )
    return _measured(shot, request.cache_salt or "", end, arrived, None if fixed else text)


def _measured(shot: Shot, salt: str, end: FinishEvent, arrived: list[int], text: str | None) -> Measured:
    def us(at_ns: int) -> int:
        return (at_ns - end.sent_ns) // 1000

    return Measured(
        number=shot.number,
        block=shot.block,
        who=shot.who,
        ask=shot.ask,
        cache_salt=salt,
        head_us=us(end.head_ns),
        chunk_us=us(end.chunk_ns),
        arrived_us=[us(at_ns) for at_ns in arrived],
        end_us=us(end.at_ns),
        prompt_tokens=end.prompt_tokens,
        finish_reason=end.finish_reason,
        text=text,
        engine=end.metrics,
    )
