"""The engine: all terms of the active lists in one automaton, over the matching form.

The text never becomes a second `str`. Each code point goes through one table that gives the number of its folded
character in the alphabet of the terms (0: in no term) and its kind; what only parts letters is taken out; the 16-bit
numbers that are left are what Aho–Corasick runs over. Pure and immutable once built: any thread may use it.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import product

import numpy as np
from ahocorasick_rs import BytesAhoCorasick, Implementation, MatchKind
from numpy.typing import NDArray

from arena.moderation.normalise import (
    CODE_POINTS,
    VERSION,
    Indexes,
    Kind,
    Kinds,
    codes_of,
    joined,
    parted,
    tables,
    unfold,
)
from arena.moderation.rules import Action, Match, Verdict, strongest
from arena.moderation.wordlists import WordList, term_id

MAX_MATCHES = 100
"""In one verdict. The action is the strongest of all matches, listed or not."""
AT_ONCE = 1 << 16
"""Characters of short texts that are scanned as one: the work beside the scan is the same for one and for many."""

LEET = {"a": "4", "e": "3", "i": "1", "o": "0", "s": "5", "t": "7"}
"""Digits for letters (“sh1t”). Not part of the form: “a55” is a road, so only terms of at least `LEET_CHARS` letters
are looked for in these spellings too, each letter replaced everywhere or nowhere, and never all of them."""
LEET_CHARS = 4

_BIG = 400_000
"""Bytes of patterns. Beyond, the fastest automaton (a full table) would take hundreds of megabytes."""
_ID, _KIND = 0xFFFF, np.uint32(16)

Found = NDArray[np.int64]
Packed = NDArray[np.uint32]


class Engine:
    """Built from the active versions; raises ValueError when there is none or they cannot be searched for."""

    def __init__(self, lists: Sequence[WordList]) -> None:
        if not lists:
            raise ValueError("there is no word list")
        self.lists = tuple(sorted(lists, key=lambda one: one.name))
        self.digest = engine_digest({one.name: one.digest for one in self.lists})
        # One pattern may belong to several terms: two lists, or two languages of one list.
        owners: dict[str, list[Match]] = {}
        for one in self.lists:
            for term, form in zip(one.terms, one.forms, strict=True):
                match = Match(one.name, term_id(term.language, form), term.category, term.action, 0, 0)
                for spelling in spellings(form):
                    owners.setdefault(spelling, []).append(match)
        patterns = [codes_of(pattern) for pattern in owners]
        self._owners = list(owners.values())
        alphabet = np.unique(np.concatenate(patterns))
        if len(alphabet) > _ID:
            raise ValueError("the terms use more different characters than there are numbers for")
        numbers = np.zeros(CODE_POINTS + 1, np.uint32)
        numbers[alphabet] = np.arange(1, len(alphabet) + 1)
        table = tables()
        self._packed = numbers[table.code] | (table.kind.astype(np.uint32) << _KIND)
        self._packed_form = numbers | (table.form_kind.astype(np.uint32) << _KIND)
        kinds = table.form_kind
        self._left = kinds[[codes[0] for codes in patterns]]
        self._right = kinds[[codes[-1] for codes in patterns]]
        encoded = [numbers[codes].astype(np.uint16).tobytes() for codes in patterns]
        big = sum(map(len, encoded)) > _BIG
        self._automaton = BytesAhoCorasick(
            encoded,
            matchkind=MatchKind.Standard,
            implementation=Implementation.ContiguousNFA if big else Implementation.DFA,
        )

    def check(self, text: str) -> Verdict:
        return self.check_all([text])[0]

    def check_all(self, texts: Sequence[str]) -> list[Verdict]:
        """One verdict per text. Any `str` has one: lone surrogates, noncharacters and the empty text too."""
        verdicts: list[Verdict] = []
        batch: list[str] = []
        size = 0
        for text in texts:
            batch.append(text)
            size += len(text) + 1
            if size >= AT_ONCE:
                verdicts += self._batch(batch)
                batch, size = [], 0
        return verdicts + (self._batch(batch) if batch else [])

    def _batch(self, texts: list[str]) -> list[Verdict]:
        codes, ends = joined(texts)
        found = self._find(codes)
        verdicts = [Verdict(Action.PASS, self.digest)] * len(texts)
        of_text = np.searchsorted(ends, found[:, 1], side="left")
        for index in np.unique(of_text).tolist():
            offset = int(ends[index]) - len(texts[index])
            verdicts[index] = self._verdict(found[of_text == index] - (0, offset, offset))
        return verdicts

    def _verdict(self, found: Found) -> Verdict:
        action = strongest([self._strongest(pattern) for pattern in np.unique(found[:, 0]).tolist()])
        matches = [
            Match(one.list, one.term, one.category, one.action, start, end)
            for pattern, start, end in found[:MAX_MATCHES].tolist()
            for one in self._owners[pattern]
        ]
        if action not in [one.action for one in matches]:
            # The strongest must be among those shown: it says why.
            pattern, start, end = next(row for row in found.tolist() if self._strongest(row[0]) == action)
            matches += [
                Match(one.list, one.term, one.category, one.action, start, end)
                for one in self._owners[pattern]
            ]
        return Verdict(action, self.digest, tuple(matches))

    def _strongest(self, pattern: int) -> Action:
        return strongest([one.action for one in self._owners[pattern]])

    def _find(self, codes: NDArray[np.uint32]) -> Found:
        """Rows of (pattern, start, end) in `codes`, by their end, borders seen to."""
        packed: Packed = self._packed[codes]
        places = np.flatnonzero(packed >= Kind.HARD << _KIND)
        kinds = packed[places] >> _KIND
        origin: Indexes | None = None
        if (kinds == Kind.ODD).any():
            form, origin = unfold(codes)
            packed = self._packed_form[form]
            places = np.flatnonzero(packed >= Kind.HARD << _KIND)
            kinds = packed[places] >> _KIND
        out = parted(kinds.astype(np.uint8), places, len(packed))
        stays = np.ones(len(packed), np.bool_)
        stays[out] = False
        numbers = packed.astype(np.uint16)[stays] if len(out) else packed.astype(np.uint16)
        hits = self._automaton.find_matches_as_indexes(numbers.tobytes(), overlapping=True)
        if not hits:
            return np.empty((0, 3), np.int64)
        found = np.array(hits, np.int64)
        # Two bytes a character: what begins in the middle of one is no match.
        found = found[found[:, 1] % 2 == 0]
        found[:, 1:] //= 2
        return self._bordered(found, packed, np.flatnonzero(stays), origin)

    def _bordered(self, found: Found, packed: Packed, kept: Indexes, origin: Indexes | None) -> Found:
        """The matches that do not end in the middle of a word, in indexes of the original.

        `kept` leads from the scanned characters to the form before anything was taken out. A match through which
        something was taken out must have its borders in what is left: “b.a.s.s” spells one word.
        """
        pattern, start, end = found.T
        first, last = kept[start], kept[end - 1]
        through = last - first != end - 1 - start
        # One more of each, for what lies before the first and after the last character.
        around = np.append((packed >> _KIND).astype(np.uint8), np.uint8(Kind.BARRIER))
        kept = np.append(kept, -1)
        left = around[np.where(through, kept[start - 1], first - 1)]
        right = around[np.where(through, kept[end], last + 1)]
        good = ~_one_word(self._left[pattern], left) & ~_one_word(self._right[pattern], right)
        if origin is not None:
            first, last = origin[first], origin[last]
        return np.column_stack((pattern, first, last + 1))[good]


def _one_word(edge: Kinds, neighbour: Kinds) -> NDArray[np.bool_]:
    """Letters go on with letters and numbers with digits; everything else may stand side by side."""
    joined: NDArray[np.bool_] = (edge == neighbour) & (edge <= Kind.DIGIT)
    return joined


def engine_digest(active: dict[str, str]) -> str:
    """Of the normaliser and the active lists (name → digest): the same digest decides the same."""
    parts = [f"normaliser {VERSION}", *(f"{name} {digest}" for name, digest in sorted(active.items()))]
    return sha256("\n".join(parts).encode()).hexdigest()


def spellings(form: str) -> list[str]:
    """A term's form and the ways to write it with digits, the form first."""
    letters = sorted(set(form) & set(LEET))
    latin = [char for char in form if "a" <= char <= "z"]
    if len(latin) < LEET_CHARS:
        return [form]
    found = []
    for choice in product((False, True), repeat=len(letters)):
        chosen: dict[str, str | int | None] = {
            letter: LEET[letter] for letter, yes in zip(letters, choice, strict=True) if yes
        }
        spelling = form.translate(str.maketrans(chosen))
        if any("a" <= char <= "z" for char in spelling):
            found.append(spelling)
    return found
