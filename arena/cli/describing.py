"""The registry entry of a model that lies in a folder: what can be read is read, what is a choice is proposed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from arena.shows.added_models import NEEDED, TAKEN, AddedModel, complaint
from arena.shows.base_models import HOUSE_MODEL
from arena.submissions.artifacts import SHARD
from arena.submissions.model import DROPPED
from workers.pool.model_store import sha256_file

CONTEXT = 2048


class Undescribable(Exception):
    """Why a folder makes no entry."""


def entry(folder: Path, said: Mapping[str, str]) -> dict[str, Any]:
    """As a JSON object. `said`: what stands in no file. Raises Undescribable."""
    config, tokenizer, settings = (_read(folder / name) for name in NEEDED)
    taken = [path for path in sorted(folder.iterdir()) if path.name in TAKEN or SHARD.fullmatch(path.name)]
    proposed = {
        **said,
        "files": {path.name: {"size": path.stat().st_size, "sha256": sha256_file(path)} for path in taken},
        "config": {name: value for name, value in config.items() if name not in DROPPED},
        "context": min(CONTEXT, config.get("max_position_embeddings") or 0),
        "max_rank": HOUSE_MODEL.max_rank,
        "template": HOUSE_MODEL.template,
        "system_template": HOUSE_MODEL.system_template,
        "stop": _text(settings.get("eos_token")),
        "bos": _begins_with_bos(tokenizer, _text(settings.get("bos_token"))),
        "frame": HOUSE_MODEL.frame,
    }
    try:
        AddedModel.model_validate_json(json.dumps(proposed))
    except ValidationError as error:
        raise Undescribable(f"{folder} cannot be a base model: {complaint(error)}") from error
    return proposed


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise Undescribable(f"{path} is missing") from error
    except ValueError as error:
        raise Undescribable(f"{path} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Undescribable(f"{path} is no JSON object")
    return found


def _text(token: object) -> str:
    """A token as older files write it, and as newer ones do."""
    return str(token.get("content", "")) if isinstance(token, dict) else str(token or "")


def _begins_with_bos(tokenizer: Mapping[str, Any], bos: str) -> bool:
    """What the tokenizer does to every text: the settings beside it may say otherwise and are not asked."""
    processor = tokenizer.get("post_processor") or {}
    steps = processor.get("processors", [processor])
    firsts = [
        step["single"][0] for step in steps if step.get("type") == "TemplateProcessing" and step["single"]
    ]
    return bool(bos) and any(first.get("SpecialToken", {}).get("id") == bos for first in firsts)
