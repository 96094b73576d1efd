"""How sure a model was along its answer: pure, of what the engine said was likely at each token.

Everything is of the model's own distribution, before temperature and top-p. The engine names the five likeliest tokens,
and the one that was said where that is not among them. Of all others only the probability of them together is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log2
from math import log as ln

from arena.duels.contracts import ALTERNATIVES

Likely = tuple[str, float]
"""A token's text and the natural logarithm of its probability."""


@dataclass(frozen=True)
class Measures:
    """Of one token."""

    probability: float
    """Of the token that was said."""
    entropy: float
    """Bits, over the five likeliest tokens and all the rest as one outcome. The true entropy, over every token of the
    vocabulary, is this or more: outcomes that are put together can only lose some."""
    margin: float
    """The probability of the likeliest token less that of the second: 0 is a coin's throw, 1 is certainty."""
    surprise: float
    """Bits: minus the binary logarithm of the probability of what was said."""


def measures(likely: Sequence[Likely]) -> Measures:
    """Of a token and the others, in the order of the record: the one that was said, then the likeliest."""
    ranked = sorted((exp(logprob) for _, logprob in likely), reverse=True)[:ALTERNATIVES]
    rest = max(0.0, 1.0 - sum(ranked))
    second = ranked[1] if len(ranked) > 1 else 0.0
    return Measures(
        probability=exp(likely[0][1]),
        entropy=sum(-p * log2(p) for p in (*ranked, rest) if p > 0),
        margin=ranked[0] - second,
        surprise=abs(likely[0][1] / ln(2)),
    )


def spoken(text: str, words: Sequence[str]) -> list[str] | None:
    """What each token put into the answer, from how the tokens read by themselves. None when that cannot be told.

    The stream's own pieces do not tell: an engine keeps back what may begin a stop, so they come some tokens late. A
    token leaves nothing that completes no character, that is not written (a mark such as the end of text), or that
    lies behind the end of the answer.
    """
    pieces, at = [], 0
    for word in words:
        # By itself a word may have lost the space before it; a stop may have cut the last one off.
        found = next((one for one in (word, f" {word}") if one.strip() and text.startswith(one, at)), "")
        if not found and text.startswith(word, at):
            found = word
        if not found and at < len(text) and word.startswith(text[at:]):
            found = text[at:]
        pieces.append(found)
        at += len(found)
    return pieces if at == len(text) else None


def ended(pieces: Sequence[str]) -> int:
    """How many tokens are worth showing: all that left something, and the one after them, which ended the answer."""
    last = max((place for place, piece in enumerate(pieces) if piece), default=-1)
    return min(len(pieces), last + 2)
