"""Running a duel: both sides under one lease on one node, every token into the record as it arrives.

An attempt that fails is made once more, on a standby where there is one; what follows after that is ruled in
`arena/duels/ruling.py`. The second attempt is the same in prompt, seed, parameters and adapters.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from time import perf_counter_ns
from uuid import UUID

import structlog

from arena.duels import attempts, service
from arena.duels.contracts import (
    ALTERNATIVES,
    RUN,
    DuelChanged,
    DuelPlan,
    Likely,
    Outcome,
    SideName,
    SidePlan,
    Token,
)
from arena.duels.program_service import dumped
from arena.duels.ruling import Ruling, Sides
from arena.nodes import public as nodes
from arena.pipeline import PIPELINE
from workers.control.attesting import attest
from workers.control.held import Held
from workers.control.loading import WrongAdapter, load, start_anew
from workers.control.watch import look_at
from workers.pool.client import (
    AdapterUnknown,
    DuelLive,
    EngineClient,
    EngineError,
    EngineNotReady,
    EngineRefused,
    EngineUnreachable,
    FinishEvent,
    NotNumbers,
    StreamBroken,
    StreamStalled,
    TokenEvent,
    is_too_long,
)
from workers.pool.protocol import CompletionRequest, ImageData

KIND = RUN
FLUSH_SECONDS = 0.15
"""How long tokens gather before they become one write and one live update."""

OUTCOMES: tuple[tuple[type[EngineError], Outcome], ...] = (
    (WrongAdapter, "wrong_adapter"),
    (NotNumbers, "not_numbers"),
    (EngineNotReady, "not_ready"),
    (DuelLive, "not_ready"),
    (AdapterUnknown, "adapter_missing"),
    (StreamStalled, "stalled"),
    (StreamBroken, "engine_died"),
    (EngineUnreachable, "node_lost"),
)
LETS_FINISH: frozenset[Outcome] = frozenset({"empty", "stalled", "too_slow"})
"""Faults of one side that say nothing about the other's answer. After any other the engine cannot be trusted."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Trial:
    """An attempt under way."""

    id: UUID
    plan: DuelPlan
    node: nodes.LeasedNode


@dataclass(frozen=True)
class Fault:
    outcome: Outcome
    reason: str

    def in_turn(self, turn: int) -> "Fault":
        return replace(self, reason=self.reason and f"turn {turn}: {self.reason}")


async def run(held: Held) -> None:
    last: nodes.LeasedNode | None = None
    while True:
        async with held.writing() as (session, _):
            await attempts.abandoned(session, held.subject)
            ruling = await attempts.ruled(session, held.subject)
        if ruling.what != "again":
            await _rule(held, ruling)
            return
        trial = await _begin(held, last)
        if await _try(held, trial):
            return
        last = trial.node


async def _begin(held: Held, last: nodes.LeasedNode | None) -> Trial:
    """Hold a node that has not failed this duel, or else one that has.

    `last` has failed a moment ago. When there is no other, the job goes back for some seconds: raises EngineError.
    """
    try:
        async with held.writing() as (session, job):
            plan = await service.plan(held.site, session, held.subject)
            tried = await attempts.of(session, held.subject)
            track = await service.track(session, held.subject)
            node = await nodes.lease(
                held.site,
                session,
                job,
                track.base_model,
                mode="duel",
                hardware_class=track.hardware_class,
                adapters=[side.adapter.digest for side in plan.sides],
                avoid=[attempt.node_id for attempt in tried],
            )
            if last is not None and node.node_id == last.node_id:
                raise EngineError(tried[-1].reason or "")
            await service.loading(session, held.subject, node)
            attempt = await attempts.begin(session, held.subject, node.node_id)
    except EngineError:
        # Write down how the node is now: the next attempt waits for it instead of running into the same wall.
        await look_at(held.site, node.url, node.bearer)
        raise
    return Trial(attempt.id, plan, node)


async def _try(held: Held, trial: Trial) -> bool:
    """Whether both have answered; the job is then done."""
    plan, node = trial.plan, trial.node
    try:
        async with EngineClient(
            node.url,
            node.bearer,
            first_token_seconds=plan.deadlines.first_token,
            stall_seconds=plan.deadlines.stall,
        ) as engine:
            fingerprints = {side.side: await load(held, engine, node, side.adapter) for side in plan.sides}
            names = [side.adapter.name for side in plan.sides]
            node = await attest(held, engine, node, plan.duel_id, plan.seed, names)
            async with held.writing() as (session, _):
                await service.live(session, held.subject, node)
            faults = await _turns(held, engine, plan)
            await _start_anew(engine, plan, faults)
    except EngineError as error:
        await _leave_the_stage(held, trial, attempts.both(_outcome(error)), str(error))
        return False
    except asyncio.CancelledError:
        await _leave_the_stage(held, trial, attempts.both("handed_back"), "the worker was shut down")
        raise
    if faults:
        await _leave_the_stage(held, trial, _sides(faults), "; ".join(_reasons(faults)))
        return False
    async with held.finishing() as session:
        await service.answered(session, held.subject, fingerprints)
        await attempts.end(session, trial.id, attempts.both("answered"), None)
        nodes.freed(session, node)
    return True


async def _leave_the_stage(held: Held, trial: Trial, sides: Sides, reason: str) -> None:
    async with held.writing() as (session, _):
        await attempts.end(session, trial.id, sides, reason)
        await service.interrupted(session, held.subject)


async def _rule(held: Held, ruling: Ruling) -> None:
    async with held.finishing() as session:
        tried = await attempts.of(session, held.subject)
        last = tried[-1].reason or ""
        if ruling.loser:
            reason = f"the {ruling.loser} side failed twice by its own doing and forfeits; last: {last}"
        else:
            reason = f"void after {len(tried)} attempts; last: {last}"
        await service.failed(session, held.subject, reason, ruling.loser)
        nodes.released(session, tried[-1].node_id)
    log.warning(f"duel_{ruling.what}", duel=str(held.subject), loser=ruling.loser, reason=reason)


def _outcome(error: EngineError) -> Outcome:
    for kind, outcome in OUTCOMES:
        if isinstance(error, kind):
            return outcome
    if isinstance(error, EngineRefused) and error.status < 500:
        if is_too_long(error):
            return "too_long"
        return "not_ready" if error.code == "engine.busy" else "adapter_refused"
    return "engine_error"


def _sides(faults: dict[SideName, Fault | None]) -> Sides:
    def one(side: SideName) -> Outcome:
        fault = faults[side]
        return fault.outcome if fault else "answered"

    return one("left"), one("right")


def _reasons(faults: dict[SideName, Fault | None]) -> list[str]:
    """What was wrong; a side that was only cut off has nothing to say."""
    return [f"{side}: {fault.reason}" for side, fault in faults.items() if fault and fault.reason]


async def _turns(held: Held, engine: EngineClient, plan: DuelPlan) -> dict[SideName, Fault | None]:
    """Turn after turn, as long as both answer: the next one begins when both have ended this one. Nobody is asked on
    whose duel was dumped: the producer waits for the engine."""
    while not (faults := await _answer(held, engine, plan)) and plan.turn < plan.turns:
        async with held.writing() as (session, _):
            await service.end_turn(session, held.subject, plan.turn)
            if await dumped(session, held.subject):
                break
            plan = await service.plan(held.site, session, held.subject, plan.turn + 1)
    if plan.turns == 1:
        return faults
    return {side: fault and fault.in_turn(plan.turn) for side, fault in faults.items()}


async def _answer(held: Held, engine: EngineClient, plan: DuelPlan) -> dict[SideName, Fault | None]:
    """Both sides at once, on the same terms. Empty when both have answered, else what was wrong with each."""
    inbox: Inbox = asyncio.Queue()
    silence = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_record(held, plan, inbox, perf_counter_ns(), silence))
            faults = await _both(engine, plan, inbox)
            silence.set()
    except ExceptionGroup as several:
        # The record could not be written: whoever waits wants one reason.
        raise several.exceptions[0] from several
    return faults if any(faults.values()) else {}


Inbox = asyncio.Queue[tuple[SidePlan, TokenEvent | FinishEvent]]


async def _both(engine: EngineClient, plan: DuelPlan, inbox: Inbox) -> dict[SideName, Fault | None]:
    speaking = {side.side: asyncio.create_task(_speak(engine, plan, side, inbox)) for side in plan.sides}
    pending = set(speaking.values())
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            ended = [fault for task in done if (fault := task.result())]
            if any(fault.outcome not in LETS_FINISH for fault in ended):
                # Whatever befell the engine reaches the other side in the same moment: hear it out, briefly.
                if pending:
                    await asyncio.wait(pending, timeout=FLUSH_SECONDS)
                break
    finally:
        for task in speaking.values():
            task.cancel()
        await asyncio.gather(*speaking.values(), return_exceptions=True)
    cut_off = Fault("cut_off", "")
    return {side: cut_off if task.cancelled() else task.result() for side, task in speaking.items()}


async def _speak(engine: EngineClient, plan: DuelPlan, side: SidePlan, inbox: Inbox) -> Fault | None:
    """One side to its end. None: it has answered."""
    request = CompletionRequest(
        model=side.adapter.name,
        prompt=side.rendered,
        max_tokens=plan.max_tokens,
        temperature=plan.temperature,
        top_p=plan.top_p,
        seed=plan.seed,
        stop=[plan.stop],
        # What was likely beside each token, for the page of the duel. What cannot be computed shows here too, and
        # nowhere else in a stream.
        logprobs=ALTERNATIVES,
        # Nothing cached for one side may help the other, nor a rival's earlier duel.
        cache_salt=f"{plan.duel_id}-{side.side}",
        images=[ImageData(media_type=image.media_type, body=image.body) for image in plan.images],
    )
    said = False
    try:
        async with (
            asyncio.timeout(plan.deadlines.answer),
            aclosing(engine.stream(request, duel=True)) as events,
        ):
            async for event in events:
                inbox.put_nowait((side, event))
                said = said or (isinstance(event, TokenEvent) and event.text.strip() != "")
    except TimeoutError:
        return Fault("too_slow", f"the answer was not complete after {plan.deadlines.answer:g} s")
    except EngineError as error:
        return Fault(_outcome(error), str(error))
    return None if said else Fault("empty", "the answer was empty")


async def _start_anew(engine: EngineClient, plan: DuelPlan, faults: dict[SideName, Fault | None]) -> None:
    for side in plan.sides:
        fault = faults.get(side.side)
        if fault is not None and fault.outcome == "not_numbers":
            await start_anew(engine, side.adapter.name)


async def _record(held: Held, plan: DuelPlan, inbox: Inbox, started: int, silence: asyncio.Event) -> None:
    """Write what arrived, a few times a second, until nobody speaks any more."""
    counts: dict[SideName, int] = {"left": 0, "right": 0}
    channels = PIPELINE.channels(DuelChanged(duel_id=plan.duel_id, episode_id=plan.episode_id))
    over = False
    while not over:
        await asyncio.sleep(FLUSH_SECONDS)
        # Asked before the inbox is emptied: what was said until then is written in this round.
        over = silence.is_set()
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
        # Straight to the pages: the record is committed, the hint need not queue behind the outbox.
        await held.site.bus.touch(channels)


def _tokens(events: Sequence[TokenEvent | FinishEvent], started: int) -> list[Token]:
    return [
        Token(
            token_id=event.token_id,
            text=event.text,
            at_us=(event.at_ns - started) // 1000,
            likely=tuple(Likely(text=text, logprob=logprob) for text, logprob in event.likely) or None,
        )
        for event in events
        if isinstance(event, TokenEvent)
    ]
