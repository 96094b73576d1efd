"""Word lists for tests, written short."""

import json

from arena.moderation.engine import Engine
from arena.moderation.wordlists import WordList, parse, word_list


def lines(*terms: tuple[str, str], language: str = "en", category: str = "tests") -> bytes:
    """JSONL of (term, action)."""
    rows = (
        {"term": term, "language": language, "category": category, "action": action} for term, action in terms
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def a_list(*terms: tuple[str, str], name: str = "tests", category: str = "tests") -> WordList:
    return word_list(name, parse(lines(*terms, category=category)))


def engine(*terms: tuple[str, str]) -> Engine:
    return Engine([a_list(*terms)])
