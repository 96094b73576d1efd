"""Which of the words that were never said may be read: each is looked at alone and in its place in the answer.

Nobody has seen them before, on air or in a preview, so they pass the same two doors as an answer: moderation, and the
redaction of names and marks. Closed when in doubt: what cannot be judged is not shown.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from sqlalchemy.ext.asyncio import AsyncSession

from arena.duels.redaction import Redactor
from arena.duels.trace import Likely
from arena.kit.site import Site
from arena.moderation.public import MAX_MATCHES, Action, Verdict, check_all, rules_in_force, shows_growing

AROUND = 200
"""Characters of the answer before and behind a word, with which it may make another."""
KEPT = 256
"""Answers whose judgement is remembered, by all that it depends on: many look at the same duel at once."""

Seen = tuple[tuple[bool, ...], ...]
"""Of each token, of each of its alternatives: may it be read?"""


@dataclass(frozen=True)
class _Asked:
    """A text that could be read or put together on the page, and where in it the word lies."""

    text: str
    start: int
    end: int


_judged: OrderedDict[tuple[object, ...], Seen] = OrderedDict()
_judging: dict[tuple[object, ...], asyncio.Lock] = {}


async def seen(
    site: Site,
    session: AsyncSession,
    names: tuple[str, ...],
    pieces: Sequence[str],
    others: Sequence[Sequence[Likely]],
) -> Seen:
    """`others` are the alternatives at each of the answer's `pieces`."""
    none = none_of(others)
    rules = await rules_in_force(session)
    # A guard judges whole texts, and these are none. Where there is one, nothing goes unjudged by it.
    if rules is None or not shows_growing(site):
        return none
    words = tuple(tuple(word for word, _ in row) for row in others)
    key = (rules, names, tuple(pieces), words)
    # A hall opens the page at once: one of them has it judged, the others wait for that.
    try:
        async with _judging.setdefault(key, asyncio.Lock()):
            if key not in _judged:
                asked = _asked(pieces, others)
                verdicts = await check_all(session, [one.text for one in asked])
                if any(verdict.engine != rules for verdict in verdicts):
                    return none  # no engine, or another one since we asked
                _judged[key] = await asyncio.to_thread(_judge, names, others, asked, verdicts)
                while len(_judged) > KEPT:
                    _judged.popitem(last=False)
            return _judged[key]
    finally:
        _judging.pop(key, None)


def none_of(others: Sequence[Sequence[Likely]]) -> Seen:
    return tuple((False,) * len(row) for row in others)


WAYS = 3


def _asked(pieces: Sequence[str], others: Sequence[Sequence[Likely]]) -> list[_Asked]:
    """Every word alone, at the end of what had been said, and instead of what was said."""
    ends, text = [*accumulate(map(len, pieces), initial=0)], "".join(pieces)
    asked = []
    for place, row in enumerate(others):
        before = text[max(0, ends[place] - AROUND) : ends[place]]
        behind = text[ends[place + 1] : ends[place + 1] + AROUND]
        for word, _ in row:
            start, end = len(before), len(before) + len(word)
            asked += [
                _Asked(word, 0, len(word)),
                _Asked(before + word, start, end),
                _Asked(before + word + behind, start, end),
            ]
    return asked


def _judge(
    names: tuple[str, ...],
    others: Sequence[Sequence[Likely]],
    asked: Sequence[_Asked],
    verdicts: Sequence[Verdict],
) -> Seen:
    fine = [_fine(one, verdict) for one, verdict in zip(asked, verdicts, strict=True)]
    words = {word for row in others for word, _ in row}
    redactor = Redactor(names)
    redacted = {word for word in words if redactor.spans(word)}
    passed = iter(all(fine[at : at + WAYS]) for at in range(0, len(fine), WAYS))
    return tuple(tuple([next(passed) and word not in redacted for word, _ in row]) for row in others)


def _fine(asked: _Asked, verdict: Verdict) -> bool:
    """Whether nothing that a person would have to look at has to do with the word itself: the answer was looked at."""
    if not verdict.refused:
        return True
    if verdict.reason is not None or len(verdict.matches) >= MAX_MATCHES:
        return False
    return not any(
        match.action in (Action.HOLD, Action.BLOCK) and match.start < asked.end and asked.start < match.end
        for match in verdict.matches
    )
