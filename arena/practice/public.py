"""The face of practice: what other domains use."""

from arena.practice.contracts import Said, TalkPlan, VoicePlan
from arena.practice.policy import admit
from arena.practice.queries import describe, exchange, house_version
from arena.practice.schemas import PracticeOut
from arena.practice.service import hear

__all__ = [
    "PracticeOut",
    "Said",
    "TalkPlan",
    "VoicePlan",
    "admit",
    "describe",
    "exchange",
    "hear",
    "house_version",
]
