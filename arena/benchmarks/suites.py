"""The suites that ship, as data. A suite never comes from a contestant.

`NAME.json` is the suite, `NAME/TASK.jsonl` the questions of a written task; `infra/suites/` makes the latter.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from arena.benchmarks.contracts import SuiteSpec
from arena.kit.errors import NotFound

FOLDER = Path(__file__).parent / "suites"


@cache
def load(suite_id: str) -> SuiteSpec:
    """A suite that ships; NotFound `suite.unknown` when none has this id."""
    path = FOLDER / f"{suite_id}.json"
    if not suite_id.isidentifier() or not path.is_file():
        raise NotFound("suite.unknown", "There is no such suite.", suite=suite_id)
    return SuiteSpec.model_validate(json.loads(path.read_text(encoding="utf-8")))


@cache
def shipped() -> tuple[str, ...]:
    """The ids of the suites that ship."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


SURPRISE = "surprise"
RESERVED = f"The id {SURPRISE} is kept for the surprise bank of the speed rounds. Take another id."


@cache
def surprise() -> SuiteSpec:
    """Rare families, none of them in a suite: the bank that nobody has practised for."""
    return SuiteSpec.model_validate(json.loads((FOLDER.parent / "surprise.json").read_text(encoding="utf-8")))


@cache
def shipped_files() -> dict[str, Path]:
    """The files of the suites that ship, by sha256."""
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in FOLDER.glob("*/*.jsonl")}
