"""What judges answers here, in one digest: scores that were made by something else are marked as stale."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import rfc8785

from arena.benchmarks import scoring

LIBRARIES = ("lm_eval", "reasoning-gym")


@cache
def scorer_digest() -> str:
    """sha256 over our scorers' source and the versions of the harness and of the generator with its verifiers. Hex."""
    source = Path(scoring.__file__).read_bytes()
    parts = {"scoring": hashlib.sha256(source).hexdigest()} | {name: version(name) for name in LIBRARIES}
    return hashlib.sha256(rfc8785.dumps(parts)).hexdigest()
