"""When a duel is a preference, how clear it is, and what it looks like as a row of a data set. Pure functions.

One duel is one pair, however many looked at it: what they have in common, the two answers, does not become truer with
more viewers. How clear the preference is, is left's lead as the ratings count it: judges and crowd each by their own
mass, then as the season declares.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

import numpy as np

from arena.duels.contracts import SideName
from arena.ratings.public import Counts, RatedDuel, Weights, lead
from arena.shows.public import Preferences, SeasonRules
from arena.submissions.datasets.overlap import all_grams, overlapping
from arena.submissions.datasets.rows import BadRow, Row, read_row
from arena.submissions.datasets.units import units_of
from arena.votes.public import Tally, too_close

Reason = Literal[
    "void",
    "not_revealed",
    "rehearsal",
    "off_air",
    "moderated",
    "images",
    "several_turns",
    "no_verdict",
    "too_close",
    "tie",
    "below_margin",
    "no_words",
    "same_answers",
    "still_asked",
]
"""Why a duel gives no pair."""


@dataclass(frozen=True)
class Preferred:
    side: SideName
    weight: float
    """How clear it is: above 0, and 1 when all were of one mind."""


def heard_by(rules: SeasonRules, declared: Preferences) -> Weights:
    """Whose words count, and how much: the season's own weights when it has declared that votes teach, too."""
    if declared == "verdicts":
        return Weights(judges=1, crowd=0)
    return Weights(judges=rules.weights.judges, crowd=rules.weights.crowd)


def preferred(crowd: Tally, judges: Tally, weights: Weights, least: float) -> Preferred | Reason:
    """Which side was preferred. `least` is the smallest weight that makes a pair.

    A crowd that chance could have decided is not heard: one friend's vote is no preference of a hall. Judges are asked
    because they are these people, so theirs is no sample.
    """
    unsure = too_close(crowd)
    voices = RatedDuel(
        "left", "right", Counts() if unsure else Counts(**asdict(crowd)), Counts(**asdict(judges))
    )
    if not any(weights.of(series) > 0 and voices.counts(series).total for series in ("judges", "crowd")):
        return "too_close" if weights.crowd > 0 and crowd.total else "no_verdict"
    ahead = lead(voices, weights)
    if ahead == 0:
        return "tie"
    if abs(ahead) < least:
        return "below_margin"
    return Preferred("left" if ahead > 0 else "right", round(float(abs(ahead)), 6))


def pair(prompt: str, chosen: str, rejected: str) -> Row | Reason:
    """The canonical row of a duel of one turn.

    An entry's own system prompt is left out: people compared two answers to the question that they were shown.
    """
    value = {"prompt": prompt, "chosen": chosen, "rejected": rejected}
    try:
        row, _ = read_row(value, "preference")
    except BadRow:
        return "no_words"
    return "same_answers" if chosen == rejected else row


class StillAsked:
    """What somebody is still to be asked: prompts on their way to the stage, questions of a quiz that is not released.

    A pair that says one of them, or a run of words out of one, would teach the answer before the question is put. As
    the check of a data set compares with private items, and shorter texts, which have no such run, as a whole.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._grams = all_grams(texts)
        self._whole = {_whole(text) for text in texts}

    def said_in(self, row: Row) -> bool:
        texts = [message["content"] for message in (*row.asked, *row.answered)]
        found = overlapping(units_of(texts), len(texts), self._grams)
        return bool(np.any(found)) or any(_whole(text) in self._whole for text in texts)


def _whole(text: str) -> bytes:
    """The same for texts that differ in width, case or punctuation only."""
    return units_of([text]).hash.tobytes() or text.strip().encode()


def compared(
    now: Sequence[dict[str, Any]], before: Sequence[dict[str, Any]]
) -> tuple[list[UUID], list[UUID], list[UUID]]:
    """Duels that are in this lineage alone, in the earlier one alone, and in both with something else about them."""
    mine, theirs = ({UUID(pair["duel"]): pair for pair in pairs} for pairs in (now, before))
    return (
        sorted(mine.keys() - theirs.keys()),
        sorted(theirs.keys() - mine.keys()),
        sorted(duel for duel in mine.keys() & theirs.keys() if mine[duel] != theirs[duel]),
    )
