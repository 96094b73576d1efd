"""What people and their entries may be called: text that stays in its line and looks like what it is."""

import unicodedata
from collections.abc import Iterator
from itertools import groupby

from arena.kit.errors import Invalid

PERSON_CHARS = 80
ENTRY_CHARS = 40
TEAM_CHARS = 40

BANNED = frozenset({"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"})
"""Control (line breaks, NUL), format (bidi overrides, zero-width), private use, unassigned, surrogates, line and
paragraph separators."""
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and symbols by their category that no font draws."""
ALPHABETS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC")
"""They share shapes, so nobody needs two of them in one word but to deceive. As in Unicode's character names."""


def clean_name(text: str, limit: int) -> str:
    """The name in NFC with its white space folded. Raises Invalid `name.invalid`, whose `why` is one of empty,
    too_long, character, mixed_scripts."""
    name = unicodedata.normalize("NFC", text)
    for char in name:
        if char in BLANK or unicodedata.category(char) in BANNED:
            raise _invalid(
                "character",
                f"A name cannot contain the invisible or private character U+{ord(char):04X}.",
                character=f"U+{ord(char):04X}",
            )
    name = " ".join(name.split())
    if not any(unicodedata.category(char)[0] in "LNPS" for char in name):
        raise _invalid("empty", "A name needs a letter or a sign that can be seen.")
    if len(name) > limit:
        raise _invalid(
            "too_long",
            f"The name has {len(name)} characters; {limit} are allowed.",
            length=len(name),
            limit=limit,
        )
    for word in _words(name):
        if len(_alphabets(word)) > 1:
            raise _invalid("mixed_scripts", f"The word “{word}” mixes letters of two alphabets.", word=word)
    return name


def _invalid(why: str, message: str, **detail: object) -> Invalid:
    return Invalid("name.invalid", message, why=why, **detail)


def _words(name: str) -> Iterator[str]:
    """Letters and digits with their marks, without what parts them."""
    for inside, chars in groupby(name, lambda char: unicodedata.category(char)[0] in "LMN"):
        if inside:
            yield "".join(chars)


def _alphabets(word: str) -> set[str]:
    named = [unicodedata.name(char, "") for char in word if char.isalpha()]
    return {alphabet for alphabet in ALPHABETS for name in named if alphabet in name.split()}
