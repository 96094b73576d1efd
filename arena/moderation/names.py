"""Names on stage that look alike, and names that belong to the house."""

import unicodedata

from arena.moderation.normalise import fold

RESERVED = (
    "House", "House model", "Base model", "Baseline", "基准模型", "基座模型", "基线模型", "Gavel", "一锤定音",
)  # fmt: skip
"""What the show calls itself and the untuned base model, in both languages."""

_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "’": "'", "‘": "'", "`": "'"})


def skeleton(name: str) -> str:
    """What is left of a name when all that is hard to tell apart is the same. Two names of one skeleton look alike.

    As in UTS #39, by the matching form's own table of look-alikes, which also folds case, width, marks and traditional
    characters; without spaces.
    """
    form = "".join("-" if unicodedata.category(char) == "Pd" else fold(char) for char in name)
    return "".join(form.split()).translate(_ALIKE).replace("rn", "m").replace("vv", "w")


def reserved(name: str) -> str | None:
    """The reserved name that this one is or looks like."""
    wanted = skeleton(name)
    return next((own for own in RESERVED if skeleton(own) == wanted), None)
