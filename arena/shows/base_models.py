"""The registry of base models: what a track can be built on. Those that we ship, and those that an operator adds."""

import os

from arena.shows.base_model import BaseModel, PinnedFile, likely_tokens, weights_digest
from arena.shows.shipped_models import GEMMA_3_270M, QWEN3_600M

__all__ = [
    "BASE_MODELS",
    "GEMMA_3_270M",
    "HOUSE_MODEL",
    "QWEN3_600M",
    "VARIABLE",
    "BaseModel",
    "PinnedFile",
    "likely_tokens",
    "registry_environment",
    "weights_digest",
]

HOUSE_MODEL = GEMMA_3_270M
VARIABLE = "GAVEL_BASE_MODELS"
"""Names the file with those that an operator adds."""


def registry_environment() -> dict[str, str]:
    """What a child that gets none of our environment needs, to know the same models."""
    return {VARIABLE: os.environ[VARIABLE]} if os.environ.get(VARIABLE) else {}


def _registry() -> dict[str, BaseModel]:
    shipped = {model.id: model for model in (GEMMA_3_270M, QWEN3_600M)}
    path = os.environ.get(VARIABLE)
    if not path:
        return shipped
    # What reads it strictly takes longer to import than all else here, and children start often.
    from arena.shows.added_models import RegistryFault, read_added

    try:
        return shipped | read_added(path, shipped)
    except RegistryFault as fault:
        # Whoever cannot read what the site is built on must not start: it would refuse what the others take.
        raise SystemExit(f"{VARIABLE}: {fault}") from fault


BASE_MODELS: dict[str, BaseModel] = _registry()
"""By id. Read once: what changes in the file is known after a restart."""
