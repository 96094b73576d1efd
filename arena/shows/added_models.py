"""Base models that an operator adds: the file that `GAVEL_BASE_MODELS` names, the same for every process of a site.

Everything is pinned before it is fetched, and only names on a closed list exist: weights as safetensors, the config,
the tokenizer. Nothing of a model is ever run as code.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel as Shape
from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from arena.shows.architectures import Layers, read_layers, read_tensors
from arena.shows.base_model import SHARD, WEIGHTS, BaseModel, PinnedFile, weights_digest

MAX_FILE_BYTES = 1 << 20
INDEX = "model.safetensors.index.json"
NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")
TAKEN = (*NEEDED, "generation_config.json", "special_tokens_map.json", "LICENSE", WEIGHTS, INDEX)
"""Beside the shards. No template of its own, no vocabulary in another form, no code, no pickle."""
MAX_SMALL_BYTES = 64 << 20
"""Of anything but weights."""
CODE = ("auto_map", "custom_pipelines", "trust_remote_code", "quantization_config")
"""In a config: it wants code of its own, or is not the plain model."""

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


class RegistryFault(ValueError):
    """What is wrong with the file, and where."""


class _Strict(Shape):
    model_config = ConfigDict(extra="forbid", strict=True)


class AddedFile(_Strict):
    size: int = Field(ge=1, le=1 << 40)
    sha256: Sha256


class AddedModel(_Strict):
    """One entry of the file. Layers and modules follow from the config."""

    id: str = Field(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")
    source: str = Field(
        max_length=1000,
        pattern=r"^((hub|modelscope):[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*|file:/[^\x00]+)$",
    )
    revision: str = Field(default="", pattern="^([0-9a-f]{40})?$")
    """The commit, not the name of a branch. A folder has none: the digest of its weights stands for it."""
    files: dict[str, AddedFile] = Field(max_length=1024)
    config: dict[str, Any]
    """What config.json says about how it computes."""
    context: int = Field(ge=64, le=131_072)
    max_rank: Literal[8, 16, 32, 64, 128, 256]
    """Those that the engine can be started with."""
    template: str = Field(max_length=4000)
    system_template: str = Field(max_length=4000)
    stop: str = Field(min_length=1, max_length=100)
    bos: bool
    frame: str = Field(min_length=1, max_length=100)
    turn_end: str = Field(default="\n\n", max_length=100)
    licence: str = Field(min_length=1, max_length=200)
    licence_url: str = Field(max_length=500, pattern=r"^https://\S+$")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self._check_files()
        if bool(self.revision) == self.source.startswith("file:"):
            raise ValueError("revision: a hub needs the commit in full, a folder has none")
        for name, wanted in (("template", ["{prompt}"]), ("system_template", ["{system}", "{prompt}"])):
            if sorted(re.findall(r"\{(?:prompt|system)\}", getattr(self, name))) != sorted(wanted):
                raise ValueError(f"{name}: must hold {' and '.join(wanted)}, once")
        longest = self.config.get("max_position_embeddings")
        if not isinstance(longest, int) or self.context > longest:
            raise ValueError(f"context: the config's max_position_embeddings is {longest}")
        if code := [name for name in CODE if self.config.get(name)]:
            raise ValueError(f"config: {code[0]} is not taken")
        read_tensors(self.config)
        return self

    def _check_files(self) -> None:
        shards = [found for name in self.files if (found := SHARD.fullmatch(name))]
        if strangers := sorted(self.files.keys() - {*TAKEN, *(found[0] for found in shards)}):
            raise ValueError(
                f"files: {strangers[0][:80]!r} is not a file that is taken; those are {', '.join(TAKEN)} and shards"
            )
        if missing := [name for name in NEEDED if name not in self.files]:
            raise ValueError(f"files: {missing[0]} is missing")
        whole = {
            f"model-{number:05d}-of-{len(shards):05d}.safetensors" for number in range(1, len(shards) + 1)
        }
        if (
            {found[0] for found in shards} != whole
            or bool(shards) == (WEIGHTS in self.files)
            or bool(shards) != (INDEX in self.files)
        ):
            raise ValueError(f"files: either {WEIGHTS}, or {INDEX} and all of its shards")
        for name, file in self.files.items():
            if not name.endswith(".safetensors") and file.size > MAX_SMALL_BYTES:
                raise ValueError(f"files.{name}: larger than {MAX_SMALL_BYTES} bytes")

    @property
    def layers(self) -> Layers:
        return read_layers(self.config)

    def model(self) -> BaseModel:
        said = self.model_dump(exclude={"files", "revision"})
        digest = weights_digest({name: file.sha256 for name, file in self.files.items()})
        return BaseModel(
            **said,
            revision=self.revision or digest,
            files={name: PinnedFile(file.size, file.sha256) for name, file in self.files.items()},
            layers=self.layers.layers,
            modules=self.layers.modules,
        )


_FILE = TypeAdapter(list[AddedModel])


def read_added(path: str | Path, taken: Collection[str] = ()) -> dict[str, BaseModel]:
    """The models of the file, a JSON list, by id. `taken`: ids that are others' already. Raises RegistryFault."""
    place = Path(path)
    if not place.is_absolute():
        raise RegistryFault(f"{place} must be a whole path, from / on: processes start in different folders")
    try:
        with place.open("rb") as file:
            body = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise RegistryFault(f"{place} cannot be read: {error.strerror}") from error
    if len(body) > MAX_FILE_BYTES:
        raise RegistryFault(f"{place} is larger than {MAX_FILE_BYTES} bytes")
    try:
        entries = _FILE.validate_json(body)
    except ValidationError as error:
        raise RegistryFault(f"{place}: {complaint(error)}") from error
    found: dict[str, BaseModel] = {}
    for entry in entries:
        if entry.id in taken or entry.id in found:
            raise RegistryFault(f"{place}: there is another base model {entry.id}; take another id")
        found[entry.id] = entry.model()
    return found


def complaint(error: ValidationError) -> str:
    """The first thing that is wrong, and where."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    what = f"{problem['msg'].removeprefix('Value error, ')}{more}"
    return f"{where}: {what}" if where else what
