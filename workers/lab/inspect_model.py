"""The inspection of a full model: `python -I -m workers.lab.inspect_model PARAMETERS`, in the sandbox."""

import sys

from arena.shows.base_models import BASE_MODELS
from arena.submissions.artifacts import MODEL_CONFIG, MODEL_INDEX, MODEL_WEIGHTS
from arena.submissions.model import inspect_model
from workers.lab.sandbox import Files, Findings, Parameters, inside


def look(asked: Parameters, sources: Files, targets: Files) -> Findings:
    base = BASE_MODELS[asked.base_model]
    index = sources[MODEL_INDEX].read() if MODEL_INDEX in sources else None
    shards = {name: file for name, file in sources.items() if name not in (MODEL_CONFIG, MODEL_INDEX)}
    limit = max(asked.limits[name] for name in shards)  # each shard may be as large as all of them
    found = inspect_model(sources[MODEL_CONFIG].read(), index, shards, base, limit)
    if found.refusal is None:
        found.write_canonical(shards, base, targets[MODEL_CONFIG], targets[MODEL_WEIGHTS])
    return Findings(checks=found.checks, refusal=found.refusal)


if __name__ == "__main__":
    sys.exit(inside(look))
