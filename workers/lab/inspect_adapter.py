"""The inspection of an adapter: `python -I -m workers.lab.inspect_adapter PARAMETERS`, in the sandbox."""

import sys

from arena.shows.base_models import BASE_MODELS
from arena.submissions.artifacts import CONFIG, WEIGHTS
from arena.submissions.inspection import inspect_adapter
from arena.submissions.similarity import StoredAdapter, measure
from workers.lab.sandbox import Files, Findings, Parameters, inside


def look(asked: Parameters, sources: Files, targets: Files) -> Findings:
    base = BASE_MODELS[asked.base_model]
    weights = sources[WEIGHTS]
    found = inspect_adapter(sources[CONFIG].read(), weights, base, asked.max_rank, asked.limits[WEIGHTS])
    if found.config is None:
        return Findings(checks=found.checks, refusal=found.refusal)
    found.write_canonical(weights, base, targets[CONFIG], targets[WEIGHTS])
    return Findings(
        checks=found.checks,
        refusal=None,
        rank=found.config.rank,
        modules=found.modules,
        measures=measure(StoredAdapter(weights, found.entries, found.config.scale), base),
    )


if __name__ == "__main__":
    sys.exit(inside(look))
