"""What happens to preference sets: made of a season's duels, looked at again, trained on."""

from collections import Counter
from collections.abc import AsyncIterator, Collection
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from arena.accounts.public import Caller, Person
from arena.duels import public as duels
from arena.duels.contracts import OTHER
from arena.duels.public import Answer, Duel
from arena.kit.db import Json
from arena.kit.errors import Conflict, Invalid
from arena.kit.site import Site
from arena.moderation.public import check_all
from arena.nodes.public import LeasedNode
from arena.preferences import queries
from arena.preferences.models import PreferenceSet
from arena.preferences.rules import Reason, StillAsked, heard_by, pair, preferred
from arena.preferences.schemas import NewCandidate
from arena.ratings.public import Weights
from arena.shows.public import Season, declared_preferences, season_rules
from arena.shows.training import TrainingSpec
from arena.submissions import public as submissions
from arena.submissions.adapter_config import AdapterConfig
from arena.submissions.datasets.contracts import DatasetReport
from arena.submissions.datasets.rows import Row
from arena.training import ordering
from arena.training.models import TrainingRun
from arena.training.schemas import NewTraining
from arena.votes import public as votes


@dataclass(frozen=True)
class Built:
    """What a season's duels give now. `rows` and `pairs` go together."""

    rows: list[bytes]
    pairs: list[Json]
    left_out: list[Json]

    @property
    def body(self) -> bytes:
        return b"".join(row + b"\n" for row in self.rows)


async def build(session: AsyncSession, season: Season, episodes: Collection[UUID], least: float) -> Built:
    """The pairs of these episodes, or of the whole season, in the order of the show: the same duels and words give the
    same bytes. Raises Conflict `preferences.not_declared`."""
    declared = declared_preferences(season.rules)
    if declared == "none":
        raise Conflict(
            "preferences.not_declared",
            "This season has not declared that verdicts teach a model, so nobody who judged was told. "
            "The rules of the next season can say so.",
        )
    weights = heard_by(await season_rules(session, season.id), declared)
    still_asked = StillAsked(await queries.still_asked(session))
    built = Built([], [], [])
    for duel in await queries.duels_of(session, season.id, episodes):
        found = await _pair(session, duel, weights, least, still_asked)
        if isinstance(found, str):
            built.left_out.append({"duel": str(duel.id), "reason": found})
        else:
            row, lineage = found
            built.rows.append(row.canonical())
            built.pairs.append(lineage)
    return built


async def _pair(
    session: AsyncSession, duel: Duel, weights: Weights, least: float, still_asked: StillAsked
) -> tuple[Row, Json] | Reason:
    """The row and where it comes from, or the first reason why there is none."""
    if duel.state == "failed":
        return "void"
    if duel.revealed_at is None:
        return "not_revealed"
    if LeasedNode.model_validate(duel.node).rehearsal:
        return "rehearsal"
    answers = await duels.answers(session, duel.id)
    if any(answer.air in duels.OFF_AIR for answer in answers.values()):
        return "off_air"
    # Held, and let go by a person: good enough for one evening is not good enough for a model.
    if await duels.decisions_of(session, duel.id):
        return "moderated"
    if duel.images:
        return "images"
    # Judged as a whole, and from the second turn on its sides are in conversations of their own: nothing of it is two
    # answers to the same question.
    if duel.turns > 1:
        return "several_turns"
    ballot = await votes.ballot_of(session, duel.id)
    if ballot is None or ballot.state not in votes.FINAL:
        return "no_verdict"
    crowd, judges = await votes.tallies(session, ballot)
    clear = preferred(crowd, judges, weights, least)
    if isinstance(clear, str):
        return clear
    chosen, rejected = answers[clear.side], answers[OTHER[clear.side]]
    row = pair(duel.prompt, chosen.text, rejected.text)
    if isinstance(row, str):
        return row
    if still_asked.said_in(row):
        return "still_asked"
    # By the lists of today: they may know more than those of the evening.
    texts = [message["content"] for message in (*row.asked, *row.answered)]
    if any(verdict.refused for verdict in await check_all(session, texts)):
        return "moderated"
    return row, {
        "duel": str(duel.id),
        "episode": str(duel.episode_id),
        "number": duel.number,
        "side": clear.side,
        "weight": clear.weight,
        "judges": asdict(judges),
        "crowd": asdict(crowd) if weights.crowd > 0 else None,
        "ledger_root": ballot.root,
        "chosen": _of(chosen),
        "rejected": _of(rejected),
    }


def _of(answer: Answer) -> Json:
    return {
        "entry": str(answer.entry_id),
        "submission": str(answer.submission_id),
        "system_prompt": answer.system_digest is not None,
        "record": answer.provenance_hash,
    }


async def make(
    site: Site, session: AsyncSession, season: Season, episodes: list[UUID], least: float, by: Person
) -> PreferenceSet:
    """Build a set, seal it, and send it through the check of every data set.

    Raises Invalid `preferences.unknown_episode`; Conflict `preferences.not_declared`, `preferences.nothing` when no
    duel gives a pair, `preferences.unchanged` when there is a set of the same rows.
    """
    # One at a time: of two who press at once, the second learns that the set is there.
    await session.execute(select(Season.id).where(Season.id == season.id).with_for_update(key_share=True))
    for number, episode_id in enumerate(episodes):
        if not await queries.is_of_season(session, season.id, episode_id):
            raise Invalid(
                "preferences.unknown_episode",
                "There is no such episode in this season.",
                field=f"episodes.{number}",
                episode=str(episode_id),
            )
    built = await build(session, season, episodes, least)
    if not built.rows:
        counts = dict(Counter(one["reason"] for one in built.left_out))
        raise Conflict(
            "preferences.nothing",
            f"None of {len(built.left_out)} duels gives a pair. The reasons are counted in the detail.",
            left_out=counts,
        )
    body = built.body
    digest = sha256(body).hexdigest()
    same = await queries.of_digest(session, season.id, digest)
    if same is not None:
        raise Conflict(
            "preferences.unchanged", "There is a set of exactly these rows already.", set_id=str(same.id)
        )
    _, version = await submissions.enter_dataset(site, session, season, by, body)
    row = PreferenceSet(
        season_id=season.id,
        made_by=by.id,
        rules_digest=season.rules_digest,
        asked={"episodes": [str(one) for one in episodes], "least": least},
        digest=digest,
        rows=len(built.rows),
        size_bytes=len(body),
        pairs=built.pairs,
        left_out=built.left_out,
        submission_id=version.id,
    )
    session.add(row)
    await session.flush()
    return row


async def train(
    site: Site, session: AsyncSession, caller: Caller, row: PreferenceSet, asked: NewCandidate
) -> TrainingRun:
    """Order a DPO run that begins with the parent's adapter, and becomes the candidate's next version.

    What the lab's check would take out of the rows is not learned: then the cleaned version is trained. Raises Conflict
    `preferences.outdated`, Invalid `preferences.no_parent`, and all that `training.ordering.order` raises.
    """
    await require_usable(session, row)
    found = await submissions.with_entry(session, row.submission_id)
    parent = await submissions.with_entry(session, asked.parent)
    assert found is not None, "it is kept with the set"
    config = await _adapter_of(site, session, row, parent)
    entry, version = found
    if version.state in ("verified", "refused"):
        check = await submissions.dataset_check(session, version.id)
        report = DatasetReport.model_validate(check.report)
        if report.cleaned is not None and check.accepted_at is None:
            await submissions.accept_cleaned(session, entry, version, caller.somebody)
    context = (await season_rules(session, row.season_id)).track.base.context
    new = NewTraining(
        entry_id=entry.id, dataset=version.id, spec=_spec(asked, config, context), parent=asked.parent
    )
    return await ordering.order(site, session, caller, new)


def _spec(asked: NewCandidate, parent: AdapterConfig, context: int) -> TrainingSpec:
    """Training goes on with the parent's tensors, so it has their shape. Raises Invalid for one that no run has."""
    shape = {"rank": parent.rank, "alpha": parent.alpha, "target_modules": parent.targets}
    try:
        return TrainingSpec.model_validate(
            {
                **asked.model_dump(exclude={"parent"}),
                **shape,
                "recipe": "dpo",
                "method": "rslora" if parent.use_rslora else "lora",
                "max_length": context,
            }
        )
    except ValidationError as error:
        raise _no_parent() from error


async def _adapter_of(
    site: Site,
    session: AsyncSession,
    row: PreferenceSet,
    parent: tuple[submissions.Entry, submissions.Submission] | None,
) -> AdapterConfig:
    config = None
    if parent is not None and parent[0].season_id == row.season_id and parent[1].artifact == "adapter":
        config = parent[1].digest and await submissions.sealed_config(
            site, session, parent[0], parent[1].digest
        )
    if not config:
        raise _no_parent()
    return config


def _no_parent() -> Invalid:
    return Invalid(
        "preferences.no_parent",
        "parent: choose a version of this season that is an adapter, of a shape that can be trained.",
        field="parent",
    )


async def outdated(session: AsyncSession, row: PreferenceSet) -> list[Json]:
    """Pairs that would not be made today, each with the reason: a prompt is on its way to the stage again, a word list
    has learned. Duels that came since do not matter."""
    season = await session.get_one(Season, row.season_id)
    now = await build(
        session, season, [UUID(one) for one in row.asked["episodes"]], float(row.asked["least"])
    )
    reasons = {one["duel"]: one["reason"] for one in now.left_out}
    return [
        {"duel": pair["duel"], "reason": reasons[pair["duel"]]}
        for pair in row.pairs
        if pair["duel"] in reasons
    ]


async def require_usable(session: AsyncSession, row: PreferenceSet) -> None:
    """Raises Conflict `preferences.outdated`: what may not be shown or told any more leaves the house in no file."""
    gone = await outdated(session, row)
    if gone:
        raise Conflict(
            "preferences.outdated",
            f"{len(gone)} of {row.rows} pairs would not be made any more. Build the set again.",
            left_out=dict(Counter(one["reason"] for one in gone)),
        )


async def lines(site: Site, row: PreferenceSet) -> AsyncIterator[bytes]:
    """The file for people: each pair with its weight, where it comes from, and the label of what a machine has said."""
    label = {
        **duels.LABELLED,
        "AIGC": {
            "Label": "1",
            "ContentProducer": site.settings.provider_name,
            "ProduceID": str(row.id),
        },
    }
    body = await submissions.read_dataset(site, row.digest)
    for line, lineage in zip(body.splitlines(), row.pairs, strict=True):
        said: dict[str, Any] = {
            **orjson.loads(line),
            **label,
            "weight": lineage["weight"],
            "lineage": lineage,
        }
        yield orjson.dumps(said) + b"\n"
