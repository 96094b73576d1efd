"""The matching form: what is left of a text when everything that evades a word list, and nothing else, is taken away.

Two steps. The first looks at one character at a time, so it is one lookup in a table over all code points: width and
compatibility forms (NFKC), case, look-alikes, traditional → simplified; combining marks, zero-width and control
characters vanish; white space is a space. The second takes out what stands between letters only to part them: symbols
between letters (“fu.ck”, “赌*博”), and anything between letters that all stand alone (“f u c k”, “赌 博”). White space
between words of more than one letter stays, or “push it” would be a word of its own.

Both steps are idempotent, and each character of the form knows where it came from.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
import opencc
from numpy.typing import NDArray

from arena.moderation.confusables import CONFUSABLES

VERSION = "1"
"""Part of every engine's digest: raise it with any change of the form."""

CODE_POINTS = 0x110000
BARRIER = CODE_POINTS
"""Stands between texts that are scanned as one. No text can contain it: it is no code point."""

Codes = NDArray[np.uint32]
Kinds = NDArray[np.uint8]
Indexes = NDArray[np.int64]


class Kind(IntEnum):
    """What a character of the form is to its neighbours. From HARD on: no letter."""

    WORD = 0
    """A letter of a script that puts spaces between words: a term ends at a border here."""
    DIGIT = 1
    """Parts words too, as in “fuck123”, but not numbers."""
    DENSE = 2
    """A letter of a script without spaces (Chinese, Japanese, Korean, Thai): a term may stand anywhere."""
    HARD = 3
    """A symbol with no work to do between two letters: `. - _ * | / + ~`, an emoji."""
    SOFT = 4
    """Punctuation that has work to do there (`, ' ! “`): it parts letters only where each stands alone."""
    SPACE = 5
    BARRIER = 6
    ODD = 7
    """Not one character in the form but none or several (ß, ﬁ, a zero-width space); only in `Tables.kind`."""


_DENSE_RANGES = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x2E80, 0x2FFF), (0x3005, 0x3007),
    (0x3021, 0x3029), (0x3031, 0x303C), (0x3040, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97F),
    (0xAC00, 0xD7FF), (0xF900, 0xFAFF), (0xFF66, 0xFFDC), (0x1AFF0, 0x1B16F), (0x20000, 0x3FFFD),
)  # fmt: skip
_HAN = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x2F7FF), (0x30000, 0x323AF))
"""Ideographs without a compatibility form."""
_SYLLABLES = (0xAC00, 0xD7A3)
"""Hangul, which stays as it is."""
_LOOKED_AT = (
    (0x0000, 0x33FF), (0x4DC0, 0x4DFF), (0xA000, 0xABFF), (0xD7A4, 0xD7FF), (0xF900, 0x1FFFF), (0x2F800, 0x2FA1F),
    (0xE0000, 0xE0FFF),
)  # fmt: skip
"""The rest of what is assigned."""
_COMPOSED = ((0x3040, 0x30FF), (0xAC00, 0xD7FF), (0xFF66, 0xFFDC))
"""Kana and Hangul: here the parts of a character are letters and not decoration."""
_INVISIBLE = frozenset("\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters by name that no font draws (Default_Ignorable_Code_Point)."""
_PUNCTUATION = frozenset(",;:!?'\"@…‥、。，；：！？’‘“”¿¡%&")
_PUNCTUATION_CATEGORIES = ("Ps", "Pe", "Pi", "Pf", "Sc")
_ROUNDS = 6
"""Folding one character anew this often; two rounds are the most that any needs."""


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


def _vanishes(char: str) -> bool:
    if char.isspace():
        return False
    category = unicodedata.category(char)
    noncharacter = 0xFDD0 <= ord(char) <= 0xFDEF or ord(char) & 0xFFFE == 0xFFFE
    # Default ignorable as a block, assigned or not: tags, variation selectors.
    ignorable = 0xE0000 <= ord(char) <= 0xE0FFF or char in _INVISIBLE
    return category in ("Cc", "Cf", "Mn", "Me") or noncharacter or ignorable


@cache
def _simplified() -> dict[str, str]:
    """Traditional → simplified, character by character: both sides of a match pass it, so words need no context."""
    han = [chr(code) for first, last in _HAN for code in range(first, last + 1)]
    plain = opencc.OpenCC("t2s").convert("\n".join(han)).split("\n")
    steps = {old: new for old, new in zip(han, plain, strict=True) if old != new and len(new) == 1}
    return {old: steps.get(new, new) for old, new in steps.items()}  # 薴 → 苧 → 苎


def _once(char: str) -> str:
    if _vanishes(char):
        return ""
    if char.isspace():
        return " "
    if char in CONFUSABLES:
        return CONFUSABLES[char]
    whole = _within(ord(char), _COMPOSED)
    text = unicodedata.normalize("NFKC" if whole else "NFKD", char)
    if len(text) > 1 and not any(part.isalnum() for part in text):
        text = text if any(part.isspace() for part in text) else char  # “…” stays one character
    text = "".join(CONFUSABLES.get(part, part) for part in text if not _vanishes(part))
    return "".join(_simplified().get(part, part) for part in text.casefold())


def fold(char: str) -> str:
    """The form of one character: none, one or several. Slow; `tables()` has it for all of them."""
    text = char
    for _ in range(_ROUNDS):
        again = "".join(_once(part) for part in text)
        if again == text:
            return text
        text = again
    return text


def _special() -> Iterator[int]:
    """Every code point whose form has to be worked out. The others (ideographs, syllables, private use, unassigned) are
    their own."""
    ends = [(plane | 0xFFFE, plane | 0xFFFF) for plane in range(0x20000, CODE_POINTS, 0x10000)]
    for first, last in (*_LOOKED_AT, *ends):
        for code in range(first, last + 1):
            if unicodedata.category(chr(code)) != "Cn" or _vanishes(chr(code)):
                yield code


def _kind(char: str) -> Kind:
    """Of a character of the form."""
    category = unicodedata.category(char)
    if char == " ":
        return Kind.SPACE
    if category[0] in "LNM":
        dense = _within(ord(char), _DENSE_RANGES)
        return Kind.DENSE if dense else Kind.DIGIT if category[0] == "N" else Kind.WORD
    if char in _PUNCTUATION or category in _PUNCTUATION_CATEGORIES:
        return Kind.SOFT
    return Kind.HARD


@dataclass(frozen=True)
class Tables:
    """Indexed by code point, with one more row for BARRIER."""

    code: Codes
    """The form, where it is one character."""
    kind: Kinds
    """Of that character; ODD where the form is not one character."""
    length: Kinds
    """Characters in the form."""
    first: Codes
    """Where the form begins in `pool`."""
    pool: Codes
    form_kind: Kinds
    """Kind of a code point that is already in the form."""


@cache
def tables() -> Tables:
    """Made once per process, in about a second."""
    special = {code: fold(chr(code)) for code in _special()} | {ord(a): b for a, b in _simplified().items()}
    special |= dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
    codes = np.fromiter(special, np.int64)
    length = np.ones(CODE_POINTS, np.uint8)
    length[codes] = np.fromiter((len(text) for text in special.values()), np.uint8)
    first = np.arange(CODE_POINTS, dtype=np.uint32)
    first[codes] = CODE_POINTS + np.cumsum([0, *(len(text) for text in special.values())])[:-1]
    # Whatever stays as it is lies in the pool at its own place; the forms of all others come after that.
    pool = np.concatenate((np.arange(CODE_POINTS, dtype=np.uint32), codes_of("".join(special.values()))))
    form_kind = np.full(CODE_POINTS + 1, Kind.HARD, np.uint8)
    for begin, end in (*_HAN, _SYLLABLES):
        form_kind[begin : end + 1] = Kind.DENSE
    for form in {char for text in special.values() for char in text}:
        form_kind[ord(form)] = _kind(form)
    form_kind[BARRIER] = Kind.BARRIER
    code = pool[np.minimum(first, len(pool) - 1)]  # a vanishing last one begins where the pool ends
    kind = np.where(length == 1, form_kind[code], np.uint8(Kind.ODD))
    return Tables(
        code=np.append(code, np.uint32(BARRIER)),
        kind=np.append(kind, np.uint8(Kind.BARRIER)),
        length=np.append(length, np.uint8(1)),
        first=np.append(first, np.uint32(len(pool))),
        pool=np.append(pool, np.uint32(BARRIER)),
        form_kind=form_kind,
    )


def codes_of(text: str) -> Codes:
    """Any `str`, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def joined(texts: Sequence[str]) -> tuple[Codes, Indexes]:
    """The texts as one, a BARRIER between each and the next, and where each ends."""
    ends = np.cumsum([len(text) + 1 for text in texts]) - 1
    codes = codes_of("\n".join(texts)).copy()
    codes[ends[:-1]] = BARRIER
    return codes, ends


def unfold(codes: Codes) -> tuple[Codes, Indexes]:
    """The first step for text with ODD characters: the form and, for each of its characters, the index it came from."""
    table = tables()
    lengths = table.length[codes]
    origin = np.repeat(np.arange(len(codes)), lengths)
    ends = np.cumsum(lengths, dtype=np.int64)
    within = np.arange(len(origin)) - (ends - lengths)[origin]
    return table.pool[table.first[codes][origin] + within], origin


def parted(kinds: Kinds, places: Indexes, size: int) -> Indexes:
    """The second step: which characters of the form only part letters, or repeat a space.

    `places` are the indexes of all characters that are no letters, ascending, and `kinds` their kinds; `size` is the
    length of the form.
    """
    if not len(places):
        return places
    begins = np.flatnonzero(np.diff(places, prepend=places[0] - 2) != 1)
    ends = np.append(begins[1:], len(places))
    first, last = places[begins], places[ends - 1] + 1
    hard = np.logical_and.reduceat(kinds == Kind.HARD, begins) & (first > 0) & (last < size)
    # The letters between one remaining run and the next, without the symbols that have just gone from among them.
    gone = np.cumsum(np.where(hard, last - first, 0))
    stays = np.flatnonzero(~hard)
    edges = np.concatenate((first[stays] - gone[stays], [size - gone[-1]]))
    letters = edges - np.concatenate(([0], last[stays] - gone[stays]))
    lonely = (letters[:-1] == 1) & (letters[1:] == 1)
    lonely &= ~np.logical_or.reduceat(kinds == Kind.BARRIER, begins)[stays]
    removed = hard
    removed[stays[lonely]] = True
    space = kinds == Kind.SPACE
    again = space[1:] & space[:-1] & (np.diff(places) == 1)
    out = np.repeat(removed, ends - begins)
    out[1:] |= again
    gaps: Indexes = places[out]
    return gaps


@dataclass(frozen=True)
class Form:
    """`text` is the matching form; character i of it came from `origin[i]` of the original."""

    text: str
    origin: Indexes

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` stands in the original; the end is exclusive."""
        return int(self.origin[start]), int(self.origin[end - 1]) + 1


def matching_form(text: str) -> Form:
    """The whole of it, for one text. The engine does the same on numbers (`engine.py`)."""
    codes, origin = _form(codes_of(text))
    return Form(_text(codes), origin)


def matching_forms(texts: Sequence[str]) -> list[str]:
    """The forms of many short texts, such as the terms of a list: a hundred times as fast as one by one."""
    if not texts:
        return []
    codes, _ = _form(joined(texts)[0])
    # All white space has become a space by now, so a line break is free to stand for the barrier.
    return _text(np.where(codes == BARRIER, np.uint32(ord("\n")), codes)).split("\n")


def _form(codes: Codes) -> tuple[Codes, Indexes]:
    codes, origin = unfold(codes)
    kinds = tables().form_kind[codes]
    places = np.flatnonzero(kinds >= Kind.HARD)
    out = parted(kinds[places], places, len(codes))
    return np.delete(codes, out), np.delete(origin, out)


def _text(codes: Codes) -> str:
    return codes.astype("<u4").tobytes().decode("utf-32-le")
