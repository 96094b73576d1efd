"""Which engine a node speaks to, as said on the command line: one that it starts, or a server by its address."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx
import typer

from workers.pool.drivers.openai_compatible import read_models
from workers.pool.drivers.remote import Upstream
from workers.pool.serve import Remote, open_ai, ray_serve

DEFAULT_SLOTS = 8


class DriverName(StrEnum):
    VLLM = "vllm"
    RAY_SERVE = "ray-serve"
    OPENAI = "openai"


@dataclass(frozen=True)
class Elsewhere:
    """What was said about a server by its address; None: nothing."""

    upstream: str | None = None
    key_env: str | None = None
    key_file: Path | None = None
    model: str | None = None
    models: Path | None = None
    lora_path: str | None = None
    slots: int | None = None


_NAMES = {
    "upstream": "--upstream",
    "key_env": "--upstream-key-env",
    "key_file": "--upstream-key-file",
    "model": "--upstream-model",
    "models": "--models",
    "lora_path": "--lora-path",
    "slots": "--slots",
}


def remote(driver: DriverName, said: Elsewhere, here: dict[str, bool]) -> Remote | None:
    """How to speak to the server; None: the node starts its own engine. `here`: options of an engine of this machine,
    and whether they were given. Raises typer.BadParameter for what is missing or makes no sense together."""
    given = [option for field, option in _NAMES.items() if getattr(said, field) is not None]
    if driver is DriverName.VLLM:
        if given:
            raise typer.BadParameter(
                f"{given[0]} is about a server elsewhere, and --driver vllm starts an engine here; "
                "add --driver ray-serve or --driver openai"
            )
        return None
    local = [option for option, was in here.items() if was]
    if local:
        raise typer.BadParameter(
            f"{local[0]} is about an engine that this node starts, and --driver {driver} starts none"
        )
    if said.upstream is None:
        raise typer.BadParameter(f"--driver {driver} needs --upstream, the address of the server")
    upstream = Upstream(_address(said.upstream), *_key(said))
    build = _ray_serve if driver is DriverName.RAY_SERVE else _openai
    try:
        return build(upstream, said)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _ray_serve(upstream: Upstream, said: Elsewhere) -> Remote:
    if said.models is not None:
        raise typer.BadParameter(
            "--models is for --driver openai; Ray Serve reads adapters from --lora-path by their names"
        )
    if said.model is None:
        raise typer.BadParameter(
            "--driver ray-serve needs --upstream-model, the model_id in its model_loading_config"
        )
    if said.lora_path is None:
        raise typer.BadParameter(
            "--driver ray-serve needs --lora-path, the bucket in its dynamic_lora_loading_path (s3://…)"
        )
    return ray_serve(upstream, said.model, said.lora_path, said.slots or DEFAULT_SLOTS)


def _openai(upstream: Upstream, said: Elsewhere) -> Remote:
    if said.model is not None:
        raise typer.BadParameter(
            "--upstream-model is for --driver ray-serve; which adapter is which model stands in --models"
        )
    if (said.models is None) == (said.lora_path is None):
        raise typer.BadParameter(
            "--driver openai needs either --models FILE (digest → model name), or --lora-path DIR, a folder that the "
            "server sees under the same path and loads adapters from"
        )
    if said.models is None:
        return open_ai(upstream, None, Path(said.lora_path or ""), said.slots or DEFAULT_SLOTS)
    models = read_models(said.models)
    return open_ai(upstream, models, None, said.slots or len(models))


def _address(value: str) -> str:
    """Without the `/v1` that every route here begins with."""
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL as error:
        raise typer.BadParameter(f"--upstream {value!r} is not an address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise typer.BadParameter(f"--upstream must be an address such as http://10.0.0.9:8000, not {value!r}")
    if url.userinfo or url.query or url.fragment:
        raise typer.BadParameter(
            "--upstream must hold no password, query or fragment; a key goes into --upstream-key-env"
        )
    return value.rstrip("/").removesuffix("/v1")


def _key(said: Elsewhere) -> tuple[str, str]:
    """(the key, where it was read). Never on the command line, where every user of the machine sees it."""
    if said.key_env is not None and said.key_file is not None:
        raise typer.BadParameter("give --upstream-key-env or --upstream-key-file, not both")
    read: Callable[[], str]
    if said.key_env is not None:
        name = said.key_env
        where, read = f"the environment variable {name}", lambda: os.environ.get(name, "")
    elif said.key_file is not None:
        path = said.key_file
        where, read = f"the file {path}", path.read_text
    else:
        return "", ""
    try:
        key = read().strip()
    except OSError as error:
        raise typer.BadParameter(f"{where} cannot be read: {error.strerror}") from error
    if not key or not key.isascii() or not key.isprintable():
        raise typer.BadParameter(f"{where} holds no key")
    return key, f"it was read in {where}"
