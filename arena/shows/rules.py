"""The rules of a season, as data: declared before it opens, hashed, and shown."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

import rfc8785
from pydantic import Field, model_validator

from arena.kit.schemas import Contract
from arena.shows.base_models import BASE_MODELS, HOUSE_MODEL, BaseModel
from arena.shows.judging import JudgingRules
from arena.shows.training import TrainingRules

Artifact = Literal["adapter", "dataset", "prompt", "model"]
"""The kinds of things that can be entered."""
Preferences = Literal["none", "verdicts", "verdicts+votes"]
"""What of a season may teach a model which of two answers was preferred."""


class Track(Contract):
    """The closed division: same base model, same hardware class, same limits for everyone."""

    base_model: str = HOUSE_MODEL.id
    hardware_class: str = "any"
    """A class that nodes are attested to; "any" for a practice season on one laptop."""
    max_rank: int = HOUSE_MODEL.max_rank
    max_bytes: int = 64 << 20
    """Of an adapter's weights."""
    artifacts: tuple[Artifact, ...] = ("adapter", "prompt")
    """What may be entered."""
    max_dataset_bytes: int = 200 << 20
    max_system_chars: int = 1000
    """Of a system prompt. Whether its tokens fit beside question and answer is counted when it is measured."""
    max_model_bytes: int = 2 << 30
    """Of a full model's weights, all shards together."""
    template_digest: str = HOUSE_MODEL.template_digest
    system_template_digest: str = HOUSE_MODEL.system_template_digest
    """Of the template with a place for an entry's system prompt."""
    training: TrainingRules | None = None
    """How data sets are trained on this track; None: they are not."""

    @model_validator(mode="before")
    @classmethod
    def _as_the_base_has_it(cls, said: Any) -> Any:
        """What is not said about a base model is as that one has it, and not as the house model."""
        base = BASE_MODELS.get(said.get("base_model", HOUSE_MODEL.id)) if isinstance(said, dict) else None
        if base is None:
            return said
        own = {
            "max_rank": base.max_rank,
            "template_digest": base.template_digest,
            "system_template_digest": base.system_template_digest,
        }
        return own | said

    @model_validator(mode="after")
    def _fits_the_base(self) -> Self:
        base = BASE_MODELS.get(self.base_model)
        if base is None:
            raise ValueError(
                f"base_model: this site knows no {self.base_model!r}, only {', '.join(BASE_MODELS)}; "
                "GAVEL_BASE_MODELS adds more"
            )
        if self.max_rank > base.max_rank:
            raise ValueError(f"max_rank: {base.id} takes adapters up to rank {base.max_rank}")
        if (self.template_digest, self.system_template_digest) != (
            base.template_digest,
            base.system_template_digest,
        ):
            raise ValueError(
                f"template_digest: the template of {base.id} is another one by now; a season keeps the one that it "
                "began with, so give the changed model another id"
            )
        return self

    @property
    def base(self) -> BaseModel:
        return BASE_MODELS[self.base_model]


class Sampling(Contract):
    """How every answer of the season is drawn; both sides of a duel get exactly this."""

    max_tokens: int = 120
    temperature: float = 0.7
    top_p: float = 0.9


class Deadlines(Contract):
    """Seconds that a side of a duel has on the engine; whoever is later has failed this attempt. The same for both
    sides, and wide enough for an engine on a laptop's processor."""

    first_token: float = Field(default=20, gt=0, le=600)
    stall: float = Field(default=10, gt=0, le=600)
    """Between two tokens."""
    answer: float = Field(default=120, gt=0, le=600)
    """From the request to the last token."""


class SpeedRules(Contract):
    """How speed is measured, the same for everybody."""

    blocks: int = Field(default=7, ge=5, le=20)
    """Every block asks both entries and the house twice each; the interval is taken over blocks."""
    tokens: int = Field(default=64, ge=8, le=512)
    """Length of every measured answer."""
    tie_band: float = Field(default=0.02, ge=0, lt=0.5)
    """Differences up to this share are called a tie, however narrow the interval."""


class CalibrationRules(Contract):
    """When two nodes of one hardware class count as the same machine."""

    band: float = Field(default=0.1, gt=0, le=1)
    """Share by which one may decode faster than the other."""
    tolerance: float = Field(default=0.25, gt=0, le=5)
    """How far the log-probabilities of two answers may be apart where their tokens part: two steps of BF16 at the size
    that logits have (16 to 32)."""
    blocks: int = Field(default=5, ge=3, le=20)
    tokens: int = Field(default=48, ge=8, le=512)
    """Length of every measured answer."""


class Weights(Contract):
    """Share of judges and crowd in the creativity rating; each series is first normalised by its own mass."""

    judges: float = Field(default=0.5, ge=0, le=1)
    crowd: float = Field(default=0.5, ge=0, le=1)


class OverallWeights(Contract):
    """Share of each axis of the board in the overall score. Who has no score on one that counts has none overall."""

    creativity: float = Field(default=0.5, ge=0, le=1)
    accuracy: float = Field(default=0.3, ge=0, le=1)
    speed: float = Field(default=0.2, ge=0, le=1)

    @model_validator(mode="after")
    def _weighs_something(self) -> Self:
        if self.creativity + self.accuracy + self.speed == 0:
            raise ValueError("overall_weights: at least one axis must count")
        return self


StyleFeature = Literal["characters", "headers", "lists", "bold", "code"]
"""Of an answer: characters that are no white space, Markdown headings, list items, bold passages, pieces of code."""


class RatingRules(Contract):
    """How duels become ratings and who meets next, beside the weights."""

    style_control: bool = False
    """Whether what voters give to length and layout is taken out of the ratings."""
    style_features: tuple[StyleFeature, ...] = Field(
        default=("characters", "headers", "lists", "bold", "code"), min_length=1
    )
    """What of it. Each feature asks for one duel more before anybody can be rated."""
    rounds: int = Field(default=1, ge=0, le=20)
    """How often each pair is suggested before pairs are drawn by what one more duel would tell."""
    stage_lead: int = Field(default=2, ge=1, le=20)
    """How many duels of an episode an entry may be ahead of the average and still be suggested."""


class FlagRules(Contract):
    """When a voter is flagged, before the count is signed. Flagged votes stand in their own column, for everybody to
    see; they decide nothing, and none is deleted."""

    cohort_least: int = Field(default=15, ge=5, le=1000)
    """Voters who came alike: fewer are never flagged together."""
    cohort_alpha: float = Field(default=1e-6, gt=0, le=0.01)
    """The chance, on a ballot, that any group is flagged whose voters chose as the others did."""
    cohort_purity: float = Field(default=0.94, ge=0.5, lt=1)
    """The least share of those flagged who are there beyond chance: a hall or a carrier is one address."""
    burst_seconds: float = Field(default=60, ge=1, le=3600)
    """Tokens signed within so many seconds came alike."""
    voter_least: int = Field(default=8, ge=5, le=1000)
    """Ballots: with fewer a voter is never flagged for how they vote."""
    voter_alpha: float = Field(default=1e-5, gt=0, le=0.01)
    """The chance that a sincere voter is ever flagged by one rule about voters, in the whole season."""
    taste: float = Field(default=0.7, ge=0, le=3)
    """How far sincere voters' tastes differ from the crowd's, in logits: so that a fan is no cheat."""
    clique_least: int = Field(default=5, ge=3, le=1000)
    """Fewer who always agree may be friends."""
    clique_alpha: float = Field(default=1e-4, gt=0, le=0.01)
    """The chance that any pair of independent voters is taken for more, in the whole season."""
    look_back: int = Field(default=60, ge=1, le=1000)
    """How many ballots before this one tell how a voter votes."""
    hold_share: float = Field(default=0.05, ge=0, le=1)
    """Where rules flag at least this share of a ballot's voters, it waits for a producer to look before it is
    certified."""


Frame = Annotated[str, Field(pattern=r"\{answer\}")]


class Frames(Contract):
    """What a side of a debate is given from its second turn on, by the language of the topic; `{answer}` is what the
    other side has said last. It names nobody."""

    zh: Frame = "对方说：“{answer}”请用几句话回应对方。"
    en: Frame = "Your opponent said: “{answer}” Reply to that in at most a few sentences."


class SeasonRules(Contract):
    track: Track = Track()
    sampling: Sampling = Sampling()
    deadlines: Deadlines = Deadlines()
    speed: SpeedRules = SpeedRules()
    calibration: CalibrationRules = CalibrationRules()
    weights: Weights = Weights()
    ratings: RatingRules = RatingRules()
    overall_weights: OverallWeights = OverallWeights()
    frames: Frames = Frames()
    flags: FlagRules = FlagRules()
    suite: str = "reasoning"
    """What is asked at admission. It ranks."""
    extent: Literal["air", "full"] = "air"
    """Which questions of a suite are asked at admission and count: its air set, or all. One for everybody, so that
    nobody's answers to all questions stand beside others' answers to a few."""
    suites: tuple[str, ...] = ("arithmetic", "chinese", "english", "format", "reading")
    """Further suites that count on the page of scores."""
    suite_weights: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = {}
    """Of the suites in the overall accuracy. Empty: `suite` alone. Who has no score in one of them has none overall."""
    judge_seconds: int = Field(default=60, ge=0)
    """How long the judges have after a vote has closed for the viewers."""
    judging: JudgingRules = JudgingRules()
    preferences: Preferences = "verdicts"
    """Of whose words the season's producers may make preference pairs: nobody's, the judges', or the hall's, too. Who
    judges or votes is told beside the buttons; only counts leave the ledger, and never who said what. The answers are
    what models have said, on the entries' rules."""
    hold_seconds: int = Field(default=7, ge=0, le=30)
    """How long an answer waits in the program buffer before it goes on air."""
    max_prompt_chars: int = 600
    max_entries: int = 3
    """Per person."""
    max_versions: int = 20
    """Submissions per entry; a fault of the platform does not count."""
    versions_per_day: int = 10
    """Submissions per entry within 24 hours, counted the same way."""
    closes_at: datetime | None = None
    """The last byte of a submission must be here by then, on the database's clock."""

    @property
    def digest(self) -> str:
        return sha256(rfc8785.dumps(self.model_dump(mode="json"))).hexdigest()


def declared_preferences(rules: Mapping[str, Any]) -> Preferences:
    """Of a season's stored rules. A season of an earlier release has hashed no such word, so nobody was told: none."""
    return SeasonRules.model_validate(rules).preferences if "preferences" in rules else "none"


def declared_flags(rules: Mapping[str, Any]) -> FlagRules | None:
    """Of a season's stored rules. A season of an earlier release has hashed none: nobody was told, none is flagged."""
    return SeasonRules.model_validate(rules).flags if "flags" in rules else None


def declared_overall(rules: Mapping[str, Any]) -> OverallWeights | None:
    """Of a season's stored rules. A season of an earlier release has declared none, so nobody is weighed by them."""
    return SeasonRules.model_validate(rules).overall_weights if "overall_weights" in rules else None
