"""The model's half of `attention`: `python -I -m workers.lab.attention_child MODEL ADAPTER ASKED MAP`.

Reads a prepared base model, a canonical adapter, and a prompt with the token ids of its answer (JSON). One pass over
both, teacher-forced, gives the attention that was paid at every token. Writes an `AttentionMap`.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from tokenizers import Tokenizer

from arena.duels.attention import SOURCES, TOKENS, WHOLE, AttentionMap, LayerMap
from workers.lab.attention import TOO_LONG

if TYPE_CHECKING:
    from peft import PeftModel


def main(model_dir: str, adapter_dir: str, asked: str, written: str) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # libraries talk
    question = json.loads(Path(asked).read_bytes())
    tokenizer = Tokenizer.from_file(str(Path(model_dir) / "tokenizer.json"))
    prompt = tokenizer.encode(question["rendered"])
    answer = question["token_ids"][: max(0, TOKENS - len(prompt.ids))]
    if not answer:
        sys.exit(TOO_LONG)
    model = load(model_dir, adapter_dir)
    layers, kinds = look(model, [*prompt.ids, *answer]), layer_kinds(model)
    found = AttentionMap(
        prompt=prompt.offsets,
        answer=len(answer),
        layers=[strongest(rows, *kind) for rows, kind in zip(layers, kinds, strict=True)],
        rollout=strongest(rollout(layers), "rollout", None),
    )
    Path(written).write_text(found.model_dump_json())


def load(model_dir: str, adapter_dir: str) -> "PeftModel":
    """Only eager attention gives its weights; the other ways to compute it never have them as a whole."""
    os.nice(19)  # a duel that begins meanwhile has the processor
    from peft import PeftModel  # these take seconds, which a prompt that is too long is not worth
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(
        model_dir,
        dtype=torch.float32,
        attn_implementation="eager",
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    model = PeftModel.from_pretrained(base, adapter_dir, is_trainable=False, torch_device="cpu")
    model.eval()
    return model


def look(model: "PeftModel", ids: Sequence[int]) -> list[torch.Tensor]:
    """Of each layer the mean over its heads, (tokens, tokens): each row is a token's, and sums to 1."""
    with torch.inference_mode():
        said = model(
            input_ids=torch.tensor([list(ids)]), output_attentions=True, use_cache=False, logits_to_keep=1
        )
    layers = [weights[0].double().mean(dim=0) for weights in said.attentions]
    if not all(bool(rows.isfinite().all()) for rows in layers):
        raise ValueError("the model computes NaN for this answer")
    return layers


def layer_kinds(model: "PeftModel") -> list[tuple[str, int | None]]:
    """From the configuration: which layers see only the last tokens, and how many."""
    config = model.get_base_model().config
    kinds = getattr(config, "layer_types", None) or ["full_attention"] * config.num_hidden_layers
    return [
        ("sliding", int(config.sliding_window)) if kind == "sliding_attention" else ("global", None)
        for kind in kinds
    ]


def rollout(layers: Sequence[torch.Tensor]) -> torch.Tensor:
    """All layers together (Abnar and Zuidema, 2020): half of a token comes from itself, through the residual."""
    own = torch.eye(layers[0].shape[0], dtype=layers[0].dtype)
    mixed = own
    for rows in layers:
        mixed = (rows + own) / 2 @ mixed
    return mixed


def strongest(rows: torch.Tensor, kind: str, window: int | None) -> LayerMap:
    sources, weights = [], []
    for row in rows:
        best = row.topk(min(SOURCES, len(row)))
        # Rounded down; the least bit more than it is would let a row have more than all.
        kept = [
            (int(place), int(weight * WHOLE))
            for place, weight in zip(best.indices.tolist(), best.values.tolist(), strict=True)
        ]
        kept = [(place, weight) for place, weight in kept if weight > 0]
        sources.append([place for place, _ in kept])
        weights.append([weight for _, weight in kept])
    return LayerMap.model_validate({"kind": kind, "window": window, "sources": sources, "weights": weights})


if __name__ == "__main__":
    main(*sys.argv[1:])
