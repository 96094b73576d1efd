"""Ask the panel of models about a duel: each of them, in both orders, at most twice."""

import asyncio
import os
from typing import Any

import structlog

from arena.config import JudgeEndpoint
from arena.judging import empanelling
from arena.judging.contracts import PANEL, PanelQuestion
from arena.judging.empanelling import Heard
from arena.judging.panel import MAX_REPLY_TOKENS, ORDERS, Order, ask, read
from arena.kit import chat
from arena.shows.judging import LlmJudge
from arena.votes.contracts import Choice
from workers.control.held import Held

KIND = PANEL
TRIES = 2
KEPT_CHARS = 1000
"""Of what a model said, for whoever wonders why it abstained."""

log = structlog.get_logger()


async def run(held: Held) -> None:
    async with held.writing() as (session, _):
        plan = await empanelling.plan(session, held.subject)
    endpoints = held.site.settings.judge_endpoints
    heard = await asyncio.gather(
        *(_hear(judge, plan.question, endpoints.get(judge.endpoint)) for judge in plan.judges)
    )
    async with held.finishing() as session:
        await empanelling.keep(session, held.subject, heard)


async def _hear(judge: LlmJudge, question: PanelQuestion | None, endpoint: JudgeEndpoint | None) -> Heard:
    if question is None:
        return Heard(judge, None, "off_air", [])
    if endpoint is None:
        return Heard(judge, None, "unconfigured", [])
    said: list[dict[str, Any]] = []
    choices: list[Choice | None] = []
    for order in ORDERS:
        try:
            choices.append(await _one_way(judge, question, endpoint, order, said))
        except chat.NoAnswer as error:
            log.warning("panel_unreachable", judge=judge.id, endpoint=judge.endpoint, error=str(error))
            return Heard(judge, None, "unreachable", said)
    first, second = choices
    if first is None or second is None:
        return Heard(judge, None, "malformed", said)
    if first != second:
        return Heard(judge, None, "flip", said)
    return Heard(judge, first, None, said)


async def _one_way(
    judge: LlmJudge,
    question: PanelQuestion,
    endpoint: JudgeEndpoint,
    order: Order,
    said: list[dict[str, Any]],
) -> Choice | None:
    for _ in range(TRIES):
        asked = ask(question, order)
        words = await chat.ask(
            endpoint.url.rstrip("/"),
            judge.model,
            asked.messages,
            token=os.environ.get(endpoint.key_env, "") if endpoint.key_env else "",
            max_tokens=MAX_REPLY_TOKENS,
            seconds=endpoint.seconds,
        )
        choice = read(asked, words)
        said.append({"order": order, "choice": choice, "words": words.replace("\x00", "\ufffd")[:KEPT_CHARS]})
        if choice is not None:
            return choice
    return None
