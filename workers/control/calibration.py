"""Measuring the nodes of one class, one after the other, each alone: what `arena.nodes.calibration` compares."""

import math
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

import structlog

from arena.kit.jobs import service as jobs
from arena.nodes import calibrating
from arena.nodes import public as nodes
from arena.nodes.calibration import PROMPTS, Said, Shown
from arena.shows.base_models import BASE_MODELS
from arena.shows.public import CalibrationRules
from arena.speed.rules import throttled
from workers.control.alone import Alone
from workers.control.attesting import attest
from workers.control.held import Held
from workers.control.upkeep import DUEL_FIRST
from workers.control.watch import look_at
from workers.pool.client import EngineClient, EngineError, FinishEvent, TokenEvent
from workers.pool.protocol import CompletionRequest

KIND = nodes.CALIBRATE
SEED = 0
"""Greedy answers draw nothing; a statement names a seed all the same."""

log = structlog.get_logger()


class OnAir(Exception):
    """A duel wants an engine."""


@dataclass(frozen=True)
class Turn:
    """Everything one node is asked with."""

    id: UUID
    node: nodes.LeasedNode
    prompts: list[str]
    rules: CalibrationRules


async def run(held: Held) -> None:
    while (turn := await _next(held)) is not None:
        try:
            node, shown = await _measure(held, turn)
        except OnAir:
            # In one transaction: the duel that is woken by this finds the engine free. Who was measured stays measured.
            async with held.writing() as (session, job):
                await jobs.defer(session, job, DUEL_FIRST)
                nodes.freed(session, turn.node)
            return
        except EngineError as error:
            # One broken engine is no reason not to compare the others.
            log.warning("calibration_left_out", node=str(turn.node.node_id), reason=str(error))
            await look_at(held.site, turn.node.url, turn.node.bearer)
            async with held.writing() as (session, job):
                await calibrating.left_out(session, held.subject, turn.node.node_id, str(error))
                await nodes.let_go(session, job)
        else:
            async with held.writing() as (session, job):
                await calibrating.measured(session, held.subject, node, shown)
                await nodes.let_go(session, job)
    async with held.finishing() as session:
        await calibrating.settle(session, held.subject)


async def _next(held: Held) -> Turn | None:
    """The next node, held; None when everybody has had a turn. Raises NotReady while the node is at work."""
    async with held.writing() as (session, job):
        asked = await calibrating.held(session, held.subject)
        found = await calibrating.next_turn(session, asked)
        if found is None:
            return None
        node = await nodes.lease(held.site, session, job, asked.base_model, "calibration", only=found.node_id)
        base = BASE_MODELS[asked.base_model]
        return Turn(
            id=found.id,
            node=node,
            prompts=[base.render(text) for text in PROMPTS],
            rules=CalibrationRules.model_validate(asked.rules),
        )


async def _measure(held: Held, turn: Turn) -> tuple[nodes.LeasedNode, Shown]:
    """The node with its attestation, and what it showed. Raises EngineError, also for an answer that somebody shared
    with, or a clock that was held down; OnAir."""
    async with EngineClient(turn.node.url, turn.node.bearer) as engine:
        identity = (await engine.health()).identity
        if identity is None:
            raise EngineError("the engine has no identity adapter: there is no untuned model to ask")
        node = await attest(held, engine, turn.node, turn.id, SEED, [identity.name])
        alone = await Alone.begin(engine)
        blocks = []
        for block in (None, *range(turn.rules.blocks)):
            answers = []
            for number, prompt in enumerate(turn.prompts):
                await _require_spare(held, turn.node.node_id)
                alone.mine += 1
                salt = f"{turn.id}-{held.claim.fence}-{block}-{number}"
                answers.append(await _ask(engine, identity.name, prompt, turn.rules.tokens, salt))
            if others := await alone.others():
                raise EngineError(f"the engine has answered others in between: {others}")
            if block is not None:  # the first is for warming up
                blocks.append(answers)
        said = await engine.attestation(nodes.Wanted(challenge=f"{turn.id}-after"))
        if throttled(said.read()):
            raise EngineError("a GPU held its clock down: power, heat, or a card beside it")
    return node, _shown(blocks)


async def _require_spare(held: Held, node_id: UUID) -> None:
    """Who waits for another engine, or for the verdict of this very calibration, is no reason to step back."""
    async with held.site.sessions() as session:
        if await nodes.wanted_on_air(session, node_id):
            raise OnAir


@dataclass(frozen=True)
class _Answer:
    said: Said
    decode: float
    first_token_ms: float


async def _ask(engine: EngineClient, model: str, prompt: str, length: int, salt: str) -> _Answer:
    """Raises EngineError, also for an answer of the wrong length, or without log-probabilities."""
    request = CompletionRequest(
        model=model,
        prompt=prompt,
        max_tokens=length,
        min_tokens=length,
        ignore_eos=True,
        temperature=0,
        logprobs=1,
        cache_salt=salt,
    )
    events: list[TokenEvent] = []
    end: FinishEvent | None = None
    async with aclosing(engine.stream(request, duel=True)) as stream:
        async for event in stream:
            if isinstance(event, TokenEvent):
                events.append(event)
            else:
                end = event
    if end is None or len(events) != length:
        raise EngineError(f"{len(events)} tokens came, {length} were asked for")
    if not all(event.likely for event in events):
        raise EngineError("the engine does not say how likely its tokens were")
    first, last = events[0].at_ns, events[-1].at_ns
    return _Answer(
        said=Said(
            tokens=tuple(event.token_id for event in events),
            logprobs=tuple(event.likely[0][1] for event in events),
        ),
        decode=(length - 1) * 1e9 / max(last - first, 1),
        first_token_ms=max(first - end.sent_ns, 1) / 1e6,
    )


def _shown(blocks: list[list[_Answer]]) -> Shown:
    said = [[answer.said.tokens for answer in block] for block in blocks]
    return Shown(
        decode=tuple(_mean([answer.decode for answer in block]) for block in blocks),
        first_token_ms=tuple(_mean([answer.first_token_ms for answer in block]) for block in blocks),
        answers=tuple(answer.said for answer in blocks[0]),
        steady=all(block == said[0] for block in said),
    )


def _mean(values: list[float]) -> float:
    """Geometric."""
    return math.exp(math.fsum(map(math.log, values)) / len(values))
