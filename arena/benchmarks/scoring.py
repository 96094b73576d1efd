"""What a scorer reads out of a written answer, and whether that is right. Pure functions, and all the scorers there
are but one: the generator's own verifier is where the generator is (`workers/lab/questions.py`).
"""

import json
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from arena.benchmarks.contracts import Scorer
from arena.benchmarks.rows import BankRow, Demands

LETTERS = "ABCDEFGH"

# A minus after a digit takes away; it is no sign. Thousands may be set apart by commas.
_NUMBER = re.compile(r"(?:(?<![\d.)])-)?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?")
_LETTER = re.compile(r"(?<![A-Za-z])([A-H])(?![A-Za-z])")
_EDGES = " \t\r\n.,;:!?\"'`*()[]。，；：！？、“”‘’《》「」（）"


def folded(text: str) -> str:
    """Width, case and blanks do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def normal(text: str) -> str:
    """What two texts must share to be the same answer: as `folded`, and punctuation around it does not count."""
    return folded(text).strip(_EDGES)


def extract(scorer: Scorer, text: str) -> str:
    """What the scorer takes for the answer; empty when it finds none."""
    if scorer == "number":
        found = _NUMBER.findall(text)
        return found[-1].replace(",", "") if found else ""
    if scorer == "letter":
        letters = _LETTER.findall(text)
        # What an answer begins with; one that begins with words ends with what it has come to.
        first = bool(letters) and text.lstrip(_EDGES).startswith(letters[0])
        return letters[0 if first else -1] if letters else ""
    return text.strip()


def passes(scorer: Scorer, text: str, row: BankRow) -> bool:
    """Whether `text` answers the question. Raises ValueError for scorer `gym`."""
    said, accepted = extract(scorer, text), (row.answer, *row.answers)
    if scorer == "number":
        wanted = {extract(scorer, one) for one in accepted} - {""}
        return bool(said) and Decimal(said) in {Decimal(one) for one in wanted}
    if scorer == "letter":
        return bool(said) and said in {
            LETTERS[row.options.index(one)] for one in accepted if one in row.options
        }
    if scorer == "exact":
        return bool(normal(said)) and normal(said) in map(normal, accepted)
    if scorer == "contains":
        return any(_within(normal(one), normal(said)) for one in accepted)
    if scorer == "format":
        return row.check is not None and keeps(said, row.check)
    raise ValueError(f"{scorer} has its own verifier")


def _within(one: str, text: str) -> bool:
    """As a whole word where the script has words."""
    edge = r"(?<![a-z0-9])" if one[:1].isascii() else ""
    end = r"(?![a-z0-9])" if one[-1:].isascii() else ""
    return bool(one) and re.search(edge + re.escape(one) + end, text) is not None


def keeps(text: str, check: Demands) -> bool:
    """Whether a text keeps all demands that are made."""
    demands = check.model_dump(exclude_defaults=True)
    return bool(text) and all(_DEMANDS[name](text, wanted) for name, wanted in demands.items())


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _han(text: str, count: int) -> bool:
    characters = [char for char in text if not char.isspace() and unicodedata.category(char)[0] != "P"]
    return len(characters) == count and all("\u4e00" <= char <= "\u9fff" for char in characters)


def _parts(text: str, count: int) -> bool:
    parts = re.split("[,，]", text)
    return len(parts) == count and all(part.strip() for part in parts)


def _numbered(text: str, count: int) -> bool:
    lines = _lines(text)
    return len(lines) == count and all(
        re.match(rf"{number}[.)、]\s*\S", line) for number, line in enumerate(lines, start=1)
    )


def _case(text: str, case: str) -> bool:
    changed = text.upper() if case == "upper" else text.lower()
    return any(char.isalpha() for char in text) and text == changed


def _only(text: str, kind: str) -> bool:
    return text.isascii() and (text.isdigit() if kind == "digits" else text.isalpha())


def _json_keys(text: str, keys: tuple[str, ...]) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.keys() == set(keys)


_DEMANDS: dict[str, Callable[[str, Any], bool]] = {
    "lines": lambda text, count: len(_lines(text)) == count,
    "words": lambda text, count: len(text.split()) == count,
    "max_words": lambda text, most: len(text.split()) <= most,
    "han": _han,
    "parts": _parts,
    "numbered": _numbered,
    "case": _case,
    "only": _only,
    "starts": lambda text, wanted: text.startswith(wanted),
    "ends": lambda text, wanted: text.endswith(wanted),
    "contains": lambda text, wanted: all(one.casefold() in text.casefold() for one in wanted),
    "excludes": lambda text, wanted: not any(one.casefold() in text.casefold() for one in wanted),
    "json_keys": _json_keys,
}
