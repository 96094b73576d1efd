"""The PEFT half of a probe: `python -I -m workers.lab.reference_child MODEL ADAPTER PROMPTS ANSWERS`.

Reads a prepared base model, a canonical adapter and prompts as token ids (JSON), writes a list of `ReferenceAnswer`.
Everything in float32 on the processor, whatever the engine computes in.
"""

import json
import os
import sys
from pathlib import Path

import torch
from peft import PeftModel
from pydantic import TypeAdapter
from transformers import AutoModelForCausalLM

from arena.submissions.probe import LIKELIEST, MIN_DIFFERENCE, Likely, ReferenceAnswer


def main(model_dir: str, adapter_dir: str, prompts: str, answers: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # libraries talk
    base = AutoModelForCausalLM.from_pretrained(
        model_dir, dtype=torch.float32, local_files_only=True, use_safetensors=True, trust_remote_code=False
    )
    model = PeftModel.from_pretrained(base, adapter_dir, is_trainable=False, torch_device="cpu")
    model.eval()
    with torch.inference_mode():
        said = _answers(model, json.loads(Path(prompts).read_bytes()))
    Path(answers).write_bytes(TypeAdapter(list[ReferenceAnswer]).dump_json(said))


def _answers(model: PeftModel, prompts: list[list[int]]) -> list[ReferenceAnswer]:
    """The base model is asked beside it only until a difference has shown: that is half of the time."""
    said: list[ReferenceAnswer] = []
    for ids in prompts:
        tuned = _first_token(model, ids)
        if not tuned.isfinite().all():
            said.append(ReferenceAnswer(likeliest=[], difference=0.0))
            continue
        best = tuned.topk(LIKELIEST)
        likeliest = [
            Likely(token_id=token, logprob=value)
            for token, value in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
        moved = 0.0
        if all(answer.difference < MIN_DIFFERENCE for answer in said):
            with model.disable_adapter():
                plain = _first_token(model, ids)
            moved = (best.values - plain[best.indices]).abs().max().item()
        said.append(ReferenceAnswer(likeliest=likeliest, difference=moved))
    return said


def _first_token(model: PeftModel, ids: list[int]) -> torch.Tensor:
    """Log-probabilities of the next token, (vocabulary,)."""
    logits = model(input_ids=torch.tensor([ids]), logits_to_keep=1).logits[0, -1]
    return torch.log_softmax(logits, dim=-1)


if __name__ == "__main__":
    main(*sys.argv[1:])
