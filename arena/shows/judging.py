"""How a season is judged, as data: the rubric, the clock, the second look, and models that judge beside people."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from arena.kit.schemas import Contract
from arena.shows.training import Shown

CriterionId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,23}$")]
Anchor = Annotated[str, Field(min_length=1, max_length=120)]
Anchors = tuple[Anchor, Anchor, Anchor, Anchor, Anchor]
"""What 1, 2, 3, 4 and 5 mean."""
RoundKind = Literal["single", "follow_up", "debate"]
"""Kinds of duels (`duels.turns.DuelKind`), which may have rubrics of their own."""


class Criterion(Shown):
    id: CriterionId
    zh: str = Field(min_length=1, max_length=40)
    en: str = Field(min_length=1, max_length=40)
    anchors_zh: Anchors
    anchors_en: Anchors


Rubric = Annotated[tuple[Criterion, ...], Field(min_length=1, max_length=6)]

HELPFUL = Criterion(
    id="helpful",
    zh="切题有用",
    en="Helpful",
    anchors_zh=("答非所问", "只沾到一点边", "答了一部分", "答到了要点", "正是提问者需要的"),
    anchors_en=(
        "Misses the question",
        "Barely touches it",
        "Answers in part",
        "Answers it",
        "Exactly what was needed",
    ),
)
CORRECT = Criterion(
    id="correct",
    zh="正确",
    en="Correct",
    anchors_zh=("通篇错误", "要紧处有错", "有对有错", "只有小毛病", "没有发现错误"),
    anchors_en=(
        "Wrong throughout",
        "Wrong where it matters",
        "Right and wrong mixed",
        "Small slips",
        "No error found",
    ),
)
WRITTEN = Criterion(
    id="written",
    zh="文笔",
    en="Well written",
    anchors_zh=("读不懂", "费力才懂", "读得通", "清楚流畅", "值得再读一遍"),
    anchors_en=(
        "Cannot be followed",
        "Hard to follow",
        "Readable",
        "Clear and fluent",
        "Worth reading twice",
    ),
)


class SecondLook(Contract):
    """When the judges are at odds after their time is over, each looks once more, alone, for this long."""

    band: float = Field(default=1 / 3, ge=0, le=1)
    """At odds: left and right are at most this share of all verdicts apart, and both have at least one."""
    seconds: int = Field(default=45, ge=10, le=600)


class LlmJudge(Contract):
    """A model that judges beside people."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    endpoint: str = Field(min_length=1, max_length=40)
    """Name of one of the site's (`GAVEL_JUDGE_ENDPOINTS`), where address and key are."""
    model: str = Field(min_length=1, max_length=200)
    weight: float = 0
    """Of a person's verdict. 0: it is shown apart and decides nothing."""

    @field_validator("weight")
    @classmethod
    def _beside_people(cls, weight: float) -> float:
        if weight != 0:
            raise ValueError(
                "weight: models are shown beside people and decide nothing, because the signed count of a ballot holds "
                "people's verdicts alone; leave it at 0"
            )
        return weight


class JudgingRules(Contract):
    rubric: Rubric = (HELPFUL, CORRECT, WRITTEN)
    rubrics: dict[RoundKind, Rubric] = {}
    """For kinds of duels that have one of their own."""
    scores: Literal["off", "optional", "required"] = "optional"
    """1 to 5 for each side and criterion, beside the choice. They explain; the choice alone counts."""
    warn_seconds: int = Field(default=20, ge=0, le=300)
    """Before the end the desk says that time is running out."""
    rest_after: int = Field(default=12, ge=3, le=100)
    """Verdicts without a break, after which the desk asks for one."""
    second_look: SecondLook | None = None
    llm_judges: tuple[LlmJudge, ...] = Field(default=(), max_length=9)

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        for rubric in (self.rubric, *self.rubrics.values()):
            if len({one.id for one in rubric}) < len(rubric):
                raise ValueError("judging.rubric: two criteria have the same id")
        if len({one.id for one in self.llm_judges}) < len(self.llm_judges):
            raise ValueError("judging.llm_judges: two have the same id")
        return self

    def rubric_of(self, kind: RoundKind) -> tuple[Criterion, ...]:
        return self.rubrics.get(kind, self.rubric) if self.scores != "off" else ()
