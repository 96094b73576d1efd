"""Prepare the house model once: GGUF from its packages -> dense bf16 safetensors with a mended tokenizer.

Run as a program (`python -m workers.pool.house_model DIR`) so that the node agent never imports torch. Standard output
is one JSON object a line for a parent to read: {"event": "licence" | "progress" | "done" | "error", ...}. Exit status 0
when the model is ready, 1 when it is not. A second run only checks the manifest (`--full` re-hashes every file).
"""

import argparse
import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from arena.shows.base_models import HOUSE_MODEL, BaseModel
from workers.pool.model_store import MANIFEST, Manifest, ModelDamaged, check_model, write_manifest

SPACE_NEEDED = 1_100 * 2**20
"""Bytes: the assembled GGUF (0.25 GB), the weights (0.54 GB), the tokenizer, and room to breathe."""

STEPS = ("assemble", "tokenizer", "weights", "save", "check", "hash")
Progress = Callable[[int, int, str], None]
"""(steps done, steps in all, what is being done now)"""


class PrepareError(Exception):
    """Why the model could not be prepared and what to do about it; `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def licence_note(base: BaseModel) -> str:
    return (
        f"{base.id} is provided under and subject to the {base.licence} found at {base.licence_url}. "
        "By preparing and using it you accept those terms and its prohibited-use policy."
    )


def prepare(
    directory: Path, base: BaseModel = HOUSE_MODEL, progress: Progress | None = None, full: bool = False
) -> Manifest:
    """Leave a whole prepared model in `directory` and return its manifest; nothing half done is ever seen there.

    Raises PrepareError. About a minute and 2 GB of memory the first time on two cores, milliseconds afterwards.
    """
    report = progress or (lambda done, total, note: None)
    parent = directory.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with _exclusive(parent / f".{directory.name}.lock", report):
            return _prepare_locked(directory, base, report, full)
    except PermissionError as error:
        raise PrepareError("permission", f"cannot write to {parent}: {error}") from error


def _prepare_locked(directory: Path, base: BaseModel, report: Progress, full: bool) -> Manifest:
    try:
        manifest = check_model(directory, full)
        if manifest.base_model == base.id and manifest.source == base.source:
            return manifest
    except ModelDamaged as error:
        if directory.exists():
            report(0, len(STEPS), f"preparing again: {error}")
    for leftover in directory.parent.glob(f".{directory.name}.partial-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    _require_space(directory.parent)
    partial = directory.parent / f".{directory.name}.partial-{os.getpid()}"
    partial.mkdir()
    try:
        manifest = _build(partial, base, report)
        if directory.exists():
            shutil.rmtree(directory)
        partial.rename(directory)
    except OSError as error:
        raise PrepareError("disk", f"writing the model to {directory.parent} failed: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _require_space(parent: Path) -> None:
    free = shutil.disk_usage(parent).free
    if free < SPACE_NEEDED:
        raise PrepareError(
            "disk_full",
            f"preparing the model needs {SPACE_NEEDED >> 20} MiB in {parent} and {free >> 20} MiB are free: "
            "make room or choose another --data-dir",
        )


@contextmanager
def _exclusive(path: Path, report: Progress) -> Iterator[None]:
    """Two starts at once must not build twice: the second waits and then finds the finished model."""
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(0, len(STEPS), "another process is preparing the model; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _build(target: Path, base: BaseModel, report: Progress) -> Manifest:
    def step(name: str, note: str) -> None:
        report(STEPS.index(name), len(STEPS), note)

    scheme, _, package = base.source.partition(":")
    if scheme != "package":
        raise PrepareError(
            "source", f"{base.id} comes from {base.source!r}; only package: sources are prepared here"
        )
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # everything is here; a slow hub must not be asked first
    try:
        import importlib

        import torch
        import transformers
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

        source: Any = importlib.import_module(package.replace("-", "_"))
    except ImportError as error:
        raise PrepareError(
            "missing_package",
            f"{error.name or error} is not installed; install this project with its [lab] extra",
        ) from error
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


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Prepare the house model.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--full", action="store_true", help="re-hash every file of a prepared model")
    arguments = parser.parse_args(argv)
    base, started = HOUSE_MODEL, time.monotonic()

    events = sys.stdout

    def emit(event: str, **fields: object) -> None:
        print(json.dumps({"event": event, **fields}), file=events, flush=True)

    emit("licence", note=licence_note(base), url=base.licence_url)

    def progress(done: int, total: int, note: str) -> None:
        emit("progress", done=done, total=total, note=note)

    try:
        with redirect_stdout(sys.stderr):  # what a library prints must not end up among the events
            manifest = prepare(arguments.directory, base, progress, arguments.full)
    except PrepareError as error:
        emit("error", code=error.code, message=str(error))
        return 1
    seconds = round(time.monotonic() - started, 3)
    emit(
        "done",
        directory=str(arguments.directory),
        manifest=MANIFEST,
        base_digest=manifest.base_digest,
        seconds=seconds,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
