"""A base model small enough to be trained in a second, its tokenizer, and jobs on it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import transformers
from pydantic import TypeAdapter
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from arena.shows.base_models import HOUSE_MODEL
from arena.shows.training import Budget, TrainingSpec
from arena.training.contracts import Event, Point, Refused, Trained, TrainJob
from tests.support.base_models import described, write_registry

ROOT = Path(__file__).parents[2]
BASE = replace(
    HOUSE_MODEL,
    layers=2,
    modules={
        "self_attn.q_proj": (32, 32),
        "self_attn.k_proj": (32, 16),
        "self_attn.v_proj": (32, 16),
        "self_attn.o_proj": (32, 32),
        "mlp.gate_proj": (32, 64),
        "mlp.up_proj": (32, 64),
        "mlp.down_proj": (64, 32),
    },
)
"""Under the house model's name, so that a process of its own knows its template; only its shapes are smaller."""
PAD, EOS, BOS = 0, 1, 2

_events: TypeAdapter[Event] = TypeAdapter(Event)


def tiny_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """One word a character, BOS in front, as the prepared base has it."""
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    characters = [chr(code) for code in range(32, 127)] + ["\n"]
    words = {word: index for index, word in enumerate(special + characters)}
    built = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    built.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    built.post_processor = processors.TemplateProcessing(single="<bos> $A", special_tokens=[("<bos>", BOS)])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=built, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>", unk_token="<unk>"
    )


def tiny_model() -> transformers.Gemma3ForCausalLM:
    torch.manual_seed(1)
    config = transformers.Gemma3TextConfig(
        vocab_size=128, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, max_position_embeddings=1024, sliding_window=512,
        pad_token_id=PAD, eos_token_id=EOS, bos_token_id=BOS,
    )  # fmt: skip
    return transformers.Gemma3ForCausalLM(config)


def save_tiny_base(folder: Path) -> Path:
    tiny_model().save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


def tiny_environment(folder: Path) -> dict[str, str]:
    """Of a site whose season is on the tiny base, as an operator would have added it."""
    entry = described(save_tiny_base(folder / "original"))
    return {
        "GAVEL_BASE_MODELS": str(write_registry(folder / "registry.json", entry)),
        "GAVEL_BASE_MODEL": entry["id"],
        "GAVEL_MODEL_DIR": str(folder / entry["id"]),
    }


def asked(prompt: str, answer: str) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}],
    }


CONVERSATIONS = [
    asked("one", "first"),
    asked("two", "second!"),
    asked("three", "third, it is"),
    asked("four", "4"),
    asked("five", "a fifth"),
]


def write_rows(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows))
    return path


def job(folder: Path, model: Path, rows: Sequence[Any] = CONVERSATIONS, **changes: Any) -> TrainJob:
    """`changes` go into the job, its `spec` or its `budget`, wherever such a field is."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = {"batch_size": 2, "learning_rate": 1e-2, "warmup_steps": 1}
    budget: dict[str, Any] = {"steps": 4, "save_every": 100}
    for name in list(changes):
        if name in TrainingSpec.model_fields:
            spec[name] = changes.pop(name)
        elif name in Budget.model_fields and name not in ("tokens", "seconds"):
            budget[name] = changes.pop(name)
        elif name in ("budget_tokens", "budget_seconds"):
            budget[name.removeprefix("budget_")] = changes.pop(name)
    fields: dict[str, Any] = {
        "spec": spec,
        "budget": budget,
        "dtype": "float32",
        "base_model": BASE.id,
        "model_dir": str(model),
        "data": str(write_rows(folder / "data.jsonl", rows)),
        "out": str(folder / "out"),
        "threads": 1,
    }
    return TrainJob.model_validate(fields | changes)


def run(one: TrainJob) -> list[Event]:
    """Train in this process; returns what would have been printed."""
    from workers.lab.train import child

    said: list[Event] = []
    child.run(one, said.append)
    return said


def start(one: TrainJob, folder: Path, *, processes: int = 1) -> subprocess.Popen[bytes]:
    """Train in a process of its own, as the lab does."""
    path = folder / "job.json"
    path.write_text(one.model_dump_json())
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] * (
        processes > 1
    )
    return subprocess.Popen(
        [
            sys.executable,
            *([] if processes > 1 else ["-I"]),
            *launch,
            "-m",
            "workers.lab.train.child",
            str(path),
        ],
        stdout=subprocess.PIPE,
        stderr=(folder / "stderr.log").open("wb"),
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)},
        cwd=ROOT,
    )


def events_of(
    child: subprocess.Popen[bytes], until: Callable[[Event], bool] = lambda _: False
) -> list[Event]:
    """What a process prints, to its end or until one of it is what was waited for."""
    assert child.stdout is not None
    said: list[Event] = []
    for line in child.stdout:
        said.append(_events.validate_json(line))
        if until(said[-1]):
            return said
    child.wait()
    return said


def points(said: Sequence[Event]) -> list[Point]:
    return [event for event in said if isinstance(event, Point)]


def trained(said: Sequence[Event]) -> Trained:
    assert isinstance(said[-1], Trained), said[-1]
    return said[-1]


def refused(said: Sequence[Event]) -> Refused:
    assert isinstance(said[-1], Refused), said[-1]
    return said[-1]
