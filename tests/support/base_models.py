"""A base model small enough for tests, in a folder, and as an operator would add it to the registry."""

import json
from pathlib import Path
from typing import Any

from arena.cli.describing import entry
from arena.shows.added_models import read_added
from arena.shows.base_models import BaseModel
from tests.support import model_files
from workers.pool import fake_text

CONFIG = model_files.CONFIG | {"max_position_embeddings": 4096}
LICENCE = {"licence": "Apache License 2.0", "licence_url": "https://www.apache.org/licenses/LICENSE-2.0"}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def write_model(folder: Path, seed: int = 1, shards: int = 1) -> Path:
    """Random weights of the smallest Gemma, with the tokenizer of the fake engine."""
    folder.mkdir(parents=True)
    fake_text.write_tokenizer(folder)
    weights = model_files.tensors(seed)
    files = model_files.whole(weights) if shards == 1 else model_files.split(weights, shards)
    if shards > 1:
        files["model.safetensors.index.json"] = model_files.index(weights, shards)
    files["config.json"] = json.dumps(CONFIG | {"use_cache": True}).encode()
    for name, body in files.items():
        (folder / name).write_bytes(body)
    return folder


def described(folder: Path, source: str | None = None, **changes: Any) -> dict[str, Any]:
    """The entry of the model in `folder`, as `gavel models describe` prints it."""
    said = {"id": "tiny", "source": source or f"file:{folder}", "revision": COMMIT if source else ""}
    return entry(folder, said | LICENCE) | {"max_rank": 8, "context": 1024} | changes


def write_registry(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text(json.dumps(entries))
    return path


def added(path: Path, *entries: dict[str, Any]) -> BaseModel:
    """What the registry knows of the first of them."""
    return next(iter(read_added(write_registry(path, *entries)).values()))
