"""The suites that ship, as data. A suite never comes from a contestant."""

import json
from functools import cache
from pathlib import Path

from arena.benchmarks.contracts import SuiteSpec
from arena.kit.errors import NotFound

FOLDER = Path(__file__).parent / "suites"


@cache
def load(suite_id: str) -> SuiteSpec:
    """The suite; NotFound `suite.unknown` when none has this id."""
    path = FOLDER / f"{suite_id}.json"
    if not suite_id.isidentifier() or not path.is_file():
        raise NotFound("suite.unknown", "There is no such suite.", suite=suite_id)
    return SuiteSpec.model_validate(json.loads(path.read_text()))
