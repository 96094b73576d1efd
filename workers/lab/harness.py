"""Tasks of lm-evaluation-harness as question banks: their own documents through their own templates, written down.

What is taken is what the model would be shown without examples: few-shot, filters and answer prefixes of a task are
not. A choice keeps its options and its right one, a written answer its target. Nothing is written anywhere here.
"""

import difflib
import json
import re
from pathlib import Path
from typing import Any

from lm_eval.tasks import TaskManager

from arena.benchmarks.checking import MAX_ROWS, BadSuite, Problem
from arena.benchmarks.importing import NewTask
from arena.benchmarks.scoring import extract

WRITTEN_TOKENS = 256
"""A task that lets the model reason before it answers needs room."""


def tasks(names: list[str], include: Path | None = None, limit: int | None = None) -> list[NewTask]:
    """The tasks (or all tasks of a group) of these names. `include` is a folder with tasks of
    one's own, which are looked at instead of the harness's: those are ten thousand files.

    Raises BadSuite `suite.task_unknown`, `suite.hub_unreachable`, `suite.images` or `suite.task_unfit`.
    """
    manager = TaskManager(include_path=str(include) if include else None, include_defaults=include is None)
    for name in names:
        if name not in manager.task_index:
            near = difflib.get_close_matches(name, manager.all_tasks, 3)
            hint = f"Did you mean {' or '.join(near)}?" if near else "See “lm_eval ls tasks”."
            raise BadSuite([Problem("suite.task_unknown", f"The harness has no task “{name}”. {hint}", name)])
    return [_bank(name, task, limit) for name, task in _load(manager, names).items()]


def _load(manager: TaskManager, names: list[str]) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = manager.load(names)["tasks"]
    except OSError as error:
        message = (
            f"The data cannot be reached from here ({type(error).__name__}). Give this machine a way to the hub, or "
            "import the questions from a JSONL or CSV file."
        )
        raise BadSuite([Problem("suite.hub_unreachable", message, ", ".join(names))]) from error
    except Exception as error:  # a task is a program of somebody else
        message = f"The task cannot be loaded: {type(error).__name__}: {error}"
        raise BadSuite([Problem("suite.task_unfit", message[:400], ", ".join(names))]) from error
    return loaded


def _bank(name: str, task: Any, limit: int | None) -> NewTask:
    config = task.config
    if config.doc_to_image is not None or getattr(config, "doc_to_audio", None) is not None:
        message = "The questions have images or sounds, and the base models of this site take none."
        raise BadSuite([Problem("suite.images", message, name)])
    if task.OUTPUT_TYPE not in ("multiple_choice", "generate_until"):
        message = f"The task is measured by {task.OUTPUT_TYPE}; only choices and written answers are taken."
        raise BadSuite([Problem("suite.task_unfit", message, name)])
    docs = list(task.eval_docs)[: limit or MAX_ROWS + 1]
    try:
        rows = [
            _choice(task, doc) if task.OUTPUT_TYPE == "multiple_choice" else _written(task, doc)
            for doc in docs
        ]
    except Exception as error:
        message = f"A document cannot be written down: {type(error).__name__}: {error}"
        raise BadSuite([Problem("suite.task_unfit", message[:400], name)]) from error
    kwargs = config.generation_kwargs or {}
    numbers = all(not row["options"] and extract("number", row["answer"]) for row in rows)
    if numbers:
        rows = [row | {"answer": extract("number", row["answer"])} for row in rows]
    until = kwargs.get("until") or ["\n"]
    return NewTask(
        name=re.sub("[^a-z0-9]+", "_", name.casefold()).strip("_")[:60],
        title={"en": name[:80], "zh": name[:80]},
        text="".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
        scorer="number" if numbers else "exact",
        max_tokens=min(512, int(kwargs.get("max_gen_toks", WRITTEN_TOKENS))),
        until=tuple(str(end)[:20] for end in ([until] if isinstance(until, str) else until)),
    )


def _choice(task: Any, doc: Any) -> dict[str, Any]:
    options = [str(option).strip() for option in task.doc_to_choice(doc)]
    target = task.doc_to_target(doc)
    answer = options[target] if isinstance(target, int) else str(target).strip()
    return _row(task, doc, answer, options)


def _written(task: Any, doc: Any) -> dict[str, Any]:
    target = task.doc_to_target(doc)
    answers = [str(one).strip() for one in (target if isinstance(target, list) else [target])]
    return _row(task, doc, answers[0], []) | {"answers": answers[1:]}


def _row(task: Any, doc: Any, answer: str, options: list[str]) -> dict[str, Any]:
    text = task.doc_to_text(doc)
    if not isinstance(text, str):
        raise ValueError("its question is not one text")
    subject = doc.get("subject") or doc.get("category") or ""
    return {"question": text.strip(), "answer": answer, "options": options, "stratum": str(subject)[:60]}
