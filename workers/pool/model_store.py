"""The prepared base model on disk: its manifest, whether it is whole, who uses it.

The node agent checks a prepared model with this module and never imports torch; `preparing` writes what it reads.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from arena.shows.base_models import BaseModel, weights_digest

MANIFEST = "gavel-manifest.json"
HOMES = ("engine/models", "models")
"""Below the data directory: where `gavel up` keeps its engine's, and where `gavel engine` and the lab keep theirs."""
SPARE_BYTES = 64 << 20
"""Beside a model, so that the disk is not full to the brim."""

Progress = Callable[[int, int, str], None]
"""(how much is done, of how much, what is being done now)"""


class PrepareError(Exception):
    """Why the model could not be prepared and what to do about it; `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ModelDamaged(Exception):
    """The directory is not a whole prepared model; the message names the file and what is wrong with it."""


class ModelInUse(Exception):
    """A process of this machine serves it."""


@dataclass(frozen=True)
class Manifest:
    base_model: str
    source: str
    source_sha256: str
    built_with: Mapping[str, str]
    files: Mapping[str, tuple[int, str]]
    """File name -> (size in bytes, sha256 hex)."""

    @property
    def base_digest(self) -> str:
        """Hex, of the weights: what a provenance record calls the base model."""
        return weights_digest({name: digest for name, (_, digest) in self.files.items()})

    @property
    def bytes(self) -> int:
        return sum(size for size, _ in self.files.values())

    def is_of(self, base: BaseModel) -> bool:
        """Whether it is what the registry says now, to the byte where that is pinned."""
        pinned = {name: (file.size, file.sha256) for name, file in base.files.items()}
        return (self.base_model, self.source) == (
            base.id,
            base.source,
        ) and pinned.items() <= self.files.items()

    def to_json(self) -> dict[str, Any]:
        files = {
            name: {"size": size, "sha256": digest} for name, (size, digest) in sorted(self.files.items())
        }
        return {
            "base_model": self.base_model,
            "source": self.source,
            "source_sha256": self.source_sha256,
            "built_with": dict(self.built_with),
            "files": files,
        }


def sha256_file(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_manifest(
    directory: Path, base_model: str, source: str, source_sha256: str, built_with: Mapping[str, str]
) -> Manifest:
    """Hash every file in `directory` and write the manifest beside them (last, so that its presence means done)."""
    files = {
        path.name: (path.stat().st_size, sha256_file(path))
        for path in sorted(directory.iterdir())
        if path.is_file() and path.name != MANIFEST
    }
    manifest = Manifest(base_model, source, source_sha256, dict(built_with), files)
    (directory / MANIFEST).write_text(json.dumps(manifest.to_json(), indent=2, sort_keys=True) + "\n")
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """Raises ModelDamaged when there is no manifest or it cannot be read."""
    path = directory / MANIFEST
    try:
        raw = json.loads(path.read_text())
        files = {
            str(name): (int(entry["size"]), str(entry["sha256"])) for name, entry in raw["files"].items()
        }
        manifest = Manifest(
            raw["base_model"], raw["source"], raw["source_sha256"], dict(raw["built_with"]), files
        )
    except FileNotFoundError:
        raise ModelDamaged(f"{path} is missing") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelDamaged(f"{path} cannot be read: {error!r}") from error
    try:
        weights_digest({name: digest for name, (_, digest) in files.items()})
    except ValueError as error:
        raise ModelDamaged(f"{path} lists no weights: {error}") from error
    return manifest


def check_model(directory: Path, full: bool = False) -> Manifest:
    """The manifest, once every listed file is there with its size (and, when `full`, its sha256).

    Sizes alone catch a cut-short copy in microseconds; `full` reads everything (about 0.6 GB for the house model).
    Raises ModelDamaged with the first file that differs.
    """
    manifest = read_manifest(directory)
    for name, (size, digest) in manifest.files.items():
        path = directory / name
        if not path.is_file():
            raise ModelDamaged(f"{path} is missing")
        if path.stat().st_size != size:
            raise ModelDamaged(f"{path} has {path.stat().st_size} bytes, the manifest says {size}")
        if full and sha256_file(path) != digest:
            raise ModelDamaged(f"{path} has changed since it was prepared (sha256 differs)")
    return manifest


def require_space(parent: Path, needed: int) -> None:
    """Raises PrepareError unless so many bytes are free there."""
    free = shutil.disk_usage(parent).free
    if free < needed:
        raise PrepareError(
            "disk_full",
            f"preparing the model needs {-(-needed >> 20)} MiB in {parent} and {free >> 20} MiB are free: "
            "make room (gavel models evict) or choose another --data-dir",
        )


def licence_note(base: BaseModel) -> str:
    return (
        f"{base.id} is provided under and subject to the {base.licence} found at {base.licence_url}. "
        "By preparing and using it you accept those terms, with whatever uses they prohibit."
    )


def hold(directory: Path) -> BinaryIO:
    """Say that this process uses the model, until what is returned is closed or the process ends. Also says when: the
    time of the manifest is that of the last use."""
    held = (directory / MANIFEST).open("rb")
    fcntl.flock(held, fcntl.LOCK_SH)
    with suppress(OSError):  # a folder that is only lent to us keeps its time
        os.utime(directory / MANIFEST)
    return held


def evict(directory: Path, force: bool = False) -> int:
    """Remove a model, whole or damaged, and return how many bytes that frees. Raises ModelInUse unless `force`,
    OSError."""
    gone = draft_of(directory)
    with ExitStack() as held:
        with suppress(FileNotFoundError):
            mine = held.enter_context((directory / MANIFEST).open("rb"))
            try:
                fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not force:
                    raise ModelInUse(f"a process of this machine uses {directory}; stop it first") from None
        shutil.rmtree(gone, ignore_errors=True)
        directory.rename(gone)  # in one step: nobody finds half a model
    size = folder_bytes(gone)
    shutil.rmtree(gone)
    return size


def draft_of(directory: Path) -> Path:
    """Where a model is made, or lies before it is gone."""
    return directory.with_name(f".{directory.name}.partial")


def folder_bytes(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.iterdir() if path.is_file())
