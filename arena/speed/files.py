"""The file in which a run leaves the site once it is released."""

from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.files import AI_LABEL, AiLabel, AttestationFile
from arena.kit.errors import Conflict
from arena.nodes import public as nodes
from arena.speed import queries, service
from arena.speed.contracts import Question
from arena.speed.models import UNDER_WAY, SpeedRun
from arena.speed.schemas import SpeedFile


async def speed_file(session: AsyncSession, run: SpeedRun, sees_all: bool) -> SpeedFile:
    """Raises Conflict `speed.not_released`, for producers `speed.not_over`."""
    if run.state in UNDER_WAY:
        raise Conflict("speed.not_over", "There is nothing to release yet.")
    if not sees_all and run.released_at is None:
        raise Conflict("speed.not_released", "This measurement has not been released yet.")
    described = await queries.describe(session, run, sees_all)
    stated = []
    for digest in (described.attested_before, described.attested_after):
        found = await nodes.attestation(session, digest) if digest else None
        if digest and found:
            stated.append(AttestationFile(digest=digest, **found.model_dump()))
    return SpeedFile(
        ai_generated=True,
        ai_label=AiLabel.model_validate(AI_LABEL),
        format="gavel.speed-file.v1",
        run=described,
        prompts=[text for text, _ in service.asks(run)] if run.kind == "duel" else [],
        questions=[Question.model_validate(one) for one in run.questions],
        items_digest=run.items_digest,
        requests=[one.model_copy(update={"text": None}) for one in await queries.measured(session, run.id)],
        attestations=stated,
    )
