"""One step of an export in a process of its own: `child.py STEP FOLDER`, STEP is `merge`, `quantise`, `original` or
`exported`.

Reads `job.json` (an `ExportJob`) and what the step before has left, writes `STEP.json`, prints a JSON line for what is
to be told. `quantise` runs where llm-compressor is, which cannot share an environment with the platform; so does what
measures its work, and the original beside it: both answers come out of the same libraries. No network, no database.
"""

import hashlib
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from arena.benchmarks.contracts import Answer, BenchmarkContract
from arena.exports.contracts import BESIDE, CARD, WEIGHTS, Calibrated, ExportJob, Marks, Scheme
from arena.shows.base_models import BASE_MODELS

Say = Callable[[int, int], None]

MERGED, MODEL, CALIBRATION = "merged", "model", "calibration.json"
FITTED: tuple[Scheme, ...] = ("w4a16_gptq", "w4a16_awq")
"""Of `int8` and `fp8` the weights are rounded to the nearest and the activations' scales are found as they come: only a
rounding that is fitted asks for rows."""
BATCH = 8
"""Requests that the harness asks at once."""
ONE_FILE = "1000GB"
LIBRARIES = (
    "accelerate",
    "compressed-tensors",
    "llmcompressor",
    "peft",
    "safetensors",
    "torch",
    "transformers",
)
SHIPPED = Path(__file__).resolve().parents[3] / "infra" / "demo" / "data"
_READ_AS = {"messages": "sft", "preference": "dpo", "kto": "kto"}


def main(step: str, folder: Path) -> None:
    say = _take_stdout()
    job = ExportJob.model_validate_json((folder / "job.json").read_bytes())
    found: Any
    if step == "merge":
        found = merge(job, folder)
    elif step == "quantise":
        found = quantise(job.scheme, folder)
    else:
        found = measure(job, folder, _original if step == "original" else _exported, say)
    (folder / f"{step}.json").write_text(json.dumps(found))


def _take_stdout() -> Say:
    """Keep standard output for ourselves; what libraries print goes to standard error."""
    ours = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return lambda done, total: print(json.dumps({"done": done, "total": total}), file=ours, flush=True)


# --- merged -------------------------------------------------------------------------------------------------------


def merge(job: ExportJob, folder: Path) -> dict[str, Any]:
    """`merged/`: the base with the adapter in its weights, in bfloat16, with the base's own tokenizer and licence."""
    model = _original(job, folder).merge_and_unload(safe_merge=True)
    merged = folder / MERGED
    model.save_pretrained(merged, max_shard_size=ONE_FILE)
    _take_over(Path(job.model_dir), merged)
    calibration = _calibration(job, folder).model_dump(mode="json") if job.scheme in FITTED else None
    _write_card(job, merged, calibration)
    if job.scheme == "bf16":
        merged.rename(folder / MODEL)
    weights = folder / (MODEL if job.scheme == "bf16" else MERGED) / WEIGHTS
    return {
        "bytes": weights.stat().st_size,
        "calibration": calibration,
        "libraries": libraries(),
        "machine": machine(),
    }


def _take_over(base: Path, to: Path) -> None:
    for name in BESIDE:
        if (base / name).is_file():
            shutil.copyfile(base / name, to / name)


def _write_card(job: ExportJob, folder: Path, calibration: dict[str, Any] | None) -> None:
    """For whoever has nothing but the files: what they are made of, how to ask them, and on what terms."""
    base = BASE_MODELS[job.base_model]
    card = {
        "scheme": job.scheme,
        "base_model": base.id,
        "base_sha256": job.base_digest,
        "adapter": job.adapter_digest,
        "calibration": calibration,
        "template": base.template,
        "template_sha256": base.template_digest,
        "stop": base.stop,
        "licence": base.licence,
        "licence_url": base.licence_url,
        "notice": {
            "en": f"Modified from {base.id}, which is provided under and subject to the {base.licence} found at "
            f"{base.licence_url}; so is this. What this model writes is AI-generated content and is to be labelled so.",
            "zh": f"本模型由 {base.id} 修改而成。{base.id} 依据并受制于 {base.licence}"
            f"（{base.licence_url}），本模型同样如此。"
            "本模型写出的内容是人工智能生成内容，须如此标注。",
        },
    }
    (folder / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


# --- on which rows ------------------------------------------------------------------------------------------------


def _calibration(job: ExportJob, folder: Path) -> Calibrated:
    """Rows in the frozen template with its BOS and its end, as token ids: the other environment sees no text."""
    from transformers import AutoTokenizer

    from workers.lab.train.data import Spelling

    tokenizer = AutoTokenizer.from_pretrained(job.model_dir, local_files_only=True, trust_remote_code=False)
    spelling = Spelling.of(tokenizer, BASE_MODELS[job.base_model])
    rows = _own(job, spelling) if job.data is not None else _shipped(job, spelling)
    # Drawn by what they say: neither their order nor where they come from decides.
    drawn = sorted(rows, key=lambda ids: hashlib.sha256(json.dumps(ids).encode()).digest())[: job.rows]
    text = json.dumps(drawn)
    (folder / CALIBRATION).write_text(text)
    return Calibrated(
        source="data_set" if job.data is not None else "shipped",
        rows=len(drawn),
        tokens=sum(map(len, drawn)),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def _own(job: ExportJob, spelling: Any) -> list[list[int]]:
    """What the adapter was trained on, read as it was then."""
    from arena.shows.training import TrainingSpec
    from workers.lab.train.data import read_examples

    assert job.data is not None and job.form is not None
    base = BASE_MODELS[job.base_model]
    spec = TrainingSpec.model_validate({"recipe": _READ_AS[job.form], "max_length": base.context})
    read = read_examples(Path(job.data), spec, base, spelling)
    return [[*row.prompt_ids, *row.answer_ids] for row in read]


def _shipped(job: ExportJob, spelling: Any) -> list[list[int]]:
    from workers.lab.training import read_examples

    base = BASE_MODELS[job.base_model]
    pairs = [pair for path in sorted(SHIPPED.glob("*.jsonl")) for pair in read_examples(path)]
    rows = [[*spelling.prompt(base.render(asked)), *spelling.answer(answer)] for asked, answer in pairs]
    return [ids for ids in rows if len(ids) <= base.context]


# --- with fewer bits ----------------------------------------------------------------------------------------------


def quantise(scheme: Scheme, folder: Path) -> dict[str, Any]:
    """`model/` out of `merged/`. The words that come out of the last layer stay as exact as they were."""
    torch, transformers = import_module("torch"), import_module("transformers")
    oneshot = import_module("llmcompressor").oneshot
    if not torch.accelerator.is_available():
        # AWQ pins what it asks each layer again and again, for a device to fetch it sooner. Without a device nothing is
        # won by it, and PyTorch refuses.
        import_module("llmcompressor.pipelines.cache").IntermediatesCache.pin_memory = lambda *_: None
    merged, out = folder / MERGED, folder / MODEL
    model = transformers.AutoModelForCausalLM.from_pretrained(
        merged, dtype=torch.bfloat16, local_files_only=True, trust_remote_code=False
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(merged, local_files_only=True)
    asked: dict[str, Any] = {}
    if scheme in FITTED:
        rows = [
            {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
            for ids in json.loads((folder / CALIBRATION).read_text())
        ]
        loader = torch.utils.data.DataLoader(rows, batch_size=1, collate_fn=lambda batch: batch[0])
        asked = {"dataset": loader, "num_calibration_samples": len(rows)}
    oneshot(model=model, processor=tokenizer, recipe=_recipe(scheme), **asked)
    model.save_pretrained(out, save_compressed=True, max_shard_size=ONE_FILE)
    _take_over(merged, out)
    shutil.copyfile(merged / CARD, out / CARD)
    return {"bytes": (out / WEIGHTS).stat().st_size, "libraries": libraries()}


def _recipe(scheme: Scheme) -> list[Any]:
    modifiers = "llmcompressor.modifiers"
    rounding = import_module(f"{modifiers}.quantization").QuantizationModifier
    linear = {"targets": ["Linear"], "ignore": ["lm_head"]}
    if scheme == "w4a16_gptq":
        return [import_module(f"{modifiers}.gptq").GPTQModifier(scheme="W4A16", **linear)]
    if scheme == "w4a16_awq":
        awq = import_module(f"{modifiers}.transform.awq").AWQModifier(duo_scaling="both")
        return [awq, rounding(scheme="W4A16_ASYM", **linear)]
    return [rounding(scheme={"int8": "W8A8", "fp8": "FP8_DYNAMIC"}[scheme], **linear)]


# --- measured -----------------------------------------------------------------------------------------------------


def measure(
    job: ExportJob, folder: Path, load: Callable[[ExportJob, Path], Any], say: Say
) -> dict[str, Marks]:
    """By suite: which questions are answered rightly. Asked, read and judged by what judges on the board; only that the
    model is in this process, and not behind an engine."""
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoTokenizer

    from workers.lab.benchmark_child import measure as asked_all

    base = BASE_MODELS[job.base_model]
    tokenizer = AutoTokenizer.from_pretrained(job.model_dir, local_files_only=True, trust_remote_code=False)
    model = load(job, folder)
    total = sum(len(listed) for contract in job.asked for listed in contract.items.values())
    before, found = 0, {}
    for contract in job.asked:
        engine = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=BATCH, max_length=base.context)

        def tell(done: int, _: int, __: Answer | None, before: int = before) -> None:
            say(before + done, total)

        result = asked_all(contract, folder, tell, engine)
        if result.fault is not None:
            raise RuntimeError(f"{contract.suite.id}: {result.fault.message}")
        found[contract.suite.id] = _marks(contract, result.samples)
        before += sum(map(len, contract.items.values()))
    return found


def _marks(contract: BenchmarkContract, samples: list[Any]) -> Marks:
    right = {(one.task, one.index): one.correct for one in samples}
    return {task: [right[task, index] for index in listed] for task, listed in contract.items.items()}


def _original(job: ExportJob, folder: Path) -> Any:
    """What competes: the base in bfloat16 with the adapter beside it."""
    torch, peft, transformers = (import_module(name) for name in ("torch", "peft", "transformers"))
    model = transformers.AutoModelForCausalLM.from_pretrained(
        job.model_dir,
        dtype=torch.bfloat16,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
    )
    return peft.PeftModel.from_pretrained(model, str(folder / "adapter")).eval().to(_device(torch))


def _exported(_: ExportJob, folder: Path) -> Any:
    """What is downloaded. transformers takes the weights apart again and rounds the activations as an engine would:
    that says what the rounding costs, also on machines that cannot compute with such numbers."""
    torch, transformers = import_module("torch"), import_module("transformers")
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder / MODEL, dtype=torch.bfloat16, local_files_only=True, trust_remote_code=False
    )
    return model.eval().to(_device(torch))


def _device(torch: Any) -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def libraries() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def machine() -> dict[str, Any]:
    from workers.lab.train import machine as here

    return here.machine() | {"accelerators": here.accelerators()}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
