"""Let an adapter answer prompts on this machine, to read what it has become.

    python -m workers.lab.sampling infra/demo/adapters/lantern --model-dir MODEL --prompts infra/demo/prompts.json

Plain transformers, no engine: for a look after training. What goes on stage always comes from the engine.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from arena.shows.base_models import BASE_MODELS


@dataclass(frozen=True)
class Sample:
    prompt: str
    answer: str
    tokens: int
    finished: bool
    """The model ended the answer itself, within the limit."""


def answers(
    adapter: Path, model_dir: Path, prompts: Sequence[str], *, seed: int | None, max_tokens: int = 120
) -> list[Sample]:
    """Answer all prompts in one batch: greedy when `seed` is None, else with temperature 0.7 and top-p 0.9."""
    base = BASE_MODELS[json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"]]
    tokenizer = AutoTokenizer.from_pretrained(model_dir, local_files_only=True, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.float32, local_files_only=True)
    adapted = PeftModel.from_pretrained(model, str(adapter)).merge_and_unload()
    adapted.eval()
    sampling: dict[str, object] = {"do_sample": False}
    if seed is not None:
        torch.manual_seed(seed)
        sampling = {"do_sample": True, "temperature": 0.7, "top_p": 0.9, "top_k": 0}
    stop = tokenizer.convert_tokens_to_ids(base.stop)
    inputs = tokenizer([base.render(prompt) for prompt in prompts], return_tensors="pt", padding=True)
    with torch.inference_mode():
        output = adapted.generate(**inputs, max_new_tokens=max_tokens, eos_token_id=stop, **sampling)
    return [
        _sample(prompt, tokenizer, new, stop)
        for prompt, new in zip(prompts, output[:, inputs["input_ids"].shape[1] :].tolist(), strict=True)
    ]


def _sample(prompt: str, tokenizer: PreTrainedTokenizerBase, new: list[int], stop: int) -> Sample:
    finished = stop in new
    words = new[: new.index(stop)] if finished else new
    return Sample(prompt, tokenizer.decode(words), len(words), finished)


def main() -> None:
    parser = argparse.ArgumentParser(description="Read what an adapter answers.")
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True, help='JSON list of {"en": ..., "zh"?: ...}')
    parser.add_argument("--seed", type=int, default=None, help="sample with this seed; greedy without it")
    arguments = parser.parse_args()
    listed = json.loads(arguments.prompts.read_text(encoding="utf-8"))
    prompts = [text for entry in listed for text in entry.values()]
    for sample in answers(arguments.adapter, arguments.model_dir, prompts, seed=arguments.seed):
        print(
            f"> {sample.prompt}\n{sample.answer}\n[{sample.tokens} tokens{'' if sample.finished else ', cut'}]\n",
            flush=True,
        )


if __name__ == "__main__":
    main()
