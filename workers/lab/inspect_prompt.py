"""The inspection of a system prompt: `python -I -m workers.lab.inspect_prompt PARAMETERS`, in the sandbox."""

import sys

from arena.shows.base_models import BASE_MODELS
from arena.submissions.artifacts import PROMPT
from arena.submissions.prompt import read_prompt
from workers.lab.sandbox import Files, Findings, Parameters, inside


def look(asked: Parameters, sources: Files, targets: Files) -> Findings:
    found = read_prompt(sources[PROMPT].read(), BASE_MODELS[asked.base_model], asked.max_system_chars)
    targets[PROMPT].write(found.text.encode())
    return Findings(checks=found.checks, refusal=found.refusal)


if __name__ == "__main__":
    sys.exit(inside(look))
