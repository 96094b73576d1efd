"""The measuring half of a benchmark run: `python -I -m workers.lab.benchmark_child FOLDER`.

Reads `contract.json` and `tokenizer/` in FOLDER, writes `result.json` there. Prints one JSON line of progress for each
answered question. Any way to end but 0 means that there is no result; the last line on standard error says why.
"""

import json
import math
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lm_eval import simple_evaluate
from lm_eval.models.openai_completions import LocalCompletionsAPI
from lm_eval.tasks import TaskManager

from arena.benchmarks.contracts import BenchmarkContract, BenchmarkResult, FamilySpec, Sample, TaskScore
from arena.benchmarks.rules import score
from arena.shows.base_models import BASE_MODELS
from arena.submissions.checklist import line_of
from arena.submissions.contracts import Check
from arena.submissions.refusals import AdapterRefused
from workers.lab.questions import Item, items_digest, make_items, verify

TIMEOUT_SECONDS = 300
RETRIES = 3


class BenchmarkFault(Exception):
    """There is no score to be had; the message says why."""


class CountedCompletions(LocalCompletionsAPI):  # type: ignore[misc]
    """The harness's own client for /v1/completions, saying how far it is."""

    def __init__(self, answered: Callable[[], None], **options: Any) -> None:
        super().__init__(**options)
        self._answered = answered

    def model_call(self, *arguments: Any, **options: Any) -> Any:
        outputs = super().model_call(*arguments, **options)
        self._answered()
        return outputs

    async def amodel_call(self, *arguments: Any, **options: Any) -> Any:
        answers = await super().amodel_call(*arguments, **options)
        self._answered()
        return answers


def main(folder: Path) -> None:
    progress = _take_stdout()
    contract = BenchmarkContract.model_validate_json((folder / "contract.json").read_bytes())
    result = measure(contract, folder, progress)
    (folder / "result.json").write_text(result.model_dump_json())


def measure(
    contract: BenchmarkContract, folder: Path, progress: Callable[[int, int, str], None]
) -> BenchmarkResult:
    """Ask everything and score it. Raises BenchmarkFault, and whatever the harness raises when the engine fails."""
    families = {family.name: family for family in contract.suite.families}
    items = make_items(contract.suite, folder / "suite")
    model = _model(contract, folder / "tokenizer", _counter(contract, progress))
    _require_bos(model)
    crowded = _crowded(contract, model, items)
    if crowded is not None:
        return BenchmarkResult(
            refusal=crowded,
            tasks=[],
            samples=[],
            lm_eval_version=version("lm_eval"),
            suite_digest=contract.suite.digest,
            items_digest=items_digest(items),
        )
    evaluated = simple_evaluate(
        model=model,
        tasks=[_task(family, contract, items[family.name], folder) for family in families.values()],
        task_manager=TaskManager(include_defaults=False),
        num_fewshot=0,
        log_samples=True,
        bootstrap_iters=0,
        random_seed=contract.seed,
        numpy_random_seed=contract.seed % 2**32,
        torch_random_seed=contract.seed,
        fewshot_random_seed=contract.seed,
    )
    samples = {
        name: _samples(family, contract, items[name], evaluated["samples"][name])
        for name, family in families.items()
    }
    return BenchmarkResult(
        tasks=[_task_score(family, samples[name]) for name, family in families.items()],
        samples=[sample for listed in samples.values() for sample in listed],
        lm_eval_version=version("lm_eval"),
        suite_digest=contract.suite.digest,
        items_digest=items_digest(items),
    )


def _model(contract: BenchmarkContract, tokenizer: Path, answered: Callable[[], None]) -> CountedCompletions:
    return CountedCompletions(
        answered,
        base_url=f"{contract.engine_url.rstrip('/')}/v1/completions",
        model=contract.model,
        tokenizer=str(tokenizer),
        tokenizer_backend="huggingface",
        tokenized_requests=True,
        add_bos_token=True,
        # Above 1 the harness takes its asynchronous path, which sends other stop words; so never 1.
        num_concurrent=max(2, contract.concurrency),
        max_retries=RETRIES,
        timeout=TIMEOUT_SECONDS,
        batch_size=1,
        seed=contract.seed,
        max_length=BASE_MODELS[contract.base_model].context,
    )


def _require_bos(model: CountedCompletions) -> None:
    """Gemma without BOS babbles, and every score would be a little wrong in silence."""
    bos, ids = model.tokenizer.bos_token_id, model.tok_encode("A")
    if bos is None or ids[0] != bos or bos in ids[1:]:
        raise BenchmarkFault("The engine's tokenizer does not put exactly one BOS before a text.")


def _crowded(
    contract: BenchmarkContract, model: CountedCompletions, items: dict[str, list[Item]]
) -> Check | None:
    """A system prompt that leaves no room for question and answer, in tokens of the engine's own tokenizer.

    The harness would cut the prompt's beginning off without a word, the engine would refuse in the middle of a duel.
    """
    system = contract.system
    if system is None:
        return None
    context = BASE_MODELS[contract.base_model].context
    asked = [item.question for listed in items.values() for item in listed]
    question = max(system.question_tokens, *(len(model.tok_encode(text)) for text in asked))
    answer = max(system.answer_tokens, *(family.max_tokens for family in contract.suite.families))
    needed = len(model.tok_encode(system.template.replace("{prompt}", "")))
    room = context - question - answer
    if needed <= room:
        return None
    problem = AdapterRefused(
        "prompt.context",
        f"The prompt takes {needed} tokens with its template; {room} of the model's {context} are left "
        f"beside a question of {question} and an answer of {answer}.",
        {"tokens": needed, "room": room, "context": context, "question": question, "answer": answer},
    )
    return line_of("context", [problem])


def _task(family: FamilySpec, contract: BenchmarkContract, items: list[Item], folder: Path) -> dict[str, Any]:
    """An inline harness task over a JSONL file. Field names instead of templates: a question may hold braces."""
    path = folder / f"{family.name}.jsonl"
    rows = [
        {
            "prompt": contract.asked_in.replace("{prompt}", item.question),
            "options": item.options,
            "gold": item.options.index(item.answer) if item.options else item.answer,
            "index": item.index,
        }
        for item in items
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    common: dict[str, Any] = {
        "task": family.name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(path)}, "cache_dir": str(folder / "datasets")},
        "test_split": "test",
        "doc_to_text": "prompt",
        "doc_to_target": "gold",
        "target_delimiter": "",
        "num_fewshot": 0,
        "metadata": {"version": contract.suite.version},
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


def _samples(
    family: FamilySpec, contract: BenchmarkContract, items: list[Item], logged: list[dict[str, Any]]
) -> list[Sample]:
    """The harness's log as our samples. Raises BenchmarkFault when anything was not asked exactly as agreed."""
    by_index = {sample["doc"]["index"]: sample for sample in logged}
    if len(logged) != family.items or by_index.keys() != set(range(family.items)):
        raise BenchmarkFault(f"{family.name}: {len(by_index)} of {family.items} questions were answered.")
    samples = []
    for item in items:
        sample = by_index[item.index]
        prompt = contract.asked_in.replace("{prompt}", item.question)
        if any(_context(argument) != prompt for argument in _arguments(sample)):
            raise BenchmarkFault(f"{family.name}: a question was not asked through the frozen template.")
        samples.append(_choice(family, item, sample) if item.options else _generated(family, item, sample))
    return samples


def _arguments(sample: dict[str, Any]) -> list[Any]:
    arguments = sample["arguments"]
    return list(arguments.values()) if isinstance(arguments, dict) else list(arguments)


def _context(argument: Any) -> str:
    return str(argument["arg_0"] if isinstance(argument, dict) else argument[0])


def _choice(family: FamilySpec, item: Item, sample: dict[str, Any]) -> Sample:
    logprobs = [float(answer[0]) for answer in sample["filtered_resps"]]
    if len(logprobs) != len(item.options) or not all(map(math.isfinite, logprobs)):
        raise BenchmarkFault(f"{family.name}: the engine gave likelihoods that are not numbers.")
    answer = item.options[max(range(len(logprobs)), key=logprobs.__getitem__)]
    if (answer == item.answer) != bool(sample["acc"]):
        raise BenchmarkFault(f"{family.name}: our reading of an answer differs from the harness's.")
    return Sample(
        task=family.name,
        index=item.index,
        question=item.question,
        expected=item.answer,
        answer=answer,
        correct=answer == item.answer,
    )


def _generated(family: FamilySpec, item: Item, sample: dict[str, Any]) -> Sample:
    answer = str(sample["filtered_resps"][0]).strip()
    return Sample(
        task=family.name,
        index=item.index,
        question=item.question,
        expected=item.answer,
        answer=answer,
        correct=verify(family, item, answer),
    )


def _task_score(family: FamilySpec, samples: list[Sample]) -> TaskScore:
    got = score(sum(sample.correct for sample in samples), len(samples), family.chance)
    return TaskScore(
        task=family.name,
        n=len(samples),
        accuracy=got.accuracy,
        stderr=got.stderr,
        chance=family.chance,
        score=got.score,
    )


def _counter(contract: BenchmarkContract, progress: Callable[[int, int, str], None]) -> Callable[[], None]:
    """Counts requests, tells questions: a choice is one request for each option."""
    per_item = {family.name: len_options(family) for family in contract.suite.families}
    total = sum(family.items for family in contract.suite.families)
    requests = sum(family.items * per_item[family.name] for family in contract.suite.families)
    count = 0

    def answered() -> None:
        nonlocal count
        count += 1
        progress(min(total, count * total // requests), total, "asking")

    return answered


def len_options(family: FamilySpec) -> int:
    return family.options if family.kind == "choice" else 1


def _take_stdout() -> Callable[[int, int, str], None]:
    """Keep standard output for ourselves; what libraries print goes to standard error."""
    ours = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def progress(done: int, total: int, note: str) -> None:
        print(json.dumps({"done": done, "total": total, "note": note}), file=ours, flush=True)

    return progress


if __name__ == "__main__":
    main(Path(sys.argv[1]))
