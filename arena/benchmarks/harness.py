"""How lm-evaluation-harness is told what to ask: the same words for a run in the lab and for a stranger's own."""

import json
from collections.abc import Sequence
from typing import Any

from arena.benchmarks.contracts import FamilySpec, SuiteSpec

Json = dict[str, Any]

CLIENT: Json = {
    "tokenizer_backend": "huggingface",
    "tokenized_requests": True,
    "add_bos_token": True,
    "max_retries": 3,
    "timeout": 300,
}
"""How its own client for /v1/completions talks to an engine."""


def group(suite: SuiteSpec) -> str:
    """The name under which the harness knows all tasks of a suite."""
    return f"gavel_{suite.id}_v{suite.version}"


def row(template: str, question: str, options: Sequence[str], answer: str, index: int) -> Json:
    """One line of a task's file. `template` is the frozen one, `{prompt}` its only placeholder."""
    return {
        "prompt": template.replace("{prompt}", question),
        "options": list(options),
        "gold": options.index(answer) if options else answer,
        "index": index,
    }


def lines(rows: Sequence[Json]) -> str:
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)


def task(family: FamilySpec, version: int, name: str, data: str) -> Json:
    """A task over a file of rows. Field names instead of templates: a question may hold braces."""
    common: Json = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": data}},
        "test_split": "test",
        "doc_to_text": "prompt",
        "doc_to_target": "gold",
        "target_delimiter": "",
        "num_fewshot": 0,
        "metadata": {"version": version},
    }
    if family.kind == "choice":
        metric = {"metric": "acc", "aggregation": "mean", "higher_is_better": True}
        return common | {
            "output_type": "multiple_choice",
            "doc_to_choice": "options",
            "metric_list": [metric],
        }
    metric = {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}
    ending = {
        "until": list(family.until),
        "max_gen_toks": family.max_tokens,
        "temperature": 0.0,
        "do_sample": False,
    }
    return common | {"output_type": "generate_until", "generation_kwargs": ending, "metric_list": [metric]}
