"""The trace of a duel for everybody, after the reveal: how sure each model was, and what it did not say.

What was kept off the air stays off here: of an answer behind a card there is no token and no number. Alternatives come
through `alternatives`, so one that may not be read has its probability and no word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels import alternatives, queries
from arena.duels.contracts import SIDES
from arena.duels.models import Answer, AnswerToken, Duel
from arena.duels.program import OFF_AIR
from arena.duels.schemas import (
    AlternativeOut,
    AttentionStatus,
    EntryName,
    TraceOut,
    TraceSide,
    TraceStep,
    off_air,
)
from arena.duels.trace import Likely, ended, measures, spoken
from arena.kit.errors import Forbidden
from arena.kit.site import Site


def require_revealed(duel: Duel) -> None:
    if duel.revealed_at is None:
        raise Forbidden("trace.not_revealed", "What the models nearly said opens with the reveal.")


async def withheld(session: AsyncSession, row: Answer) -> bool:
    """Whether the answer, or one that its side was given to go on from, was taken off air: what is likely after words
    that may not be read are those words again."""
    rows = await queries.all_answers(session, row.duel_id)
    return any(one.air in OFF_AIR for one in rows if one.id == row.id or one.turn < row.turn)


async def read(
    site: Site, session: AsyncSession, duel: Duel, turn: int, see_reasons: bool = False
) -> TraceOut:
    """Raises Forbidden `trace.not_revealed`, NotFound for a turn that there is not. `see_reasons`: why a lab has failed
    is for those who run the site."""
    require_revealed(duel)
    rows = await queries.answers_of_turn(session, duel, turn)
    view_of = {view.number: view for view in await queries.turns(session, duel)}[turn]
    names = (await queries.names_in(session, [duel.id])).get(duel.id, ())
    sides = {}
    for side in SIDES:
        row, view = rows[side], view_of.sides[side]
        hidden = row.air in OFF_AIR
        sides[side] = TraceSide(
            entry=EntryName.model_validate(view.entry),
            off_air=off_air(view.off_air),
            finish_reason=view.finish_reason,
            text=view.text,
            steps=[] if hidden else await _steps(site, session, row, view.text, names),
            attention=AttentionStatus.of(*await queries.attention(session, row.id), see_reasons),
        )
    return TraceOut(
        duel_id=duel.id,
        episode_id=duel.episode_id,
        number=duel.number,
        turn=turn,
        turns=duel.turns,
        prompt=view_of.prompt,
        temperature=duel.sampling["temperature"],
        left=sides["left"],
        right=sides["right"],
    )


@dataclass(frozen=True)
class Piece:
    """What one token put into the answer, and what was likely in its place, if the engine said so."""

    text: str
    likely: list[Likely] | None


async def pieces_of(session: AsyncSession, answer: Answer, text: str) -> tuple[list[Piece], bool]:
    """The answer token by token, and whether every token is known to stand where it was said."""
    statement = (
        select(AnswerToken.text, AnswerToken.likely)
        .where(AnswerToken.answer_id == answer.id)
        .order_by(AnswerToken.index)
    )
    rows = [(said, likely) for said, likely in (await session.execute(statement)).all()]
    pieces = spoken(text, [likely[0][0] if likely else said for said, likely in rows])
    # Else the engine reads its tokens otherwise than it writes them: what came with each will have to do.
    texts = pieces if pieces is not None else [said for said, _ in rows]
    return [Piece(piece, row[1]) for piece, row in zip(texts, rows, strict=True)], pieces is not None


async def _steps(
    site: Site, session: AsyncSession, answer: Answer, text: str, names: tuple[str, ...]
) -> list[TraceStep]:
    """Nothing for an answer of an earlier release, of which no alternatives were kept."""
    pieces, placed = await pieces_of(session, answer, text)
    if not any(piece.likely for piece in pieces):
        return []
    pieces = pieces[: ended([piece.text for piece in pieces])]
    others = [[(word, logprob) for word, logprob in (piece.likely or [])[1:]] for piece in pieces]
    if placed and not await withheld(session, answer):
        texts = [piece.text for piece in pieces]
        seen = await alternatives.seen(site, session, names, texts, others)
    else:
        seen = alternatives.none_of(others)
    return [_step(*one) for one in zip(pieces, others, seen, strict=True)]


def _step(piece: Piece, others: Sequence[Likely], may: Sequence[bool]) -> TraceStep:
    known = measures(piece.likely) if piece.likely else None
    return TraceStep(
        text=piece.text,
        probability=known and known.probability,
        entropy=known and known.entropy,
        margin=known and known.margin,
        surprise=known and known.surprise,
        alternatives=[
            AlternativeOut(text=word if shown else None, probability=exp(logprob))
            for (word, logprob), shown in zip(others, may, strict=True)
        ],
    )
