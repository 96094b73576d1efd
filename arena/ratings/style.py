"""How an answer is written, as numbers: what may please a voter apart from what it says. Pure, and the same anywhere.

Characters and not words, so that Chinese and English are measured by one measure. The Markdown features are those of
the arenas that control for style; marks inside a code block are code and no headings.
"""

import re
from collections.abc import Mapping, Sequence

from arena.shows.public import StyleFeature

FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
HEADER = re.compile(r"^ {0,3}#{1,6}[ \t]+\S", re.MULTILINE)
ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S", re.MULTILINE)
BOLD = re.compile(r"(\*\*|__)(?=\S).+?(?<=\S)\1")
CODE = re.compile(r"(?<!`)`[^`\n]+`(?!`)")


def features(text: str) -> dict[StyleFeature, int]:
    """Characters that are no white space, headings, list items, bold passages, pieces of code (blocks and spans)."""
    prose, blocks = FENCED.subn("\n", text)
    return {
        "characters": sum(not char.isspace() for char in text),
        "headers": len(HEADER.findall(prose)),
        "lists": len(ITEM.findall(prose)),
        "bold": len(BOLD.findall(prose)),
        "code": blocks + len(CODE.findall(prose)),
    }


def side(texts: Sequence[str]) -> dict[StyleFeature, int]:
    """All that one side has said in its turns."""
    found = [features(text) for text in texts]
    return {name: sum(one[name] for one in found) for name in features("")}


def difference(left: float, right: float) -> float:
    """Relative difference of a non-negative style feature, within (-1, 1).

    One is added to the denominator so that two answers without the feature differ by 0 and not by 0/0.
    """
    return (left - right) / (left + right + 1.0)


def differences(
    left: Mapping[StyleFeature, int], right: Mapping[StyleFeature, int], names: Sequence[StyleFeature]
) -> tuple[float, ...]:
    """How two sides differ in each of the features that a season controls for."""
    return tuple(difference(left[name], right[name]) for name in names)
