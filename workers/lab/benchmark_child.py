"""The measuring half of a benchmark run: `python -I -m workers.lab.benchmark_child FOLDER`.

Reads `contract.json`, `tokenizer/` and `suite/` in FOLDER, writes `result.json` there. Prints one JSON line for each
answer, with how far it is. Any way to end but 0 means that there is no result; the last line on standard error says
why.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from lm_eval import simple_evaluate
from lm_eval.api.model import TemplateLM
from lm_eval.models.openai_completions import LocalCompletionsAPI
from lm_eval.tasks import TaskManager

from arena.benchmarks import harness
from arena.benchmarks.contracts import (
    Answer,
    BenchmarkContract,
    BenchmarkResult,
    FamilySpec,
    Fault,
    Sample,
)
from arena.shows.base_models import BASE_MODELS
from arena.submissions.checklist import line_of
from arena.submissions.contracts import Check
from arena.submissions.refusals import AdapterRefused
from workers.lab.questions import (
    Item,
    SuiteUnavailable,
    extract,
    items_digest,
    make_items,
    task_score,
    verify,
)
from workers.lab.remembering import Remembering
from workers.lab.scorer import scorer_digest

Asked = dict[str, list[Item]]
"""By task: what this run asks."""


class BenchmarkFault(Exception):
    """There is no score to be had this time; the message says why."""


class Unmeasurable(Exception):
    """There is no score to be had, however often it is tried."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(code=code, message=message)


def main(folder: Path) -> None:
    say = _take_stdout()
    contract = BenchmarkContract.model_validate_json((folder / "contract.json").read_bytes())
    try:
        result = measure(contract, folder, say)
    except Unmeasurable as error:
        result = _result(contract, fault=error.fault)
    (folder / "result.json").write_text(result.model_dump_json())


def measure(
    contract: BenchmarkContract,
    folder: Path,
    say: Callable[[int, int, Answer | None], None],
    engine: TemplateLM | None = None,
) -> BenchmarkResult:
    """Ask what is not known yet, and score everything. `engine`: asked instead of the contract's. Raises Unmeasurable
    before the first question, BenchmarkFault, and whatever the harness raises when the engine fails."""
    items = _items(contract, folder / "suite")
    engine = engine or _engine(contract, folder / "tokenizer")
    _require_bos(engine, BASE_MODELS[contract.base_model].bos)
    crowded = _crowded(contract, engine, items)
    if crowded is not None:
        return _result(contract, items, refusal=crowded)
    _require_room(contract, engine, items)
    families = {family.name: family for family in contract.suite.families if family.name in items}
    evaluated = simple_evaluate(
        model=Remembering(engine, contract.known, _counter(contract, items, say)),
        tasks=[_task(family, contract, items[name], folder) for name, family in families.items()],
        task_manager=TaskManager(include_defaults=False),
        num_fewshot=0,
        log_samples=True,
        bootstrap_iters=0,
        random_seed=contract.seed,
        numpy_random_seed=contract.seed,
        torch_random_seed=contract.seed,
        fewshot_random_seed=contract.seed,
    )
    samples = {
        name: _samples(family, contract, items[name], evaluated["samples"][name])
        for name, family in families.items()
    }
    return _result(
        contract,
        items,
        tasks=[
            task_score(family, items[name], [sample.correct for sample in samples[name]])
            for name, family in families.items()
        ],
        samples=[sample for listed in samples.values() for sample in listed],
    )


def _result(contract: BenchmarkContract, items: Asked | None = None, **found: Any) -> BenchmarkResult:
    return BenchmarkResult(
        **{"tasks": [], "samples": [], **found},
        lm_eval_version=version("lm_eval"),
        scorer_digest=scorer_digest(),
        suite_digest=contract.suite.digest,
        items_digest=items_digest(items) if items is not None else "",
    )


# --- before the first question ------------------------------------------------------------------------------------


def _items(contract: BenchmarkContract, files: Path) -> Asked:
    try:
        made = make_items(contract.suite, files)
        return {task: [made[task][index] for index in indices] for task, indices in contract.items.items()}
    except SuiteUnavailable as error:
        raise Unmeasurable("suite.unavailable", f"The suite's questions cannot be made: {error}") from error


def _engine(contract: BenchmarkContract, tokenizer: Path) -> LocalCompletionsAPI:
    try:
        return LocalCompletionsAPI(
            base_url=f"{contract.engine_url.rstrip('/')}/v1/completions",
            model=contract.model,
            tokenizer=str(tokenizer),
            **harness.CLIENT,
            # Above 1 the harness takes its asynchronous path, which sends other stop words; so never 1.
            num_concurrent=max(2, contract.concurrency),
            batch_size=1,
            seed=contract.seed,
            max_length=BASE_MODELS[contract.base_model].context,
        )
    except (OSError, ValueError) as error:
        raise Unmeasurable(
            "engine.no_tokenizer", f"The engine's tokenizer cannot be read: {error}"
        ) from error


def _require_bos(engine: TemplateLM, wanted: bool) -> None:
    """Gemma without BOS babbles, and every score would be a little wrong in silence."""
    bos, ids = engine.tokenizer.bos_token_id, engine.tok_encode("A")
    if wanted and (bos is None or ids[0] != bos or bos in ids[1:]):
        raise Unmeasurable("engine.bos", "The engine's tokenizer does not put exactly one BOS before a text.")
    if not wanted and bos in ids:
        raise Unmeasurable(
            "engine.bos", "The engine's tokenizer puts a BOS before a text, and this model has none."
        )


def _crowded(contract: BenchmarkContract, engine: TemplateLM, items: Asked) -> Check | None:
    """A system prompt that leaves no room for question and answer, in tokens of the engine's own tokenizer.

    The harness would cut the prompt's beginning off without a word, the engine would refuse in the middle of a duel.
    """
    system = contract.system
    if system is None:
        return None
    context = BASE_MODELS[contract.base_model].context
    asked = [item.question for listed in items.values() for item in listed]
    question = max(system.question_tokens, *(len(engine.tok_encode(text)) for text in asked))
    answer = max(system.answer_tokens, *(family.max_tokens for family in contract.suite.families))
    needed = len(engine.tok_encode(system.template.replace("{prompt}", "")))
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


def _require_room(contract: BenchmarkContract, engine: TemplateLM, items: Asked) -> None:
    """The harness would cut the beginning of what is too long off without a word, and measure something else."""
    context = BASE_MODELS[contract.base_model].context
    for family in contract.suite.families:
        for item in items.get(family.name, ()):
            prompt = contract.asked_in.replace("{prompt}", item.question)
            if item.options:
                needed = max(len(engine.tok_encode(prompt + option)) for option in item.options)
            else:
                needed = len(engine.tok_encode(prompt)) + family.max_tokens
            if needed >= context:  # the harness keeps one token for itself
                raise Unmeasurable(
                    "suite.too_long",
                    f"Question {item.index} of {family.name} takes {needed} tokens with its template and its "
                    f"answer; the model reads {context - 1}. Leave it out of the suite, or shorten it.",
                )


# --- asking -------------------------------------------------------------------------------------------------------


def _task(family: FamilySpec, contract: BenchmarkContract, items: list[Item], folder: Path) -> dict[str, Any]:
    """An inline task of the harness over a JSONL file."""
    path = folder / f"{family.name}.jsonl"
    rows = [
        harness.row(contract.asked_in, item.question, item.options, item.answer, item.index) for item in items
    ]
    path.write_text(harness.lines(rows))
    task = harness.task(family, contract.suite.version, family.name, str(path))
    task["dataset_kwargs"]["cache_dir"] = str(folder / "datasets")
    return task


def _counter(
    contract: BenchmarkContract, items: Asked, say: Callable[[int, int, Answer | None], None]
) -> Callable[[Answer], None]:
    """Counts requests, tells questions: a choice is one request for each option."""
    total = sum(map(len, items.values()))
    requests = sum(len(item.options) or 1 for listed in items.values() for item in listed)
    count = len(contract.known)
    say(count * total // requests, total, None)

    def answered(answer: Answer) -> None:
        nonlocal count
        count += 1
        say(min(total, count * total // requests), total, answer)

    return answered


# --- scoring ------------------------------------------------------------------------------------------------------


def _samples(
    family: FamilySpec, contract: BenchmarkContract, items: list[Item], logged: list[dict[str, Any]]
) -> list[Sample]:
    """The harness's log as our samples. Raises BenchmarkFault when anything was not asked exactly as agreed."""
    by_index = {sample["doc"]["index"]: sample for sample in logged}
    if len(logged) != len(items) or by_index.keys() != {item.index for item in items}:
        raise BenchmarkFault(f"{family.name}: {len(by_index)} of {len(items)} questions were answered.")
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
    said = [(float(logprob), bool(greedy)) for logprob, greedy in sample["filtered_resps"]]
    logprobs = [logprob for logprob, _ in said]
    if len(logprobs) != len(item.options):
        raise BenchmarkFault(f"{family.name}: not every option of a question was asked.")
    answer = item.options[max(range(len(logprobs)), key=logprobs.__getitem__)]
    if (answer == item.answer) != bool(sample["acc"]):
        raise BenchmarkFault(f"{family.name}: our reading of an answer differs from the harness's.")
    first, second = sorted(logprobs, reverse=True)[:2]
    return Sample(
        task=family.name,
        index=item.index,
        question=item.question,
        expected=item.answer,
        answer=answer,
        correct=answer == item.answer,
        options=item.options,
        logprobs=logprobs,
        normalised=[value / len(option) for value, option in zip(logprobs, item.options, strict=True)],
        extracted=answer,
        detail={"scorer": "likeliest", "ahead": first - second, "greedy": [greedy for _, greedy in said]},
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
        extracted=extract(family, answer),
        detail={"scorer": family.scorer},
    )


def _take_stdout() -> Callable[[int, int, Answer | None], None]:
    """Keep standard output for ourselves; what libraries print goes to standard error."""
    ours = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(done: int, total: int, answer: Answer | None) -> None:
        told = {"done": done, "total": total, "note": "asking"}
        if answer is not None:
            told["answer"] = answer.model_dump(mode="json")
        print(json.dumps(told), file=ours, flush=True)

    return say


class _Light(PathFinder):
    """Finds no torch, as on a machine without it: nothing is computed here.

    The harness and its libraries use it where they find it, to cut texts and to list what machine this is. Loading it
    takes most of the time until the first question.
    """

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return None if fullname in ("torch", "sklearn") else super().find_spec(fullname, path, target)


if __name__ == "__main__":
    sys.meta_path[sys.meta_path.index(PathFinder)] = _Light
    main(Path(sys.argv[1]))
