"""Make the house model from its packages: GGUF -> dense bf16 safetensors with a mended tokenizer.

For `preparing`, which runs as a program of its own: the node agent never imports torch.
"""

import importlib
import importlib.metadata
import json
import os
import shutil
from pathlib import Path
from typing import Any

from arena.shows.base_models import BaseModel
from workers.pool.model_store import (
    Manifest,
    PrepareError,
    Progress,
    licence_note,
    require_space,
    write_manifest,
)

SPACE_NEEDED = 1_100 * 2**20
"""Bytes: the assembled GGUF (0.25 GB), the weights (0.54 GB), the tokenizer, and room to breathe."""

STEPS = ("assemble", "tokenizer", "weights", "save", "check", "hash")


def make(target: Path, base: BaseModel, report: Progress) -> Manifest:
    """Fill the empty folder `target`. About a minute and 2 GB of memory on two cores. Raises PrepareError, OSError."""

    def step(name: str, note: str) -> None:
        report(STEPS.index(name), len(STEPS), note)

    require_space(target.parent, SPACE_NEEDED)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # everything is here; a slow hub must not be asked first
    os.environ.setdefault("TQDM_DISABLE", "1")  # our own steps say how far it is
    try:
        import torch
        import transformers
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

        source: Any = importlib.import_module(base.place.replace("-", "_"))
    except ImportError as error:
        raise PrepareError(
            "missing_package",
            f"{error.name or error} is not installed; install this project with its [lab] extra",
        ) from error
    if (found := importlib.metadata.version(base.place)) != base.revision:
        raise PrepareError(
            "revision", f"{base.place} {found} is installed; {base.id} is made of {base.revision}"
        )
    transformers.logging.disable_progress_bar()

    step("assemble", "putting the GGUF file together")
    gguf = source.assemble(target / source.MODEL_NAME)

    step("tokenizer", "reading the tokenizer")
    tokenizer = AutoTokenizer.from_pretrained(str(target), gguf_file=gguf.name)
    # The GGUF conversion leaves no BOS post-processor, and Gemma without BOS babbles.
    tokenizer.add_bos_token = True

    step("weights", "unpacking the weights")
    model = AutoModelForCausalLM.from_pretrained(
        str(target),
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    gguf.unlink()
    if hasattr(model.config, "quantization_config"):
        del (
            model.config.quantization_config
        )  # the saved weights are dense: a loader must not look for GGUF blocks

    step("save", "writing safetensors")
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    _write_token_map(target, tokenizer)
    _write_licence(target, base, source)
    for path in target.iterdir():
        path.chmod(0o644)

    step("check", "asking the model a question")
    _check_answers(target, base)

    step("hash", "writing the manifest")
    built_with = {"torch": torch.__version__, "transformers": transformers.__version__}
    return write_manifest(target, base.id, base.source, source.EXPECTED_SHA256, built_with)


def _write_token_map(target: Path, tokenizer: Any) -> None:
    """transformers 5 keeps these in tokenizer_config.json alone; evaluation tools still ask for the separate file."""
    text = json.dumps(
        {name: str(token) for name, token in tokenizer.special_tokens_map.items()}, indent=2, sort_keys=True
    )
    (target / "special_tokens_map.json").write_text(text + "\n")


def _write_licence(target: Path, base: BaseModel, source: Any) -> None:
    """The terms ask that every copy carries them, and says what was changed."""
    terms = Path(source.__file__).parent / "data" / "GEMMA_TERMS.html"
    if terms.is_file():
        shutil.copyfile(terms, target / terms.name)
    changes = (
        f"Changed: dequantised from {source.MODEL_NAME} to bfloat16 safetensors; BOS post-processor added."
    )
    (target / "NOTICE").write_text(f"{licence_note(base)}\n{changes}\n")


def _check_answers(target: Path, base: BaseModel) -> None:
    """Load what was written, as the engine will, and make sure that it begins with BOS and knows its capitals."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(target))
    first = tokenizer.encode("x")[0]
    if first != tokenizer.bos_token_id:
        raise PrepareError(
            "tokenizer", f"the saved tokenizer begins with token {first}, not with {tokenizer.bos_token!r}"
        )
    model = AutoModelForCausalLM.from_pretrained(str(target), dtype=torch.bfloat16)
    prompt = torch.tensor([tokenizer.encode("Q: What is the capital of France?\nA:")])
    answer = tokenizer.decode(model.generate(prompt, max_new_tokens=8, do_sample=False)[0, prompt.shape[1] :])
    if "Paris" not in answer:
        raise PrepareError(
            "babble", f"{base.id} answered {answer!r} to a question about France: the conversion is wrong"
        )
